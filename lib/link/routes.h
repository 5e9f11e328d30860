// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Routes: from a destination to the interface it lies behind, and the neighbour that takes it
/// there.
///
/// Shape    Longest prefix wins; of two routes for one prefix the later does. Those that lead
///          inside are of a zone (net/tuple.h), and nobody's of another. Borders between addresses,
///          each with the route that holds from there on (net/steps.h): a route is searched when a
///          flow opens or the hops change, so a binary search is fast enough, and in ordinary
///          memory there is nothing that can fail while the gateway runs.
/// Threads  Immutable after construction; any.
/// Memory   32 bytes for each end of a route.

#include "base/big_endian.h"
#include "link/interfaces.h"
#include "link/uplinks.h"
#include "net/prefix.h"
#include "net/steps.h"
#include "net/tuple.h"
#include "net/zoned_steps.h"

#include <optional>
#include <span>
#include <vector>

namespace sluice::link {

struct Route {
    net::Prefix prefix;
    InterfaceId interface = kNoInterface;
    Be32 via;  ///< 0 for a network that is on the link: the destination is its own next hop.
    /// Of the inside network that it leads to; nothing where it leads outside.
    std::optional<uint16_t> zone = {};

    constexpr bool operator==(const Route&) const = default;
};

/// What leads to one destination, searched for once, whichever of it is asked for then. Null where
/// nothing does. It is of the routes that were searched, and as old as they.
struct Leads {
    const Route* in_zone = nullptr;   ///< By the routes of its zone, and those that lead outside.
    const Route* anywhere = nullptr;  ///< By those of all zones: what is inside in any of them is
                                      ///< not outside.
};

class Routes {
public:
    /// None: nothing leads anywhere.
    Routes() = default;
    /// A default route among `routes` is that of the first uplink.
    explicit Routes(std::span<const Route> routes, Uplinks uplinks = {});

    const Uplinks& uplinks() const { return uplinks_; }

    /// One search, and another where inside networks have zones of their own.
    Leads leads(net::InsideAddress destination) const;
    /// Leads::in_zone.
    const Route* match(net::InsideAddress destination) const {
        return at(zoned_.find(destination));
    }
    /// Where that goes.
    std::optional<Toward> find(net::InsideAddress destination) const {
        return toward(match(destination), destination.address);
    }
    /// Where a route takes what is for `destination`; nowhere, if it is null.
    static std::optional<Toward> toward(const Route* route, Be32 destination);

    // To the outside, where a packet goes by the uplink of its source: by the route to its
    // destination, which is Leads::anywhere, if that is by this uplink, else by its default route.
    const Route* match_outside(const net::Tuple& leaving, UplinkSet living,
                               const Leads& leads) const;
    /// Likewise of what will have an address of that uplink.
    const Route* match_from(UplinkId uplink, const Leads& leads) const;
    /// The uplink by which a route leads there that is no default route.
    std::optional<UplinkId> prescribed(const Leads& leads) const;

    /// The neighbours that routes name, each as often as it is named.
    std::vector<Toward> gateways() const;

    bool operator==(const Routes& other) const {
        return routes_ == other.routes_ && uplinks_ == other.uplinks_;
    }

private:
    const Route* at(uint32_t place) const {
        return place == net::kNone ? nullptr : &routes_[place];
    }
    UplinkId uplink_of(const net::Tuple& leaving, UplinkSet living, const Leads& leads) const;

    std::vector<Route> routes_;
    bool have_zones_ = false;  // some are of another than 0
    Uplinks uplinks_;
    std::vector<Route> defaults_;  // of each uplink
    net::ZonedSteps zoned_;        // the place in routes_
    net::Steps anywhere_;          // likewise
};

}  // namespace sluice::link
