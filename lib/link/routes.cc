// SPDX-License-Identifier: BSD-3-Clause
#include "link/routes.h"

#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_rib.h>

#include <algorithm>
#include <atomic>
#include <string>

namespace sluice::link {
namespace {

// What the tree says of a prefix: a mark that there is a route, the interface, and the next hop.
constexpr uint64_t kRouted = uint64_t{1} << 40;
constexpr unsigned kInterfaceShift = 32;
constexpr uint64_t kNoRoute = 0;

constexpr uint64_t encode(const Route& route) {
    return kRouted | uint64_t{route.interface} << kInterfaceShift | route.via.raw;
}

/// EAL wants names that are unique in the process.
std::string unique_name() {
    static std::atomic<unsigned> count{0};
    return "routes_" + std::to_string(count.fetch_add(1));
}

Error no_memory(size_t count) {
    return Error{"no memory for " + std::to_string(count) + " routes: " + rte_strerror(rte_errno) +
                 "; give EAL more with --memory"};
}

}  // namespace

void Routes::Free::operator()(rte_fib* fib) const {
    rte_fib_free(fib);
}

Routes::Routes(std::unique_ptr<rte_fib, Free> fib) : fib_(std::move(fib)) {}

Result<std::unique_ptr<Routes>> Routes::create(std::span<const Route> routes, int numa_node) {
    rte_fib_conf conf{};
    conf.type = RTE_FIB_DUMMY;
    conf.default_nh = kNoRoute;
    conf.max_routes = static_cast<int>(std::max<size_t>(routes.size(), 1));
    std::unique_ptr<rte_fib, Free> fib(rte_fib_create(unique_name().c_str(), numa_node, &conf));
    if (!fib)
        return no_memory(routes.size());

    for (const Route& route : routes) {
        const net::Prefix network = route.prefix.network();
        const int failure =
            rte_fib_add(fib.get(), network.address.host(), network.length, encode(route));
        if (failure != 0) {
            rte_errno = -failure;
            return no_memory(routes.size());
        }
    }
    return std::unique_ptr<Routes>(new Routes(std::move(fib)));
}

std::optional<Toward> Routes::find(Be32 destination) const {
    uint32_t address = destination.host();
    uint64_t found = kNoRoute;
    rte_fib_lookup_bulk(fib_.get(), &address, &found, 1);
    if (found == kNoRoute)
        return std::nullopt;
    const Be32 via{static_cast<uint32_t>(found)};
    return Toward{static_cast<InterfaceId>(found >> kInterfaceShift),
                  via == Be32{} ? destination : via};
}

}  // namespace sluice::link
