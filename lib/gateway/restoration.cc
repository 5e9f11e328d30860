// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/restoration.h"

#include "base/cpu_time.h"
#include "conntrack/status.h"
#include "gateway/touched.h"
#include "nat/calls.h"
#include "nat/holders.h"
#include "nat/translate.h"
#include "net/side.h"
#include "state/soundness.h"

#include <chrono>

namespace sluice::gateway {
namespace {

using flow::Fate;
using flow::FlowRecord;
using flow::Kind;
using net::Direction;
using net::Side;
using stats::Count;

// All orders are relaxed: nobody else is there.
using std::memory_order_relaxed;

/// A holder whose time is over may be found for so long, until the control core has looked whether
/// flows hang on it. Ports that wait for their links take ten seconds.
constexpr Duration kUntilLook = Duration::seconds(60);

/// The inside host that the flow counts for, as nat::OwnFlows::admit() has it.
net::InsideAddress host_of(const FlowRecord& flow) {
    const net::Tuple& original = flow.key(Direction::Original);
    const net::Tuple& reply = flow.key(Direction::Reply);
    return flow.sides.enter(Direction::Original) == Side::Outside ? reply.inside_source()
                                                                  : original.inside_source();
}

bool is_over(const FlowRecord& record, Tick now) {
    return !record.deadline.load(memory_order_relaxed).is_after(now);
}

}  // namespace

void count(const flow::Adoption::Tally& tally, stats::Counters& counters) {
    const auto add = [&](Count count, uint64_t value) { counters.count[count].add(value); };
    add(Count::FlowsAdopted, tally.flows);
    add(Count::HoldersAdopted, tally.fates[Fate::Adopted] - tally.flows);
    add(Count::StateUnsound, tally.fates[Fate::Unsound]);
    add(Count::StateExpired, tally.fates[Fate::Expired]);
    add(Count::StateUnheld, tally.fates[Fate::Unheld]);
    add(Count::StateTwice, tally.fates[Fate::Twice]);
    add(Count::StatePrivate, tally.fates[Fate::Private]);
    add(Count::StateWithoutRule, tally.fates[Fate::WithoutRule]);
    add(Count::StateHelped, tally.fates[Fate::Helped]);
    add(Count::StateNoRoom, tally.fates[Fate::NoRoom]);
}

Restored Restoration::run() {
    using std::chrono::steady_clock;
    const auto begin = steady_clock::now();
    const auto work_begin = cpu_time();
    Restored restored;
    restored.tally = flow::Adoption(ground_.table, *this, now_).run();
    restored.without_ground = without_ground_;
    restored.worked = cpu_time() - work_begin;
    restored.took = steady_clock::now() - begin;
    return restored;
}

/// What a helper knew of the flow is gone: it goes on without, where it can. A call ends with its
/// control connection, which ends too: what it says of calls would not be put right any more.
bool goes_on_unhelped(const flow::FlowTable& table, FlowRecord& record) {
    if (record.kind() != Kind::Flow)
        return record.kind() != Kind::Expectation;
    if (nat::is_call(record))
        return false;
    const uint8_t status = record.status.load(memory_order_relaxed);
    if ((status & conntrack::kHelped) == 0)
        return true;
    // Packets keep a mapping or a contact alive, and no block. The links are not checked yet.
    bool keeps_holder = false;
    record.for_each_holder([&](uint32_t holder) {
        keeps_holder |= holder >= table.capacity() || table.record(holder).kind() != Kind::Block;
    });
    if (!keeps_holder)
        record.look_away();
    constexpr uint8_t kEnding = conntrack::kCorrected | conntrack::kCalls;
    record.status.store(status & ~(conntrack::kHelped | conntrack::kCalls), memory_order_relaxed);
    return (status & kEnding) == 0;
}

Fate Restoration::judge(FlowRecord& record) {
    if (!goes_on_unhelped(ground_.table, record))
        return Fate::Helped;
    const Fate fate = record.kind() == Kind::Flow ? judge_flow(record) : judge_holder(record);
    if (fate == Fate::Adopted || fate == Fate::Expired)
        make_own(record);
    return fate;
}

Fate Restoration::judge_flow(FlowRecord& flow) {
    if (!state::is_sound_flow(flow, now_))
        return Fate::Unsound;
    if (is_over(flow, now_))
        return Fate::Expired;
    if (is_nameless(flow.key(Direction::Original).source) ||
        is_nameless(flow.key(Direction::Reply).source))
        return Fate::Unheld;
    if (!has_ground(ground_.policy, flow)) {
        if (is_private(flow))
            return Fate::Private;
        if (ground_.ends_without_ground)
            return Fate::WithoutRule;
        ++without_ground_;
    }
    flow.sides = {flow.sides, tuning_of(flow)};
    flow.rewrite = nat::rewrite_of(flow.tuple);
    // One that was about to give way to another was not gone yet, and its host has it again.
    flow.status.fetch_and(static_cast<uint8_t>(~conntrack::kEnded), memory_order_relaxed);
    return Fate::Adopted;
}

Fate Restoration::judge_holder(FlowRecord& holder) const {
    if (!state::is_sound_holder(holder))
        return Fate::Unsound;
    holder.sides = {};
    if (is_nameless(holder.key(Direction::Original).source))
        return Fate::Unheld;
    const Be32 shown = holder.key(Direction::Reply).destination;
    if (!ground_.policy.is_public(shown) &&
        is_private(shown, holder.key(Direction::Original).source))
        return Fate::Private;
    holder.status.store(conntrack::kAssured, memory_order_relaxed);
    if (holder.kind() == Kind::Block) {  // the control core ends it, when nothing hangs on it
        holder.deadline.store(now_ + nat::kBlockDeadline, memory_order_relaxed);
        return Fate::Adopted;
    }
    if (!is_over(holder, now_))
        return Fate::Adopted;
    holder.deadline.store(now_ + kUntilLook, memory_order_relaxed);
    return Fate::Expired;
}

/// What the process before has put there of its own numbers.
void Restoration::make_own(FlowRecord& record) const {
    record.owner = static_cast<uint8_t>(record.owner % ground_.workers);
    record.hops = {};
}

/// A number that no IPv6 host has: the next one that gets it is another.
bool Restoration::is_nameless(Be32 address) const {
    return ground_.ipv6 != nullptr && ground_.ipv6->is_number(address) &&
           !ground_.ipv6->to_ipv6(address);
}

/// What outside hosts see of the flow is private.
bool Restoration::is_private(const FlowRecord& flow) const {
    const net::Tuple& original = flow.key(Direction::Original);
    const net::Tuple& reply = flow.key(Direction::Reply);
    if (flow.sides.enter(Direction::Original) == Side::Outside)
        return is_private(original.destination, reply.source);
    return flow.sides.leave(Direction::Original) == Side::Outside &&
           is_private(reply.destination, original.source);
}

/// An inside host's own address, or another's.
bool Restoration::is_private(Be32 shown, Be32 own) const {
    return shown == own || ground_.policy.rules.serves_somewhere(shown);
}

/// As nat::Request has it: of the rule by which the source is served.
uint8_t Restoration::tuning_of(const FlowRecord& flow) const {
    const net::Tuple& original = flow.key(Direction::Original);
    const bool is_within = flow.sides.leave(Direction::Original) == Side::Inside &&
                           flow.key(Direction::Reply) == original.reversed();
    if (flow.sides.enter(Direction::Original) == Side::Outside || is_within)
        return 0;
    const policy::Rule* rule = ground_.policy.rules.find(original);
    return rule == nullptr ? uint8_t{0} : rule->tuning;
}

/// Counts the flow as one that opens now would be, whatever the limits say.
void Restoration::charge(uint32_t index, const FlowRecord& flow) const {
    const net::Tuple& original = flow.key(Direction::Original);
    const policy::Policy& policy = ground_.policy;
    nat::Request request;
    request.original = original;
    request.sides = flow.sides;
    if (request.is_inward())
        request.door = policy.statics.door_of(original.protocol,
                                              {original.destination, original.destination_port});
    hosts::QuotaRequest quota = request.quota(policy, ground_.quotas.prefix_keys());
    quota.most_inward = quota.most_of_prefix = 0;
    quota.of_door = {};
    ground_.quotas.set(index, ground_.quotas.charge(quota, now_).charge);
}

/// What the record hangs on serves a host that has been answered, told or not before the end.
void Restoration::prove(const FlowRecord& record) const {
    record.for_each_holder([&](uint32_t index) {
        FlowRecord& holder = ground_.table.record(index);
        holder.state.fetch_or(nat::kProven, memory_order_relaxed);
        prove(holder);
    });
}

void Restoration::send_for_first(const FlowRecord& record) {
    if (record.kind() == Kind::Flow)
        ground_.hosts.send_for_head(ground_.hosts.hash(host_of(record)));
}

void Restoration::send_for_next(const FlowRecord& record) {
    if (record.kind() == Kind::Flow)
        ground_.hosts.send_for_entry(ground_.hosts.hash(host_of(record)));
}

void Restoration::adopted(uint32_t index, FlowRecord& record) {
    if (record.kind() == Kind::Block)
        return;
    if (record.kind() != Kind::Flow) {
        const net::InsideAddress host = record.key(Direction::Original).inside_source();
        return ground_.hosts.set_host(index, ground_.hosts.enter(host, {}, now_).host);
    }
    charge(index, record);
    if ((record.status.load(memory_order_relaxed) & conntrack::kSeenReply) != 0)
        prove(record);
    else if (nat::is_on_trial(ground_.table, record))
        ground_.table.deadlines().set(index, now_, now_);  // as soon as that of a new one
    const hosts::Counted admitted = ground_.hosts.admit_freely(
        host_of(record), record.sides, now_, record.status.load(memory_order_relaxed));
    ground_.hosts.set_host(index, admitted.host);
    const bool is_outward = record.sides.enter(Direction::Original) == Side::Inside;
    if (is_outward && record.key(Direction::Reply).destination_port !=
                          record.key(Direction::Original).source_port)
        ground_.kept.learn(ground_.table, index, now_);
}

}  // namespace sluice::gateway
