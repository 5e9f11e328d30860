// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// NPTv6: which address an inside one is outside, and back, by their prefixes alone.
///
/// Shape    Each pair of prefixes maps addresses one to one. What the prefixes differ by, as a sum
///          of words, is taken from one other word, so that checksums hold that cover an address.
/// Threads  Immutable.
/// Errors   Nothing for what no pair has, and for what RFC 6296 lets nobody map: where the word is
///          0xFFFF, and, of prefixes longer than 48 bits, interface identifiers of zeros alone.
/// Cost     Each pair is compared with; then a few additions.
/// Source   RFC 6296 §3.1 to §3.5 and §3.7; RFC 1071 §2 (one's complement sums).

#include "net/ipv6.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::nat64 {

class PrefixPair {
public:
    static constexpr uint8_t kLongest = 64;

    /// Neither has host bits. The shorter one is extended with zeros to the length of the other
    /// (§3.1), which is at most kLongest; else nothing.
    static std::optional<PrefixPair> of(net::Ipv6Prefix inside, net::Ipv6Prefix outside);

    const net::Ipv6Prefix& inside() const { return inside_; }
    const net::Ipv6Prefix& outside() const { return outside_; }

    /// Of an address inside; whatever is mapped so maps back to it.
    std::optional<net::Ipv6Address> outward(const net::Ipv6Address& address) const;
    /// Of an address outside, likewise.
    std::optional<net::Ipv6Address> inward(const net::Ipv6Address& address) const;

    bool operator==(const PrefixPair&) const = default;

private:
    PrefixPair(const net::Ipv6Prefix& inside, const net::Ipv6Prefix& outside);

    net::Ipv6Prefix inside_;
    net::Ipv6Prefix outside_;
    uint16_t outward_ = 0;  // what is added to the word
    uint16_t inward_ = 0;
};

/// "fd00:1::/48 -> 2001:db8:7::/48", with both lengths the same.
std::string to_string(const PrefixPair& pair);

/// All pairs; no inside prefix overlaps another, nor does an outside one.
class Nptv6 {
public:
    Nptv6() = default;
    explicit Nptv6(std::vector<PrefixPair> pairs) : pairs_(std::move(pairs)) {}

    bool is_on() const { return !pairs_.empty(); }
    /// The pair that an address is of, on that side; null for none.
    const PrefixPair* of_inside(const net::Ipv6Address& address) const;
    const PrefixPair* of_outside(const net::Ipv6Address& address) const;

private:
    std::vector<PrefixPair> pairs_;
};

}  // namespace sluice::nat64
