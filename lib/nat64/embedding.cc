// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/embedding.h"

#include <algorithm>
#include <array>
#include <bit>

namespace sluice::nat64 {
namespace {

constexpr size_t kUniversal = 8;  // the byte that stays zero
constexpr std::array kLengths = {32, 40, 48, 56, 64, 96};
constexpr unsigned kWhole = 96;  // behind it the address stands in one piece, as mostly

/// Calls visit(place in the IPv6 address, byte of the IPv4 address) for each of the four.
template <typename Visit>
void for_each_byte(unsigned prefix_length, Visit visit) {
    size_t place = prefix_length / 8;
    for (size_t byte = 0; byte < 4; ++byte, ++place) {
        if (place == kUniversal)
            ++place;
        visit(place, byte);
    }
}

}  // namespace

std::optional<Embedding> Embedding::of(const net::Ipv6Prefix& prefix) {
    if (std::ranges::find(kLengths, prefix.length) == kLengths.end() ||
        prefix.network() != prefix || prefix.address.bytes[kUniversal] != 0)
        return std::nullopt;
    return Embedding(prefix);
}

net::Ipv6Address Embedding::to_ipv6(Be32 address) const {
    if (prefix_.length == kWhole)
        return net::Ipv6Address::of_words(prefix_.address.high(),
                                          prefix_.address.low() | address.host());
    const auto bytes = std::bit_cast<std::array<uint8_t, 4>>(address);
    net::Ipv6Address result = prefix_.address;
    for_each_byte(prefix_.length,
                  [&](size_t place, size_t byte) { result.bytes[place] = bytes[byte]; });
    return result;
}

std::optional<Be32> Embedding::to_ipv4(const net::Ipv6Address& address) const {
    if (!prefix_.contains(address) || address.bytes[kUniversal] != 0)
        return std::nullopt;
    if (prefix_.length == kWhole)
        return Be32::from_host(static_cast<uint32_t>(address.low()));
    std::array<uint8_t, 4> bytes{};
    for_each_byte(prefix_.length,
                  [&](size_t place, size_t byte) { bytes[byte] = address.bytes[place]; });
    return std::bit_cast<Be32>(bytes);
}

bool Embedding::is_well_known() const {
    return prefix_ == net::Ipv6Prefix{net::Ipv6Address::of_words(0x0064ff9bull << 32, 0), 96};
}

}  // namespace sluice::nat64
