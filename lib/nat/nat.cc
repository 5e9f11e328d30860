// SPDX-License-Identifier: BSD-3-Clause
#include "nat/nat.h"

#include "nat/translate.h"

#include <algorithm>

namespace sluice::nat {
namespace {

using stats::Count;
using stats::Drop;

/// How often a claim may be lost to another worker before the packet is given up. Each loss means
/// that somebody else has opened a flow, so this bounds the work of one packet, nothing more.
constexpr unsigned kClaims = 4;

Opening refused(Drop reason) {
    return {Opening::Outcome::Refused, {}, reason};
}

bool is_inward(const Request& request) {
    return request.sides.enter(net::Direction::Original) == net::Side::Outside;
}

}  // namespace

Nat::Nat(const NatParams& params, flow::Member& member, stats::Counters& counters, uint8_t worker)
    : params_(params),
      member_(member),
      counters_(counters),
      worker_(worker),
      stock_(member, params.reserve),
      holders_({params.table, member, stock_, counters, worker}, params.holders),
      blocks_({params.table, params.statics, params.exhaustion}, params.holders.blocks, holders_,
              counters, worker),
      ports_({params.table, params.leases, params.exhaustion, params.changed_ports, params.steering,
              params.statics},
             blocks_, counters, worker),
      mapper_({params.table, params.rules, params.statics, params.exhaustion}, holders_, blocks_,
              worker),
      early_drop_(params.table, params.hosts, member, counters) {}

void Nat::expect(const net::Tuple& original) {
    params_.table.send_for(original);
    params_.hosts.send_for_head(original.source);
    const Rule* rule = params_.rules.find(original);
    if (rule != nullptr && rule->translates())
        params_.table.send_for(ports_.first_guess(original, *rule));
}

std::optional<Behind> Nat::behind(const net::Tuple& tuple, Tick now) const {
    const net::Endpoint external{tuple.destination, tuple.destination_port};
    if (const auto fixed = params_.statics.inside_of(tuple.protocol, external))
        return Behind{*fixed, {}};
    if (!params_.rules.have_mappings() ||
        tuple.protocol == net::Protocol::Icmp)  // a query from outside has its type there
        return std::nullopt;
    if (const auto mapping = mapper_.behind(tuple.protocol, external, now))
        return Behind{mapper_.inside_of(*mapping), mapping};
    return std::nullopt;
}

Opening Nat::open(const Request& request, const conntrack::Segment& segment, Tick now) {
    const conntrack::Verdict verdict = conntrack::open(params_.tuning, segment);
    if (verdict.action == conntrack::Action::Refuse)
        return refused(verdict.reason);

    const hosts::Admitted admitted = admit(request, now);
    if (admitted.answer == hosts::Answer::TooManyFlows)
        return refused(Drop::HostFlows);
    if (admitted.answer == hosts::Answer::TooFast)
        return refused(Drop::HostRate);
    if (admitted.host == hosts::kNoHost)
        counters_.count[Count::HostsFull].add(1);
    const Opening opening = claim(request, segment, verdict, admitted.host, now);
    if (opening.outcome != Opening::Outcome::Opened)
        params_.hosts.withdraw(admitted.host, request.sides);
    return opening;
}

/// Counts the flow for its inside host. The limits are for what the host opens itself: an outside
/// host shall not use them up.
hosts::Admitted Nat::admit(const Request& request, Tick now) {
    if (is_inward(request))
        return params_.hosts.admit_inward(request.target.address, now);
    return params_.hosts.admit(request.original.source, params_.limits, now);
}

/// Chooses a port and inserts the flow, until no other worker is faster.
Opening Nat::claim(const Request& request, const conntrack::Segment& segment,
                   const conntrack::Verdict& verdict, hosts::HostIndex host, Tick now) {
    for (unsigned claim = 0; claim < kClaims; ++claim) {
        // Another worker may have opened it by its reply.
        if (const auto flow =
                claim == 0 ? flow::FlowRef() : params_.table.find(request.original, now))
            return {Opening::Outcome::Existed, flow, {}};
        const Chosen chosen = choose(request, now);
        if (chosen.reason == Drop::TableFull && make_room(request.original, host, now))
            continue;  // for a mapping, or a block
        if (!chosen.reply)
            return refused(chosen.reason);
        const net::Tuple& reply = *chosen.reply;
        const auto [holder, is_missing] = support(request, chosen, now);
        if (is_missing)
            return refused(Drop::TableFull);
        if (request.mapping &&
            !mapper_.admits(*request.mapping, {reply.destination, reply.destination_port}, now))
            return refused(Drop::Filtered);

        const auto index = take_record(request.original, host, now);
        if (!index)
            return refused(Drop::TableFull);
        if (holder && !member_.hang(*index, *holder)) {
            member_.give_back({&*index, 1});  // the holder has just ended
            continue;
        }
        flow::FlowRecord& record = params_.table.record(*index);
        fill(record, request, reply, verdict, now);
        params_.hosts.set_host(*index, host);
        conntrack::begin(params_.tuning, segment, conntrack::TrackerMemory(record.tracker));

        const flow::Insertion insertion = member_.insert(*index, now);
        counters_.count[Count::FlowsExpired].add(insertion.expired);
        switch (insertion.outcome) {
            case flow::InsertOutcome::Inserted:
                params_.table.deadlines().set(*index, now, now + verdict.timeout);
                count(request, reply);
                if (holder)
                    holders_.keep(*holder, now + verdict.timeout);
                if (holder && !is_inward(request))
                    holders_.refresh(*holder, now);
                return {Opening::Outcome::Opened, {*index, net::Direction::Original}, {}};
            case flow::InsertOutcome::OriginalTaken:
                counters_.count[Count::OpenLost].add(1);
                return {Opening::Outcome::Existed, insertion.holder, {}};
            case flow::InsertOutcome::NoSpace:
                return refused(Drop::TableFull);
            case flow::InsertOutcome::ReplyTaken:
                break;  // Between the look and the claim; look for another port.
        }
    }
    return refused(net::is_by_address(request.original.protocol) ? Drop::AddressesExhausted
                                                                 : Drop::PortsUnsearched);
}

void Nat::count(const Request& request, const net::Tuple& reply) {
    counters_.count[Count::FlowsOpened].add(1);
    ports_.opened(request.original, reply);
    if (reply.destination == request.original.source && !is_inward(request))
        counters_.count[Count::FlowsUntranslated].add(1);
    if (is_inward(request))
        counters_.count[Count::FlowsInward].add(1);
    else if (request.sides.leave(net::Direction::Original) == net::Side::Inside)
        counters_.count[Count::FlowsHairpinned].add(1);
}

/// A free record; in a full table one of the reserve, for which another flow goes.
std::optional<uint32_t> Nat::take_record(const net::Tuple& original, hosts::HostIndex host,
                                         Tick now) {
    const auto index = stock_.take();
    return index || !make_room(original, host, now) ? index : stock_.take();
}

bool Nat::make_room(const net::Tuple& original, hosts::HostIndex host, Tick now) {
    return stock_.has_reserve() && early_drop_.make_room(original, host, stock_.is_scarce(), now) &&
           stock_.lend();
}

void Nat::fill(flow::FlowRecord& record, const Request& request, const net::Tuple& reply,
               const conntrack::Verdict& verdict, Tick now) const {
    record.tuple = {request.original, reply};
    record.owner = worker_;
    record.sides = request.sides;
    record.rewrite = rewrite_of(record.tuple);
    record.hops = {};
    record.opened = now;
    // relaxed: nobody sees the record before insert() publishes it.
    record.state.store(verdict.state.bits(), std::memory_order_relaxed);
    record.status.store(verdict.status, std::memory_order_relaxed);
    record.deadline.store(now + verdict.timeout, std::memory_order_relaxed);
}

/// The tuple of the replies. From outside the source stays; from inside it becomes what a mapping
/// says, else what is free.
Chosen Nat::choose(const Request& request, Tick now) {
    const net::Tuple& original = request.original;
    Chosen chosen;
    net::Tuple reply = original.reversed();
    reply.source = request.target.address;
    reply.source_port = request.target.port;
    if (!is_inward(request)) {
        const Rule* rule = params_.rules.find(original);
        const auto external = mapped(original, rule, chosen, now);
        if (chosen.reason != Drop{})
            return chosen;
        if (!external && rule == nullptr)
            return {{}, Drop::ForeignSource};
        if (!external && rule->translates())
            return ports_.choose(original, request.target, *rule, now);
        if (external) {
            reply.destination = external->address;
            reply.destination_port = external->port;
        }
    }
    if (params_.table.find(reply, now))
        return {{}, Drop::EndpointTaken};
    chosen.reply = reply;
    return chosen;
}

/// What the source is mapped to, whomever it talks to: by the operator, or by its rule.
std::optional<net::Endpoint> Nat::mapped(const net::Tuple& original, const Rule* rule,
                                         Chosen& chosen, Tick now) {
    const net::Endpoint inside{original.source, original.source_port};
    if (const auto fixed = params_.statics.outside_of(original.protocol, inside))
        return fixed;
    const Independence* independence =
        rule == nullptr ? nullptr : rule->independence_of(original.protocol, inside.port.host());
    if (independence == nullptr)
        return std::nullopt;
    const Mapped mapped = mapper_.map(*rule, *independence, original.protocol, inside, now);
    chosen.mapping = mapped.index;
    chosen.reason = mapped.reason;
    return mapped.external;
}

/// The mappings of a flow's ends, where they have any, and the block that its port is of.
Nat::Support Nat::support(const Request& request, const Chosen& chosen, Tick now) {
    const net::Endpoint remote{request.original.destination, request.original.destination_port};
    if (chosen.block && request.mapping) {
        const net::Endpoint external{chosen.reply->destination, chosen.reply->destination_port};
        const auto made =
            holders_.make(contact_keys(request.original.protocol, external, remote, external),
                          {.parent = chosen.block, .peer = request.mapping}, now);
        return {made.index, made.outcome != Holders::Claim::Outcome::Made &&
                                made.outcome != Holders::Claim::Outcome::Exists};
    }
    if (!chosen.mapping)
        return {chosen.block ? chosen.block : request.mapping};
    const bool is_hairpin = request.sides.leave(net::Direction::Original) == net::Side::Inside;
    const auto held = mapper_.contact(*chosen.mapping, remote, request.mapping, is_hairpin, now);
    return {held, !held};
}

Tracking Nat::track(flow::FlowRef ref, const conntrack::Segment& segment, Tick now) {
    flow::FlowRecord& record = params_.table.record(ref);
    const flow::LifeWord life = record.life.load(std::memory_order_relaxed);
    const conntrack::ProtocolState state(record.state.load(std::memory_order_relaxed));
    const uint8_t status = record.status.load(std::memory_order_relaxed);

    const Tick before = record.deadline.load(std::memory_order_relaxed);

    const conntrack::Verdict verdict =
        conntrack::track(params_.tuning, {state, status, now - record.opened, before - now},
                         ref.direction(), segment, conntrack::TrackerMemory(record.tracker));
    if (verdict.action == conntrack::Action::Reopen ||
        verdict.action == conntrack::Action::Delete) {
        if (member_.kill(ref.index(), life))
            counters_.count[Count::FlowsClosed].add(1);
        return {verdict.action, {}};
    }
    // relaxed: only the owner writes these, and who else reads them (lists) wants no more than each
    // value by itself. Stores are left out where nothing changes, to keep the line unshared.
    if (verdict.state != state)
        record.state.store(verdict.state.bits(), std::memory_order_relaxed);
    if (verdict.status != status)
        params_.hosts.add_status(ref.index(), record, verdict.status);
    if (verdict.refresh) {
        const Tick deadline = now + verdict.timeout;
        record.deadline.store(deadline, std::memory_order_relaxed);
        if (const auto holder = record.holder.kept_alive();
            holder && record.sides.enter(ref.direction()) == net::Side::Inside)
            holders_.refresh(*holder, now);
        // Ageing looks within kLongestCheck in any case; for less it would come too late.
        if (verdict.timeout < flow::kLongestCheck && before.is_after(deadline))
            params_.table.deadlines().set(ref.index(), now, deadline);
    }
    return {verdict.action, verdict.reason};
}

}  // namespace sluice::nat
