// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Routes: from a destination to the side it lies on and the neighbour that takes it there.
///
/// Shape    Longest prefix wins (rte_fib). Immutable once made.
/// Threads  Any.
/// Memory   At create(); needs EAL.

#include "base/big_endian.h"
#include "base/result.h"
#include "net/prefix.h"
#include "route/next_hops.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

struct rte_fib;

namespace sluice::route {

struct Route {
    net::Prefix prefix;
    Side side = Side::Outside;
    Be32 via;  ///< 0 for a network that is on the link: the destination is its own next hop.
};

/// Where a packet goes next.
struct Toward {
    Side side = Side::Outside;
    Be32 address;
};

class Routes {
public:
    static Result<std::unique_ptr<Routes>> create(std::span<const Route> routes, int numa_node);
    ~Routes();

    std::optional<Toward> find(Be32 destination) const;
};

}  // namespace sluice::route
