// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Number plan: which numbers are for which IPv6 hosts, so that what is said of IPv6 prefixes and
/// hosts can be said of IPv4 ones.
///
/// Shape    The network of numbers is cut: each prefix that the configuration names has a network
///          of its own there, and a prefix within it one within that. A host's number is in that
///          of the longest prefix around it. Of each such network the first kFirstNumber numbers
///          are for hosts that are named.
/// Threads  Immutable.
/// Errors   of() says in words what does not fit.
/// Cost     share_of() compares with each prefix, longest first.

#include "base/big_endian.h"
#include "base/result.h"
#include "net/ipv6.h"
#include "net/prefix.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::nat64 {

inline constexpr unsigned kLeastNumberBits = 8;
inline constexpr unsigned kMostNumberBits = 20;

// Of the gateway's own addresses.
inline constexpr uint32_t kOwnNumber = 1;
inline constexpr uint32_t kLinkLocalNumber = 2;
/// Of the first host that is named, in each share.
inline constexpr uint32_t kFirstNamed = 3;
/// Below this number none is given to a host that is not named, in each share.
inline constexpr uint32_t kFirstNumber = 16;
inline constexpr size_t kMostNamedHosts = kFirstNumber - kFirstNamed;

// Where IPv6 leaves outside too, the last of these numbers are no host's: they are the gateway's
// own addresses there, and its next hop.
inline constexpr uint32_t kOutsideOwn = 13;
inline constexpr uint32_t kOutsideLinkLocal = 14;
inline constexpr uint32_t kOutsideGateway = 15;
/// Hosts that can be named then.
inline constexpr size_t kMostNamedBeside = kOutsideOwn - kFirstNamed;

inline constexpr size_t kMostNamedPrefixes = 63;
/// A prefix has no fewer numbers.
inline constexpr uint32_t kLeastShare = 256;

class NumberPlan {
public:
    /// The numbers of a prefix: `all` from `first` on. Of these the first `own` are for its hosts,
    /// and the others for those of prefixes within it.
    struct Share {
        net::Ipv6Prefix prefix;
        uint32_t first = 0;
        uint32_t all = 0;
        uint32_t own = 0;

        constexpr bool operator==(const Share&) const = default;
    };

    /// A network whose numbers are for whoever comes. It has kLeastNumberBits to kMostNumberBits
    /// for hosts.
    explicit NumberPlan(const net::Prefix& network) : NumberPlan(network, {}, {}) {}
    /// What is named twice counts once. Prefixes have no host bits.
    static Result<NumberPlan> of(const net::Prefix& network,
                                 std::span<const net::Ipv6Prefix> prefixes,
                                 std::span<const net::Ipv6Address> hosts);

    const net::Prefix& network() const { return network_; }
    uint32_t capacity() const { return shares_.back().all; }
    /// Longest prefix first; the last is everybody's.
    std::span<const Share> shares() const { return shares_; }
    const Share& share_of(const net::Ipv6Address& host) const;
    /// Of a host that is named.
    std::optional<uint32_t> number_of(const net::Ipv6Address& host) const;
    std::optional<net::Ipv6Address> named(uint32_t number) const;

    /// The network that stands for a prefix, or the number for a host; nothing where it is not
    /// named.
    std::optional<net::Prefix> stands_for(const net::Ipv6Prefix& prefix) const;
    std::optional<Be32> stands_for(const net::Ipv6Address& host) const;

    /// Two plans of one fingerprint give the same hosts the same numbers.
    uint64_t fingerprint() const;

    bool operator==(const NumberPlan&) const = default;

private:
    NumberPlan(const net::Prefix& network, std::vector<net::Ipv6Prefix> prefixes,
               std::vector<net::Ipv6Address> hosts);
    void cut(size_t share);
    void number_hosts();

    net::Prefix network_;
    std::vector<Share> shares_;
    std::vector<net::Ipv6Address> hosts_;
    std::vector<uint32_t> numbers_;  // theirs, in their order
};

}  // namespace sluice::nat64
