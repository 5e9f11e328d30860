// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/nptv6.h"

#include <algorithm>
#include <cstddef>

namespace sluice::nat64 {

using net::Ipv6Address;
using net::Ipv6Prefix;

namespace {

constexpr uint8_t kShort = 48;      // of prefixes that leave bits 48 to 63 to be adjusted
constexpr size_t kSubnetWord = 3;   // these bits
constexpr size_t kFirstIdWord = 4;  // of the interface identifier
constexpr size_t kWords = 8;
constexpr uint16_t kAllOnes = 0xffff;  // the other zero of one's complement arithmetic

uint16_t word_of(const Ipv6Address& address, size_t word) {
    return static_cast<uint16_t>(address.bytes[2 * word] << 8 | address.bytes[2 * word + 1]);
}

void set_word(Ipv6Address& address, size_t word, uint16_t value) {
    address.bytes[2 * word] = static_cast<uint8_t>(value >> 8);
    address.bytes[2 * word + 1] = static_cast<uint8_t>(value);
}

uint16_t added(uint16_t one, uint16_t other) {
    const uint32_t sum = uint32_t{one} + other;
    return static_cast<uint16_t>((sum & kAllOnes) + (sum >> 16));
}

uint16_t sum_of(const Ipv6Address& address) {
    uint16_t sum = 0;
    for (size_t word = 0; word < kWords; ++word)
        sum = added(sum, word_of(address, word));
    return sum;
}

/// What is to be added where `from` becomes `to`.
uint16_t adjustment(const Ipv6Prefix& from, const Ipv6Prefix& to) {
    return added(sum_of(from.address), static_cast<uint16_t>(~sum_of(to.address)));
}

/// The word that is adjusted (§3.4, §3.5); kWords where none may be.
size_t word_to_adjust(const Ipv6Address& address, uint8_t length) {
    if (length <= kShort)
        return word_of(address, kSubnetWord) == kAllOnes ? kWords : kSubnetWord;
    size_t word = kFirstIdWord;
    while (word < kWords && word_of(address, word) == kAllOnes)
        ++word;
    return word;
}

/// An interface identifier that nobody may have been given (§3.7).
bool has_no_id(const Ipv6Address& address, uint8_t length) {
    return length > kShort && address.low() == 0;
}

std::optional<Ipv6Address> map(const Ipv6Address& address, const Ipv6Prefix& from,
                               const Ipv6Prefix& to, uint16_t adjustment) {
    if (!from.contains(address) || has_no_id(address, from.length))
        return std::nullopt;
    const size_t word = word_to_adjust(address, from.length);
    if (word == kWords)
        return std::nullopt;
    const Ipv6Address host_bits = Ipv6Address::of_words(address.high() ^ from.address.high(),
                                                        address.low() ^ from.address.low());
    Ipv6Address mapped = Ipv6Address::of_words(to.address.high() | host_bits.high(),
                                               to.address.low() | host_bits.low());
    const uint16_t adjusted = added(word_of(address, word), adjustment);
    set_word(mapped, word, adjusted == kAllOnes ? uint16_t{0} : adjusted);
    // What becomes such an address could not come back.
    return has_no_id(mapped, to.length) ? std::nullopt : std::optional(mapped);
}

}  // namespace

std::optional<PrefixPair> PrefixPair::of(Ipv6Prefix inside, Ipv6Prefix outside) {
    inside.length = outside.length = std::max(inside.length, outside.length);
    if (inside.length > kLongest)
        return std::nullopt;
    return PrefixPair(inside, outside);
}

PrefixPair::PrefixPair(const Ipv6Prefix& inside, const Ipv6Prefix& outside)
    : inside_(inside),
      outside_(outside),
      outward_(adjustment(inside, outside)),
      inward_(adjustment(outside, inside)) {}

std::optional<Ipv6Address> PrefixPair::outward(const Ipv6Address& address) const {
    return map(address, inside_, outside_, outward_);
}

std::optional<Ipv6Address> PrefixPair::inward(const Ipv6Address& address) const {
    return map(address, outside_, inside_, inward_);
}

std::string to_string(const PrefixPair& pair) {
    return net::to_string(pair.inside()) + " -> " + net::to_string(pair.outside());
}

const PrefixPair* Nptv6::of_inside(const Ipv6Address& address) const {
    const auto found = std::ranges::find_if(
        pairs_, [&](const PrefixPair& pair) { return pair.inside().contains(address); });
    return found == pairs_.end() ? nullptr : &*found;
}

const PrefixPair* Nptv6::of_outside(const Ipv6Address& address) const {
    const auto found = std::ranges::find_if(
        pairs_, [&](const PrefixPair& pair) { return pair.outside().contains(address); });
    return found == pairs_.end() ? nullptr : &*found;
}

}  // namespace sluice::nat64
