// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Addresses: which IPv4 address stands for an IPv6 one inside the gateway, and back.
///
/// Shape    IPv4 hosts are what they are, behind the prefix. The gateway's own addresses and the
///          IPv6 hosts have numbers in a network of their own, which nothing on a wire may use; so
///          have, in another one, IPv6 hosts outside to which some of them talk (--route6).
/// Threads  Immutable but for the numbers (nat64/numbers.h), which nobody who only asks changes.
/// Errors   Nothing for what stands for nothing.
/// Source   RFC 6052; RFC 6146 §3.5 (sources behind the prefix are refused).

#include "nat64/embedding.h"
#include "nat64/numbers.h"
#include "net/prefix.h"
#include "net/side.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::nat64 {

/// The gateway's end of the link outside, by which IPv6 leaves that stays IPv6.
struct OutsideEnd {
    net::Ipv6Prefix own;
    net::Ipv6Address link_local;
    net::Ipv6Address gateway;  ///< The next hop of all that leaves there.
};

/// IPv6 hosts outside that inside hosts talk to with their own addresses.
struct PeerParams {
    std::vector<net::Ipv6Prefix> hosts;  ///< Of these inside hosts.
    net::Prefix network;                 ///< That the numbers of peers are of.
    Numbers* numbers = nullptr;          ///< Theirs; outlives the addresses.
};

/// Of peers' numbers: any router outside that tells of a packet, whose address goes beside the
/// packet (nat64/kept.h).
inline constexpr uint32_t kRouterNumber = 1;
/// Likewise: whoever has none, for who asks what would become of a packet to him.
inline constexpr uint32_t kStrangerNumber = 2;

/// Of no global meaning, so that the well-known prefix must not stand before it (RFC 6052 §3.1).
inline constexpr std::array kPrivateNetworks = {
    net::Prefix{Be32::from_host(0x0a000000), 8}, net::Prefix{Be32::from_host(0x64400000), 10},
    net::Prefix{Be32::from_host(0xa9fe0000), 16}, net::Prefix{Be32::from_host(0xac100000), 12},
    net::Prefix{Be32::from_host(0xc0a80000), 16}};
bool is_private(Be32 address);

struct AddressParams {
    std::optional<Embedding> embedding;  ///< Nothing: no IPv4 host is reached.
    net::Ipv6Prefix own;          ///< The gateway's own address, and the subnet of the hosts.
    net::Ipv6Address link_local;  ///< Its other own address there.
    net::Prefix numbers;          ///< The network that numbers are of.
    std::vector<net::Ipv6Prefix> routed = {};  ///< Of hosts that send by other routers.
    std::optional<OutsideEnd> outside = {};
    std::optional<PeerParams> peers = {};
};

/// Whether who has sent something gets a number, or it is only asked which one that would be.
enum class Giving : uint8_t { Gives, Asks };

/// A host's that may be beyond this link.
bool is_global(const net::Ipv6Address& address);

class Addresses {
public:
    /// `numbers` outlives this object.
    Addresses(const AddressParams& params, Numbers& numbers, Giving giving = Giving::Gives)
        : params_(params), numbers_(numbers), giving_(giving) {}

    /// Of whom something inside comes, who gets a number now; nothing where none is to be had.
    std::optional<Be32> source(const net::Ipv6Address& host, Tick now) const;
    /// A host that may send: on the subnet, behind a router there, or by its link-local address to
    /// the gateway itself.
    bool may_send(const net::Ipv6Address& source, const net::Ipv6Address& destination) const;
    /// Where a packet from inside may go: to an IPv4 host, or to the gateway.
    std::optional<Be32> destination(const net::Ipv6Address& address) const;
    /// On the subnet inside, or behind a router there.
    bool is_inside(const net::Ipv6Address& address) const;

    // Of addresses that are known already.
    /// Of a host that has a number.
    std::optional<Be32> host(const net::Ipv6Address& address) const;
    std::optional<Be32> to_ipv4(const net::Ipv6Address& address) const;
    std::optional<net::Ipv6Address> to_ipv6(Be32 address) const;
    /// Likewise, for who is told of a packet of that time, or of the last one (Numbers::holder()).
    std::optional<net::Ipv6Address> told(Be32 address, std::optional<Tick> when) const;

    /// Calls visit(address inside, host) for each that has a number.
    template <typename Visit>
    void for_each_host(Visit visit) const {
        numbers_.for_each([&](uint32_t number, const net::Ipv6Address& host) {
            visit(in_network(number), host);
        });
    }

    Be32 of_number(uint32_t number) const { return in_network(number); }

    /// A number and no address that stands on a wire.
    bool is_number(Be32 address) const {
        return params_.numbers.contains(address) || is_peer(address);
    }

    // Of hosts inside that talk to IPv6 hosts outside, and of these, which are their peers.
    bool is_routed(const net::Ipv6Address& host) const;
    bool is_peer(Be32 address) const {
        return params_.peers && params_.peers->network.contains(address);
    }
    bool is_router(Be32 address) const { return params_.peers && address == router(); }
    Be32 router() const { return of_peers(kRouterNumber); }
    /// Of a peer that has a number; and of one that gets one now, where one is to be had.
    std::optional<Be32> peer(const net::Ipv6Address& address) const;
    std::optional<Be32> peer(const net::Ipv6Address& address, Tick now) const;
    /// A host may have it whom inside hosts talk to: outside, and not by the gateway's own
    /// prefixes.
    bool may_be_peer(const net::Ipv6Address& address) const;

    // Of the gateway's ends of the two links; outside there need be none.
    bool is_own(const net::Ipv6Address& address, net::Side side = net::Side::Inside) const;
    const net::Ipv6Address& link_local(net::Side side) const {
        return side == net::Side::Inside ? params_.link_local : params_.outside->link_local;
    }
    Be32 own_number(net::Side side) const {
        return in_network(side == net::Side::Inside ? kOwnNumber : kOutsideOwn);
    }
    /// Of whom something may be sent to there, or of the gateway itself.
    std::optional<Be32> neighbour(const net::Ipv6Address& address, net::Side side) const;
    Be32 outside_gateway() const { return in_network(kOutsideGateway); }

    const AddressParams& params() const { return params_; }
    const Numbers& numbers() const { return numbers_; }

private:
    Be32 in_network(uint32_t number) const {
        return Be32::from_host(params_.numbers.network().address.host() | number);
    }
    Be32 of_peers(uint32_t number) const {
        return Be32::from_host(params_.peers->network.network().address.host() | number);
    }
    uint32_t number_of_peer(Be32 address) const {
        return address.host() & ~params_.peers->network.mask();
    }
    std::optional<Be32> of_gateway(const net::Ipv6Address& address) const;
    bool is_of_outside(uint32_t number) const {
        return params_.outside && number >= kOutsideOwn && number <= kOutsideGateway;
    }

    AddressParams params_;
    Numbers& numbers_;
    Giving giving_;
};

}  // namespace sluice::nat64
