// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Routes: from a destination to the interface it lies behind, and the neighbour that takes it
/// there.
///
/// Shape    Longest prefix wins; of two routes for one prefix the later does. Borders between
///          addresses, each with the route that holds from there on (net/steps.h): a route is
///          searched when a flow opens or the hops change, so a binary search is fast enough, and
///          in ordinary memory there is nothing that can fail while the gateway runs.
/// Threads  Immutable after construction; any.
/// Memory   16 bytes for each end of a route.

#include "base/big_endian.h"
#include "link/interfaces.h"
#include "net/prefix.h"
#include "net/steps.h"

#include <optional>
#include <span>
#include <vector>

namespace sluice::link {

struct Route {
    net::Prefix prefix;
    InterfaceId interface = kNoInterface;
    Be32 via;  ///< 0 for a network that is on the link: the destination is its own next hop.

    constexpr bool operator==(const Route&) const = default;
};

/// Where a packet goes next.
struct Toward {
    InterfaceId interface = kNoInterface;
    Be32 address;
    constexpr bool operator==(const Toward&) const = default;
};

class Routes {
public:
    /// None: nothing leads anywhere.
    Routes() = default;
    explicit Routes(std::span<const Route> routes);

    std::optional<Toward> find(Be32 destination) const;
    /// The route that find() goes by; null where there is none.
    const Route* match(Be32 destination) const;

    /// The neighbours that routes name, each as often as it is named.
    std::vector<Toward> gateways() const;

    bool operator==(const Routes& other) const { return routes_ == other.routes_; }

private:
    std::vector<Route> routes_;
    net::Steps steps_;  // the place in routes_
};

}  // namespace sluice::link
