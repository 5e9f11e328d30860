// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Interfaces: where frames come and go, each a port with a VLAN tag or without.
///
/// Shape    A number of eight bits stands for an interface, in next hops, routes and notes. From
///          port and tag to the number is one read of an array.
/// Threads  Immutable after construction.
/// Errors   create() refuses two interfaces of one port and tag.
/// Memory   4 KB for each port.

#include "base/big_endian.h"
#include "base/result.h"
#include "net/mac.h"
#include "net/prefix.h"
#include "net/side.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::link {

using InterfaceId = uint8_t;
inline constexpr InterfaceId kNoInterface = 255;
inline constexpr size_t kMostInterfaces = 255;

using PortIndex = uint8_t;

/// An identifier of 802.1Q. Frames without a tag, and those that have one for its priority alone,
/// are of kUntagged.
using VlanId = uint16_t;
inline constexpr VlanId kUntagged = 0;
inline constexpr size_t kVlanCount = 4096;

/// What the NAT takes an interface's packets for.
enum class Realm : uint8_t {
    Inside,
    Outside,
    ByAddress,  ///< Either, as their addresses say.
};

constexpr Realm realm_of(net::Side side) {
    return side == net::Side::Inside ? Realm::Inside : Realm::Outside;
}

struct Interface {
    PortIndex port = 0;
    VlanId vlan = kUntagged;
    net::MacAddress mac{};
    uint16_t mtu = 1500;  ///< At the start, bytes of IP packet; Egress::exit() says what it is now.
    Realm realm = Realm::Inside;
    uint16_t zone = 0;  ///< Of an inside one (net/tuple.h).
    /// The gateway's own addresses here, with their subnets; one at least. Of two, inside hosts
    /// know the first, and those outside the last.
    std::vector<net::Prefix> own;
    std::vector<net::AddressRange> answered;  ///< Beside them: the public addresses.
    /// The kernel's interface of this name stands for it, and has what is the gateway's own. Empty
    /// for none.
    std::string twin;

    bool is_own(Be32 address) const;
    /// The gateway answers ARP for it here.
    bool answers_for(Be32 address) const;
    /// On a subnet of this interface.
    bool has_on_link(Be32 address) const { return subnet_of(address).has_value(); }
    /// The own address with the subnet that an address is on.
    std::optional<net::Prefix> subnet_of(Be32 address) const;
    /// The own address to speak to a neighbour as.
    Be32 source_toward(Be32 neighbour) const;
    /// The own address that hosts on this side of the NAT know.
    Be32 known_to(net::Side side) const {
        return side == net::Side::Inside ? own.front().address : own.back().address;
    }
    bool reaches(net::Side side) const {
        return realm == Realm::ByAddress || realm == realm_of(side);
    }
    /// Inside hosts of this zone know what is there: it is of theirs, or everybody's.
    bool is_seen_from(uint16_t other) const { return realm != Realm::Inside || zone == other; }
};

class Interfaces {
public:
    /// An interface's number is its position.
    static Result<Interfaces> create(std::vector<Interface> interfaces);

    size_t size() const { return all_.size(); }
    const Interface& operator[](InterfaceId id) const { return all_[id]; }
    auto begin() const { return all_.begin(); }
    auto end() const { return all_.end(); }

    /// kNoInterface where no interface takes such frames.
    InterfaceId find(PortIndex port, VlanId vlan) const {
        return by_tag_[port][vlan & (kVlanCount - 1)];
    }
    /// The gateway's, as inside hosts of one zone see it.
    bool are_own(net::InsideAddress address) const;
    size_t ports() const { return by_tag_.size(); }

private:
    Interfaces() = default;

    std::vector<Interface> all_;
    std::vector<std::array<InterfaceId, kVlanCount>> by_tag_;  // [port]
};

}  // namespace sluice::link
