// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_collector.h"

#include "net/text.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

std::optional<Be16> parse_port(std::string_view text) {
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0)
        return std::nullopt;
    return Be16::from_host(port);
}

/// One of the addresses that a single machine can have.
bool is_of_one_host(Be32 address) {
    constexpr uint32_t kMulticast = 0xe0000000;
    return address.raw != 0 && address.host() < kMulticast;
}

}  // namespace

Result<Collector> read_collector(const Given& given) {
    const Result<std::string> word = read_word(given);
    if (!word)
        return word.error();
    const std::string_view text = *word;
    const bool is_tcp = text.starts_with("tcp:");
    if (!is_tcp && !text.starts_with("udp:"))
        return wrong(given.flag, *word, "udp: or tcp: is wanted, as in udp:192.0.2.5:4739");
    const std::string_view place = text.substr(4);
    const size_t colon = place.rfind(':');
    const auto address = net::parse_address(place.substr(0, colon));
    if (!address || !is_of_one_host(*address))
        return wrong(given.flag, *word,
                     "the collector's IPv4 address is wanted, in digits (names are not looked "
                     "up), as in udp:192.0.2.5:4739");
    const auto port =
        colon == std::string_view::npos ? std::nullopt : parse_port(place.substr(colon + 1));
    if (!port)
        return wrong(given.flag, *word,
                     "a port from 1 to 65535 is wanted at the end, as in udp:192.0.2.5:4739");
    return Collector{is_tcp, *address, *port};
}

}  // namespace sluice::config
