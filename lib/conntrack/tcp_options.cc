// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_options.h"

#include "base/big_endian.h"
#include "base/serial.h"
#include "net/header_options.h"

#include <cstring>

namespace sluice::conntrack {
namespace {

/// RFC 9293 §3.2, RFC 7323, RFC 2018: kinds, and the whole length of those that have a fixed one.
constexpr uint8_t kNoOperation = 1;
constexpr uint8_t kWindowScale = 3;
constexpr uint8_t kWindowScaleBytes = 3;
constexpr uint8_t kSackPermitted = 4;
constexpr uint8_t kSackPermittedBytes = 2;
constexpr uint8_t kSack = 5;
constexpr uint8_t kTimestamp = 8;
constexpr uint8_t kTimestampBytes = 10;

constexpr size_t kHeadBytes = net::HeaderOptions<const uint8_t>::kHeadBytes;
constexpr size_t kBlockBytes = 8;

uint32_t load32(const uint8_t* from) {
    uint32_t raw;
    std::memcpy(&raw, from, sizeof raw);
    return Be32{raw}.host();
}

/// How nearly every data segment looks: RFC 7323, appendix A.
bool is_timestamp_alone(std::span<const uint8_t> options) {
    constexpr uint8_t kUsual[] = {kNoOperation, kNoOperation, kTimestamp, kTimestampBytes};
    return options.size() == sizeof kUsual + kTimestampBytes - kHeadBytes &&
           std::memcmp(options.data(), kUsual, sizeof kUsual) == 0;
}

/// `option` is whole, with its kind and length.
void read_option(std::span<const uint8_t> option, TcpOptions& result) {
    const uint8_t kind = option[0];
    if (kind == kWindowScale && option.size() == kWindowScaleBytes) {
        result.window_scale_offered = true;
        result.window_scale = option[2];
    } else if (kind == kSackPermitted && option.size() == kSackPermittedBytes) {
        result.sack_permitted = true;
    } else if (kind == kSack && option.size() > kHeadBytes &&
               (option.size() - kHeadBytes) % kBlockBytes == 0) {
        for (size_t block = kHeadBytes; block < option.size(); block += kBlockBytes) {
            const uint32_t right = load32(&option[block + sizeof(uint32_t)]);
            if (is_after(right, result.sack_edge))
                result.sack_edge = right;
        }
    }
}

}  // namespace

TcpOptions parse_present_options(std::span<const uint8_t> options, uint32_t ack) {
    TcpOptions result;
    result.are_present = true;
    result.sack_edge = ack;
    if (is_timestamp_alone(options))
        return result;
    net::HeaderOptions all(options);
    for (auto option = all.next(); !option.empty(); option = all.next())
        read_option(option, result);
    return result;
}

}  // namespace sluice::conntrack
