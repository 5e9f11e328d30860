// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Interfaces: where frames come and go, each a port with a VLAN tag or without.
///
/// Shape    A number of twelve bits stands for an interface, in next hops, routes and notes. From
///          port and tag to the number is one read of an array.
/// Threads  Immutable after construction.
/// Errors   create() refuses two interfaces of one port and tag.
/// Memory   8 KB for each port; some 50 bytes for each subnet.
/// Cost     What is asked of all of them is a binary search or two.

#include "base/big_endian.h"
#include "base/result.h"
#include "net/mac.h"
#include "net/prefix.h"
#include "net/regions.h"
#include "net/side.h"
#include "net/steps.h"
#include "net/zoned_steps.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::link {

using InterfaceId = uint16_t;
inline constexpr InterfaceId kNoInterface = 4095;
inline constexpr size_t kMostInterfaces = 4095;

using PortIndex = uint8_t;

/// An identifier of 802.1Q. Frames without a tag, and those that have one for its priority alone,
/// are of kUntagged.
using VlanId = uint16_t;
inline constexpr VlanId kUntagged = 0;
inline constexpr size_t kVlanCount = 4096;
/// No frame's on a wire: 802.1Q reserves it. It stands for the IPv6 side of a port, whose frames
/// are IPv4 between the port and its interface (nat64/edge.h).
inline constexpr VlanId kIpv6Side = 4095;

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
    /// The kernel's interface of this name stands for it, and has what is the gateway's own. Empty
    /// for none.
    std::string twin;

    bool is_own(Be32 address) const;
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
    /// The gateway's, as inside hosts of one zone see it: there, or on no inside interface.
    bool are_own(net::InsideAddress address) const { return own_.contain(address); }
    /// Of an interface that is not inside.
    bool are_own_outside(Be32 address) const { return own_.contain_outer(address); }
    /// On a subnet of an inside interface, of this zone or of any.
    bool is_inside(net::InsideAddress address) const {
        return inside_by_zone_.find(address) != net::kNone;
    }
    bool is_inside_somewhere(Be32 address) const {
        return inside_.find(address.host()) != net::kNone;
    }
    /// The broadcast address of a subnet that is seen from this zone, or of any. A /31 or /32 has
    /// none.
    bool is_broadcast(net::InsideAddress address) const { return broadcasts_.contain(address); }
    bool is_broadcast_somewhere(Be32 address) const {
        return broadcasts_.contain_somewhere(address);
    }
    /// False for most addresses: none of the above is true of such a one, and it is no martian.
    bool may_know(Be32 address) const { return regions_.may_contain(address); }
    size_t ports() const { return by_tag_.size(); }
    /// The first by which IPv4 hosts inside are reached; kNoInterface where none is.
    InterfaceId first_inside() const { return first_inside_; }

private:
    Interfaces() = default;

    /// Addresses of zones, and those that all zones see. Most questions are about none of them,
    /// which six bits of an address tell: the gateway's own and broadcasts end alike.
    class Addresses {
    public:
        void add(const Interface& interface, Be32 address);
        void sort();
        bool contain(net::InsideAddress address) const {
            return may_contain(address.address) && search_all(address);
        }
        bool contain_outer(Be32 address) const {
            return may_contain(address) && search(outer_, address);
        }
        bool contain_somewhere(Be32 address) const {
            return may_contain(address) && search(all_, address);
        }

    private:
        static uint64_t end_of(Be32 address) { return uint64_t{1} << (address.host() & 63); }
        /// By itself: may_contain() is the answer for most.
        [[gnu::noinline]] bool search_all(net::InsideAddress address) const {
            return search(outer_, address.address) || search(zoned_, address.bits());
        }
        bool may_contain(Be32 address) const { return (ends_ & end_of(address)) != 0; }
        template <typename Address>
        static bool search(const std::vector<Address>& sorted, Address address) {
            return std::binary_search(sorted.begin(), sorted.end(), address);
        }

        uint64_t ends_ = 0;
        std::vector<uint64_t> zoned_;
        std::vector<Be32> outer_;
        std::vector<Be32> all_;
    };

    void compile();

    std::vector<Interface> all_;
    Addresses own_;
    Addresses broadcasts_;
    net::Steps inside_;  // the subnets of all inside interfaces
    net::ZonedSteps inside_by_zone_;
    net::Regions regions_;                                     // of all subnets, and of martians
    std::vector<std::array<InterfaceId, kVlanCount>> by_tag_;  // [port]
    InterfaceId first_inside_ = kNoInterface;
};

}  // namespace sluice::link
