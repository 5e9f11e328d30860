// SPDX-License-Identifier: BSD-3-Clause
#include "nat/own_flows.h"

#include "flow/age.h"
#include "nat/calls.h"
#include "nat/dependents.h"
#include "nat/translate.h"
#include "policy/tunings.h"

#include <algorithm>
#include <cassert>

namespace sluice::nat {
namespace {

using stats::Count;
using stats::Drop;

/// How often another worker may be faster before the packet is given up. Each time somebody else
/// has opened a flow, so this bounds the work of one packet, nothing more.
constexpr unsigned kAttempts = 4;

static_assert(policy::Tunings::kMost <= flow::Course::kMostTuning);

/// True: it is settled.
bool refuse(Opening& opening, Drop reason) {
    opening.outcome = Opening::Outcome::Refused;
    opening.reason = reason;
    return true;
}

}  // namespace

OwnFlows::OwnFlows(const OwnFlowsParams& params, flow::Member& member, stats::Counters& counters,
                   uint8_t worker)
    : params_(params),
      member_(member),
      counters_(counters),
      worker_(worker),
      stock_(member, params.reserve),
      holders_({params.table, member, stock_, counters, worker, &params.hosts}, params.policy),
      mappings_(params.table, params.policy),
      ties_(holders_, mappings_),
      allocator_({params.table, params.policy, mappings_, params.kept, params.draws,
                  params.steering, params.own_ports, params.holdings},
                 worker),
      early_drop_(params.table, params.hosts, member, counters),
      contest_({params.table, params.policy, mappings_, params.kept, params.draws, params.steering,
                params.own_ports, params.holdings}),
      foretelling_({{params.table, member, stock_, params.hosts, counters, params.helpers, worker},
                    params.policy,
                    params.exhaustion,
                    params.own_ports,
                    allocator_,
                    ties_}) {}

Opening OwnFlows::open(const Request& request, const conntrack::Segment& segment, Tick now,
                       uint32_t bytes) {
    Opening opening;
    alignas(flow::FlowRecord) conntrack::TrackerBytes tracker;
    const conntrack::Verdict verdict =
        conntrack::open(params_.policy->tuning_of(request.tuning()), segment, tracker);
    if (verdict.action == conntrack::Action::Refuse) {
        refuse(opening, verdict.reason);
        return opening;
    }
    const hosts::Counted admitted = admit(request, now);
    if (admitted.answer != hosts::Answer::Admitted) {
        refuse(opening,
               admitted.answer == hosts::Answer::TooManyFlows ? Drop::HostFlows : Drop::HostRate);
        return opening;
    }
    if (admitted.host == hosts::kNoHost)
        counters_.count[Count::HostsFull].add(1);
    First first{request, verdict, tracker, admitted.host, {}, now, bytes};
    open_for_host(first, opening);
    if (opening.outcome != Opening::Outcome::Opened)
        params_.hosts.withdraw(admitted.host, request.sides);
    return opening;
}

/// Of a flow that is counted for its host: counts it for what else it is counted for.
void OwnFlows::open_for_host(First& first, Opening& opening) {
    const bool is_counted = first.request.is_inward() || params_.policy->quotas.count_inside();
    if (params_.quotas == nullptr || !is_counted)
        return open_admitted(first, opening);
    const hosts::Charged charged = charge(first.request, first.now);
    if (charged.refusal != hosts::Refusal::None) {
        refuse(opening, drop_of(charged.refusal));
        return;
    }
    first.charge = charged.charge;
    open_admitted(first, opening);
    if (opening.outcome != Opening::Outcome::Opened)
        params_.quotas->give_back(charged.charge);
}

/// Where outside hosts, or those of its prefix, have all that they may, one that is not ASSURED
/// goes for it.
hosts::Charged OwnFlows::charge(const Request& request, Tick now) {
    const hosts::QuotaRequest quota = request.quota(*params_.policy, params_.quotas->prefix_keys());
    const hosts::Charged charged = params_.quotas->charge(quota, now);
    const auto what = hosts::used_up(quota, charged.refusal);
    if (!what || !early_drop_.replace_counted(request.original, *what, *params_.quotas, now))
        return charged;
    return params_.quotas->charge(quota, now);
}

/// Counts the flow for its inside host. The limits are for what the host opens itself: an outside
/// host shall not use them up.
hosts::Counted OwnFlows::admit(const Request& request, Tick now) {
    if (request.is_inward())
        return params_.hosts.admit_freely(request.target.host(), request.sides, now);
    const net::InsideAddress host = request.original.inside_source();
    const Ahead* ahead = request.ahead;
    assert(ahead == nullptr || ahead->host_hash == params_.hosts.hash(host));
    return params_.hosts.admit(host, request.limits(params_.policy->host_limits), now,
                               ahead != nullptr ? std::optional(ahead->host_hash) : std::nullopt);
}

/// Decides and commits, until no other worker is faster.
void OwnFlows::open_admitted(const First& first, Opening& opening) {
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
        // Another worker may have opened it by its reply.
        if (attempt > 0)
            opening.flow = params_.table.find(first.request.original, first.now);
        if (opening.flow)
            opening.outcome = Opening::Outcome::Existed;
        if (opening.flow || commit(first, decide(first), opening))
            return;
    }
    refuse(opening, net::is_by_address(first.request.original.protocol) ? Drop::AddressesExhausted
                                                                        : Drop::PortsUnsearched);
}

/// What was lost a moment ago, it contends for before it searches.
Decision OwnFlows::decide(const First& first) {
    if (contest_.is_on(first.request, first.now))
        if (const auto won = contend(first, Contest::kFirstKeys))
            return *won;
    return search(first);
}

/// Where there is nothing left for it, what nobody has answered gives way.
Decision OwnFlows::search(const First& first) {
    Decision decision = allocator_.decide(first.request, first.now, trail_);
    if (!trail_.is_empty())
        allocator_.learn(trail_, params_.exhaustion, first.now);
    if (!decision.external && decision.reason == Drop::BlocksExhausted)
        params_.exhaustion.want_block();
    if (decision.is_searched) {
        counters_.count[Count::PortProbes].add(decision.probes);
        counters_.probes[stats::probe_bucket(decision.probes)].add(1);
    }
    if (!decision.external && is_for_want_of_ports(decision.reason))
        if (const auto won = contend(first, Contest::kMostKeys)) {
            contest_.begin(first.request, first.now);
            decision = *won;
        }
    return decision;
}

/// A decision for what somebody else has held until now; nothing if nobody gives way.
std::optional<Decision> OwnFlows::contend(const First& first, unsigned most_keys) {
    const auto keys = contest_.draw(first.request, most_keys, first.now);
    const auto key = early_drop_.free_one(keys, first.host, params_.policy->holders, first.now);
    if (!key)
        return std::nullopt;
    return contest_.win(first.request, *key);
}

/// Makes what was decided, outermost first. False: another worker was faster.
bool OwnFlows::commit(const First& first, const Decision& decision, Opening& opening) {
    if (!decision.external)
        return refuse(opening, decision.reason);
    const bool is_tied_anew = decision.mapped != nullptr || decision.new_block;
    const Tied tied = is_tied_anew ? ties_.make(first.request, decision, first.now)
                                   : Tied{Tied::Result::Tied, decision.block};
    if (tied.result == Tied::Result::Lost)
        return false;
    if (tied.result == Tied::Result::HostFull)
        return refuse(opening, Drop::HostFlows);
    if (tied.result == Tied::Result::NoRoom)
        return !make_room(first) && refuse(opening, Drop::TableFull);
    if (decision.is_filtered)
        return refuse(opening, Drop::Filtered);
    return insert(first, decision, tied, opening);
}

bool OwnFlows::insert(const First& first, const Decision& decision, const Tied& tied,
                      Opening& opening) {
    const auto& [request, verdict, tracker, host, charge, now, bytes] = first;
    const auto index = take_record(first);
    if (!index)
        return refuse(opening, Drop::TableFull);
    flow::FlowRecord& record = params_.table.record(*index);
    fill(record, first, request.reply(*decision.external));
    for (const auto& holder : {tied.holder, request.mapping})
        if (holder && !member_.hang(*index, *holder)) {
            member_.give_back({&*index, 1});  // the holder has just ended
            return false;
        }
    if (request.expectation && !foretelling_.claim(*request.expectation, *index))
        return refuse(opening, Drop::NoMapping);
    if (const auto helper = foretelling_.helper_of(request.original, request.rule))
        foretelling_.begin_help(*index, record, *helper);
    const Duration timeout = first_timeout(record, first);
    // relaxed: as all that fill() writes.
    record.deadline.store(now + timeout, std::memory_order_relaxed);
    params_.hosts.set_host(*index, host);
    if (params_.quotas != nullptr)
        params_.quotas->set(*index, charge);
    if (params_.table.accounts().is_on())
        params_.table.accounts().begin(*index, bytes);
    opening.hashes = hashes_of(request, decision, record);
    const flow::Insertion insertion = member_.insert(*index, opening.hashes, now);
    counters_.count[Count::FlowsExpired].add(insertion.expired);
    if (request.expectation)
        foretelling_.finish(*request.expectation, insertion.outcome);
    switch (insertion.outcome) {
        case flow::InsertOutcome::Inserted:
            params_.table.deadlines().set(*index, now, first_look(*index, now, timeout));
            count(first, decision, *index);
            if (record.holder.see().index())
                begin_under(*index, request.is_inward(), now + timeout, now);
            opening.outcome = Opening::Outcome::Opened;
            opening.flow = insertion.holder;
            return true;
        case flow::InsertOutcome::OriginalTaken:
            counters_.count[Count::OpenLost].add(1);
            opening.outcome = Opening::Outcome::Existed;
            opening.flow = insertion.holder;
            return true;
        case flow::InsertOutcome::NoSpace:
            return refuse(opening, Drop::TableFull);
        case flow::InsertOutcome::ReplyTaken:
            break;  // between the look and the claim
    }
    return false;
}

/// It hangs on a holder, or on two, which are told of it.
void OwnFlows::begin_under(uint32_t index, bool is_inward, Tick deadline, Tick now) {
    params_.table.record(index).for_each_holder(
        [&](uint32_t holder) { name_dependent(params_.table, holder, index); });
    if (is_inward)
        return;
    holders_.keep(index, deadline);
    holders_.refresh(index, now);
}

/// Of both keys of a record that has been filled.
std::array<uint64_t, 2> OwnFlows::hashes_of(const Request& request, const Decision& decision,
                                            const flow::FlowRecord& record) const {
    const auto& hasher = params_.table.hasher();
    assert(request.ahead == nullptr || request.ahead->original == hasher(record.tuple[0]));
    assert(!decision.reply_hash || *decision.reply_hash == hasher(record.tuple[1]));
    return {request.ahead != nullptr ? request.ahead->original : hasher(record.tuple[0]),
            decision.reply_hash ? *decision.reply_hash : hasher(record.tuple[1])};
}

/// A flow that an outside host opens by a mapping lasts no longer than that does by itself.
Duration OwnFlows::first_timeout(const flow::FlowRecord& record, const First& first) const {
    const Duration timeout = is_call(record) ? conntrack::kCallTimeout : first.verdict.timeout;
    if (!first.request.is_inward() || !first.request.mapping)
        return timeout;
    return std::clamp(holders_.left(record, first.now), Duration{1}, timeout);
}

/// When ageing is to look at a new flow: soon, where it hangs on a block that may be taken back, or
/// ends with another.
Tick OwnFlows::first_look(uint32_t index, Tick now, Duration timeout) const {
    const flow::FlowRecord& record = params_.table.record(index);
    const bool is_soon =
        is_call(record) || (record.holder.see().index() && is_on_trial(params_.table, record));
    return now + (is_soon ? std::min(timeout, kBlockTrial) : timeout);
}

void OwnFlows::count(const First& first, const Decision& decision, uint32_t index) {
    const Request& request = first.request;
    counters_.count[Count::FlowsOpened].add(1);
    if (decision.is_elsewhere)
        counters_.count[Count::AddressChanged].add(1);
    if (!request.external && decision.external->port != request.original.source_port) {
        counters_.count[Count::PortChanged].add(1);
        if (decision.is_searched)
            params_.kept.learn(params_.table, index, first.now);
    }
    if (request.is_inward())
        counters_.count[Count::FlowsInward].add(1);
    if (request.is_inward() ? request.keeps_destination()
                            : decision.external->address == request.original.source)
        counters_.count[Count::FlowsUntranslated].add(1);
    if (!request.is_inward() && !request.keeps_source &&
        request.sides.leave(net::Direction::Original) == net::Side::Inside)
        counters_.count[Count::FlowsHairpinned].add(1);
}

/// A free record; in a full table one of the reserve, for which another flow goes.
std::optional<uint32_t> OwnFlows::take_record(const First& first) {
    const auto index = stock_.take();
    return index || !make_room(first) ? index : stock_.take();
}

bool OwnFlows::make_room(const First& first) {
    // What is left last is for those whom somebody has answered: they are not forged.
    const bool is_stranger =
        first.request.is_inward() || !params_.hosts.standing_of(first.host).is_answered;
    if (!stock_.has_reserve() || (stock_.is_bare() && is_stranger))
        return false;
    return early_drop_.make_room(first.request.original, first.host, stock_.is_scarce(),
                                 first.now) &&
           stock_.lend();
}

void OwnFlows::fill(flow::FlowRecord& record, const First& first, const net::Tuple& reply) const {
    const auto& [request, verdict, tracker, host, charge, now, bytes] = first;
    record.tuple = {request.original, reply};
    record.owner = worker_;
    record.sides = {request.sides, request.tuning()};
    record.rewrite = rewrite_of(record.tuple);
    record.hops = {};
    record.begin(now);
    // relaxed: nobody sees the record before insert() publishes it.
    record.state.store(verdict.state.bits(), std::memory_order_relaxed);
    const uint8_t related = request.expectation ? conntrack::kRelated : 0;
    record.status.store(verdict.status | related, std::memory_order_relaxed);
    if (conntrack::has_memory(request.original.protocol))
        record.tracker = tracker;
}

Tracking OwnFlows::track(flow::FlowRef ref, const conntrack::Segment& segment, Tick now) {
    return step(ref, segment, now, [] {});
}

Tracking OwnFlows::track_and_count(flow::FlowRef ref, const conntrack::Segment& segment, Tick now,
                                   uint32_t bytes) {
    bool is_counted = false;
    Tracking tracking = step(ref, segment, now, [&] {
        params_.table.accounts().add(ref, {1, bytes});
        is_counted = true;
    });
    tracking.is_counted = is_counted;
    return tracking;
}

/// A packet from inside keeps what its flow hangs on. One from outside keeps a flow that came from
/// there no longer than that lasts by itself, or whoever knocks could keep a mapping for ever; but
/// for a step of its state, of which there are few without an answer. Returns the deadline.
Tick OwnFlows::keep(flow::FlowRef ref, bool is_step, Tick deadline, Tick now) {
    const flow::FlowRecord& record = params_.table.record(ref);
    if (record.sides.enter(ref.direction()) == net::Side::Inside) {
        holders_.refresh(ref.index(), now);
        return deadline;
    }
    if (is_step || !record.is_strangers() || !record.holder.see().index())
        return deadline;
    // Nothing is taken from it either.
    const Tick before = record.deadline.load(std::memory_order_relaxed);
    const Tick end = now + holders_.left(record, now);
    const Tick latest = end.is_after(before) ? end : before;
    return deadline.is_after(latest) ? latest : deadline;
}

/// Calls count_it() for a packet that Linux counts: where it renews the timeout, and for the RST
/// that ends an unanswered flow. Before an end is told.
template <typename CountIt>
Tracking OwnFlows::step(flow::FlowRef ref, const conntrack::Segment& segment, Tick now,
                        CountIt count_it) {
    flow::FlowRecord& record = params_.table.record(ref);
    const flow::LifeWord life = record.life.load(std::memory_order_relaxed);
    const conntrack::ProtocolState state(record.state.load(std::memory_order_relaxed));
    const uint8_t status = record.status.load(std::memory_order_relaxed);
    const Tick before = record.deadline.load(std::memory_order_relaxed);

    const conntrack::Tuning& tuning = params_.policy->tuning_of(record.sides.tuning());
    const conntrack::Verdict verdict =
        conntrack::track(tuning, {state, status, now - flow::opened_at(record), before - now},
                         ref.direction(), segment, conntrack::TrackerMemory(record.tracker));
    if (verdict.action == conntrack::Action::Reopen ||
        verdict.action == conntrack::Action::Delete) {
        if (verdict.action == conntrack::Action::Delete) {
            count_it();
            // relaxed: it is for who is told of the end.
            record.state.store(verdict.state.bits(), std::memory_order_relaxed);
        }
        if (member_.kill(ref.index(), life))
            counters_.count[Count::FlowsClosed].add(1);
        return {verdict.action, {}};
    }
    // relaxed: only the owner writes these, and who else reads them (lists) wants no more than each
    // value by itself. Stores are left out where nothing changes, to keep the line unshared.
    if (verdict.state != state)
        record.state.store(verdict.state.bits(), std::memory_order_relaxed);
    if (verdict.status != status) {
        params_.hosts.add_status(ref.index(), record, verdict.status);
        if ((verdict.status & ~status & conntrack::kSeenReply) != 0)
            holders_.prove(ref.index());
    }
    if (verdict.refresh) {
        if (verdict.action == conntrack::Action::Pass)
            count_it();
        Tick deadline = now + verdict.timeout;
        if (record.is_looked_into())
            deadline = keep(ref, verdict.state != state, deadline, now);
        record.deadline.store(deadline, std::memory_order_relaxed);
        // Ageing looks within kLongestCheck in any case; for less it would come too late.
        if (verdict.timeout < flow::kLongestCheck && before.is_after(deadline))
            params_.table.deadlines().set(ref.index(), now, deadline);
    }
    if (verdict.state != state || verdict.status != status)
        member_.tell_change(ref.index(), now);
    return {verdict.action, verdict.reason};
}

}  // namespace sluice::nat
