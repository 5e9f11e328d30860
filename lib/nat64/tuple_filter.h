// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tuple filter: which packets or flows are meant, also by IPv6 addresses and prefixes.
///
/// Shape    net::TupleFilter, and addresses as they stand on the wire of the IPv6 side. What is no
///          packet of that side has none of these.
/// Threads  A plain value; matches() by any thread.
/// Cost     Without an IPv6 address a branch more than the other.

#include "nat64/naming.h"
#include "net/ipv6.h"
#include "net/tuple_filter.h"

#include <optional>

namespace sluice::nat64 {

struct TupleFilter : net::TupleFilter {
    TupleFilter() = default;
    // Implicit: one that names no IPv6.
    TupleFilter(const net::TupleFilter& filter) : net::TupleFilter(filter) {}

    std::optional<net::Ipv6Prefix> source6;  ///< In the place of `source`.
    std::optional<net::Ipv6Prefix> destination6;
    Naming naming;  ///< By which they are known.

    bool is_empty() const { return net::TupleFilter::is_empty() && !names_ipv6(); }
    bool matches(const net::Tuple& original, const net::Tuple& reply) const {
        return net::TupleFilter::matches(original, reply) && (!names_ipv6() || has_ends(original));
    }
    bool matches(const net::Tuple& tuple) const { return matches(tuple, tuple); }
    /// A packet of IPv6 that is no IPv4 inside; `rest` has its protocol and ports alone.
    bool matches(const net::Ipv6Address& from, const net::Ipv6Address& to,
                 const net::Tuple& rest) const {
        return !source && !destination && net::TupleFilter::matches(rest, rest) &&
               (!source6 || source6->contains(from)) &&
               (!destination6 || destination6->contains(to));
    }
    bool is_mask() const { return net::TupleFilter::is_mask() && !names_ipv6(); }

private:
    bool names_ipv6() const { return source6 || destination6; }
    bool has_ends(const net::Tuple& tuple) const {
        const WireEnds ends = naming.ends(tuple);
        return ends.are_ipv6() && (!source6 || source6->contains(*ends.source.ipv6)) &&
               (!destination6 || destination6->contains(*ends.destination.ipv6));
    }
};

}  // namespace sluice::nat64
