// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Routes: from a destination to the interface it lies behind, and the neighbour that takes it
/// there.
///
/// Shape    Longest prefix wins; of two routes for one prefix the later does. Immutable once made.
///          The tree of rte_fib (RTE_FIB_DUMMY), not its tables: a route is searched when a flow
///          opens or the hops change, so tens of nanoseconds are as good as ten, and kilobytes
///          are better than the 16 MB and more that DIR24_8 or rte_lpm take, also for three routes.
/// Threads  Any.
/// Memory   At create(), from EAL: some 100 bytes a route.
/// Errors   create() fails for lack of memory only.

#include "base/big_endian.h"
#include "base/result.h"
#include "link/interfaces.h"
#include "net/prefix.h"

#include <memory>
#include <optional>
#include <span>

struct rte_fib;

namespace sluice::link {

struct Route {
    net::Prefix prefix;
    InterfaceId interface = kNoInterface;
    Be32 via;  ///< 0 for a network that is on the link: the destination is its own next hop.
};

/// Where a packet goes next.
struct Toward {
    InterfaceId interface = kNoInterface;
    Be32 address;
    constexpr bool operator==(const Toward&) const = default;
};

class Routes {
public:
    static Result<std::unique_ptr<Routes>> create(std::span<const Route> routes, int numa_node);

    std::optional<Toward> find(Be32 destination) const;

private:
    struct Free {
        void operator()(rte_fib* fib) const;
    };
    explicit Routes(std::unique_ptr<rte_fib, Free> fib);

    std::unique_ptr<rte_fib, Free> fib_;
};

}  // namespace sluice::link
