// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads the words behind one flag as what the flag stands for.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// What an operator wrote behind a flag, or behind the key of the same name in a file.
struct Given {
    std::string_view flag;
    const std::vector<std::string>& words;  ///< Never empty.
};

inline constexpr std::string_view kZoneKey = ",zone=";          ///< Behind an inside port.
inline constexpr std::string_view kTwinKey = ",twin=";          ///< Behind any.
inline constexpr std::string_view kTimeoutPrefix = "timeout-";  ///< Behind it, whose.

struct NumberRange {
    uint32_t lowest;
    uint32_t highest;
};

/// "--flag value: why".
Error wrong(std::string_view flag, std::string_view value, std::string_view why);

/// All words as one list: commas and blanks both part items, because a configuration file may write
/// a list either way.
std::vector<std::string> items_of(const Given& given);

/// As they were written, one blank between two.
std::string joined(std::span<const std::string> words);

/// The only word; an error where there are more.
Result<std::string> read_word(const Given& given);

Result<uint32_t> read_number(const Given& given, NumberRange range);
/// A power of two from 16 to 32768, or 0: ports in a block.
Result<uint16_t> read_block_size(const Given& given);
/// A power of two that a descriptor ring may have.
Result<uint32_t> read_ring_size(const Given& given);
/// Bytes in hexadecimal, with or without colons between them.
Result<std::vector<uint8_t>> read_key(const Given& given);
/// Whole seconds, 1 to 20 days.
Result<Duration> read_seconds(const Given& given);
/// Whole seconds of a day at most, or none.
Result<Duration> read_interval(const Given& given);
/// "0" or "1", "false" or "true".
Result<bool> read_switch(const Given& given);
/// CPUs as 1,3,5-7, in the order written.
Result<std::vector<unsigned>> read_cpus(const Given& given);

/// 1 to 65535, and nothing else.
std::optional<Be16> parse_transport_port(std::string_view text);
/// Where a gateway listens to another: an address of one host, and a port.
std::optional<net::Endpoint> parse_gateway_endpoint(std::string_view text);
Result<Be32> read_address(const Given& given);
/// An interface's address with the length of its subnet: host bits may be set.
Result<net::Prefix> read_interface_address(const Given& given);
/// Networks: no host bit may be set.
Result<std::vector<net::Prefix>> read_networks(const Given& given);
Result<std::vector<AddressRange>> read_ranges(const Given& given);
/// One network, of the words of `flag`.
Result<net::Prefix> read_network(std::string_view flag, const std::string& text);
/// Likewise of IPv6 hosts.
Result<net::Ipv6Prefix> read_ipv6_network(std::string_view flag, const std::string& text);
/// An address or a prefix of IPv6, or meant to be one.
inline bool is_ipv6(std::string_view text) {
    return text.find(':') != std::string_view::npos;
}
/// The zone of "zone N" at the front of `words`, which is taken off them; nothing where it does not
/// stand there.
Result<std::optional<uint16_t>> take_zone(std::string_view flag,
                                          std::span<const std::string>& words);
/// " zone N", as it stands behind an inside address; nothing for zone 0.
std::string zone_text(uint16_t zone);
/// "PREFIX via ADDRESS [zone N]", any number of times, in any distribution over words.
Result<std::vector<StaticRoute>> read_routes(const Given& given);

}  // namespace sluice::config
