// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the first packet of a flow asks for, and what it is to be given.

#include "hosts/quotas.h"
#include "nat/rules.h"
#include "net/side.h"
#include "net/tuple.h"
#include "stats/drop.h"

#include <cstdint>
#include <optional>

namespace sluice::nat {

inline constexpr uint32_t kNoRecord = ~uint32_t{0};

/// The inside endpoint behind a public one.
struct Behind {
    net::Endpoint inside;
    std::optional<uint32_t> mapping;  ///< The record of the mapping; nothing for a static one.
    bool lets_in = true;              ///< A static one is for this packet's source too.
    pool::Door door = {};             ///< Of a static one.
};

/// What is known of a flow's keys before it is decided about: where they are looked for need not be
/// found again.
struct Ahead {
    uint64_t original = 0;    ///< FlowTable::hasher() of its first packet's tuple.
    net::Tuple reply;         ///< Allocator::first_guess() by its rule: most likely its replies'.
    uint64_t reply_hash = 0;  ///< That tuple's.
    uint64_t host_hash = 0;   ///< HostTable::hash() of its source.
    uint64_t endpoint_hash = 0;  ///< KeptEndpoints::hash() of its source.
};

/// What the first packet of a flow asks for.
struct Request {
    net::Tuple original;
    net::Endpoint target;        ///< Whom the packet is for: its destination, or who holds that.
    net::Sides sides;            ///< Its source is translated if it comes from inside, as a rule.
    const Rule* rule = nullptr;  ///< By which its source is served; null where it is not asked.
    std::optional<uint32_t> mapping = {};  ///< By which the target is reached: its filter decides,
                                           ///< and the flow hangs on it.
    bool keeps_source = false;             ///< Though from inside.
    /// The record of a flow that the packet ends, or one that goes for it, where it stands yet: it
    /// counts as gone.
    uint32_t ended = kNoRecord;
    std::optional<UplinkId> uplink = {};  ///< Of several: that its source is to be of.
    link::UplinkSet others = 0;           ///< Where that has nothing left for it: these.
    pool::Door door = {};                 ///< By which it comes from outside.
    /// Of a flow that another has foretold: the record of its expectation (nat/expectations.h), and
    /// the address as which its source is to be seen, if it comes from inside.
    std::optional<uint32_t> expectation = {};
    std::optional<Be32> public_address = {};
    /// Of a call: as which its source is seen, whatever else might be (nat/calls.h).
    std::optional<net::Endpoint> external = {};
    const Ahead* ahead = nullptr;  ///< Null: nothing is known.

    /// From inside to inside, untranslated, in one zone.
    static Request within(const net::Tuple& original) {
        return {original,
                {original.destination, original.destination_port, original.zone},
                {net::Side::Inside, net::Side::Inside},
                nullptr,
                {},
                true};
    }
    /// From inside to the world.
    static Request outward(const net::Tuple& original, const Rule* rule) {
        return {original, {original.destination, original.destination_port}, {}, rule};
    }
    /// From outside to an inside host, which holds the packet's destination.
    static Request inward(const net::Tuple& original, const Behind& behind) {
        Request request{original,
                        behind.inside,
                        {net::Side::Outside, net::Side::Inside},
                        nullptr,
                        behind.mapping};
        request.door = behind.door;
        return request;
    }
    /// Likewise from inside.
    static Request hairpin(const net::Tuple& original, const Behind& behind, const Rule* rule) {
        return {
            original, behind.inside, {net::Side::Inside, net::Side::Inside}, rule, behind.mapping};
    }

    /// Which timeouts the flow has of its own, by policy::Tunings.
    uint8_t tuning() const { return rule == nullptr ? uint8_t{0} : rule->tuning; }
    /// What its host may have, where `all` is said for all.
    hosts::Limits limits(const hosts::Limits& all) const {
        return rule == nullptr ? all : rule->limits.over(all);
    }
    /// What it is counted for beside its inside host.
    hosts::QuotaRequest quota(const policy::Policy& policy, const hosts::PrefixKeys& keys) const;
    /// Its destination is a public one, or an inside host's.
    bool is_for_inside() const {
        return sides.leave(net::Direction::Original) == net::Side::Inside;
    }
    bool is_inward() const { return sides.enter(net::Direction::Original) == net::Side::Outside; }
    net::Endpoint source() const { return {original.source, original.source_port, original.zone}; }
    net::Endpoint destination() const { return {original.destination, original.destination_port}; }
    bool keeps_destination() const {
        return target.address == original.destination && target.port == original.destination_port;
    }
    /// The tuple of the replies, if the source is to be seen as `external`.
    net::Tuple reply(net::Endpoint external) const {
        return {target.address,    external.address, target.port, external.port,
                original.protocol, original.kind,    target.zone};
    }
};

/// The reason by which a refusal is counted.
constexpr stats::Drop drop_of(hosts::Refusal refusal) {
    switch (refusal) {
        case hosts::Refusal::Inward:
            return stats::Drop::OutsideFlows;
        case hosts::Refusal::Door:
            return stats::Drop::ForwardFlows;
        case hosts::Refusal::DoorRate:
            return stats::Drop::ForwardRate;
        default:
            return stats::Drop::PrefixFlows;
    }
}

inline hosts::QuotaRequest Request::quota(const policy::Policy& policy,
                                          const hosts::PrefixKeys& keys) const {
    hosts::QuotaRequest quota;
    if (is_inward()) {
        quota.door = door.number == 0 ? hosts::kCommonDoor : door.number;
        quota.most_inward = policy.quotas.inward;
        quota.of_door = {door.max_flows, door.rate};
    }
    const hosts::PrefixLimit& limit = policy.quotas.of_source(sides.enter(net::Direction::Original),
                                                              keys.is_ipv6(original.source));
    if (limit.flows != 0) {
        quota.prefix = keys.of(original.inside_source(), limit.length);
        quota.most_of_prefix = limit.flows;
    }
    return quota;
}

/// A block of ports that an inside host is to have.
struct NewBlock {
    uint16_t ordinal = 0;  ///< Among the host's.
    net::Endpoint first;
};

/// What a flow is to be given, or why it is not. Nothing has been changed for it.
struct Decision {
    /// By members, as most are not there: to clear all of it takes a loop.
    Decision() {}

    std::optional<net::Endpoint> external;    ///< As which its source is seen.
    std::optional<uint64_t> reply_hash = {};  ///< FlowTable::hasher() of the replies' tuple.
    stats::Drop reason{};                     ///< Without `external`.
    bool is_filtered =
        false;  ///< The peer's filter lets it not in; its own is opened all the same.
    const Independence* mapped = nullptr;  ///< How its source is mapped; null: by flow.
    std::optional<uint32_t> mapping = {};  ///< Of its source: the record; to be made, if `mapped`.
    std::optional<uint32_t> block = {};    ///< That the port is of: the record.
    std::optional<NewBlock> new_block = {};  ///< To be made first, in place of `block`.
    bool is_elsewhere = false;               ///< Not at the address that its host has first.
    bool is_searched = false;                ///< It was looked for, with `probes` lookups.
    unsigned probes = 0;
};

}  // namespace sluice::nat
