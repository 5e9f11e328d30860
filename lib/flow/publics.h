// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Publics: the public addresses that a record goes by, which have to be this gateway's for its
/// packets to go on; and who is at its other end outside, whose address is anybody's.
///
/// Shape    A public address is where one of the two keys of a record goes. Not each that is there
///          is one: an outside host may have a public address of another gateway of the cluster.
/// Threads  As for the record's tuples.

#include "flow/flow_record.h"
#include "net/side.h"
#include "net/tuple.h"

#include <array>
#include <optional>

namespace sluice::flow {

using Tuples = std::array<net::Tuple, 2>;  ///< Of a record, indexed by net::Direction.

/// The key that goes to an outside host, if one does.
constexpr std::optional<net::Direction> key_outside(const Tuples& tuples, net::Sides sides) {
    using net::Direction;
    const Kind kind = static_cast<Kind>(tuples[0].kind);
    if (kind == Kind::Contact)
        return Direction::Original;
    if (kind != Kind::Flow)
        return std::nullopt;
    for (const Direction direction : {Direction::Original, Direction::Reply})
        if (sides.leave(direction) == net::Side::Outside)
            return direction;
    return std::nullopt;
}

/// `holds` is true of each address by which the record may go, an inside host's among them.
template <typename Holds>
bool all_publics(const Tuples& tuples, net::Sides sides, Holds holds) {
    const auto outside = key_outside(tuples, sides);
    return (outside == net::Direction::Original || holds(tuples[0].destination)) &&
           (outside == net::Direction::Reply || holds(tuples[1].destination));
}
template <typename Is>
bool any_public(const Tuples& tuples, net::Sides sides, Is is) {
    return !all_publics(tuples, sides, [&is](Be32 address) { return !is(address); });
}

/// Of a flow the outside host, if it has one.
constexpr std::optional<Be32> peer_outside(const Tuples& tuples, net::Sides sides) {
    const auto outside = key_outside(tuples, sides);
    const bool is_flow = static_cast<Kind>(tuples[0].kind) == Kind::Flow;
    return is_flow && outside ? std::optional(tuples[index(*outside)].destination) : std::nullopt;
}

}  // namespace sluice::flow
