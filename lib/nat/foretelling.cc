// SPDX-License-Identifier: BSD-3-Clause
#include "nat/foretelling.h"

#include "conntrack/status.h"
#include "nat/calls.h"

namespace sluice::nat {

using net::Direction;
using net::Side;
using stats::Count;

namespace {

ExpectedFlow begin(const flow::FlowRecord& master, flow::FlowRef ref, Be16 port) {
    const net::Tuple& sent = master.key(ref.direction());
    const net::Tuple& answers = master.key(opposite(ref.direction()));
    return {.master = ref,
            .waits = {sent.source, port, sent.zone},
            .told = {answers.destination, port}};
}

}  // namespace

/// Where the sender is known by its own address, its own port will do. Else it is inside, and the
/// port is one that the allocator would give it for a flow to the receiver.
std::optional<Be16> Foretelling::foretell(flow::FlowRef master, Be16 port, const Rule* rule,
                                          Tick now) {
    forget_last(master);
    ExpectedFlow expected = begin(parts_.ground.table.record(master.index()), master, port);
    expected.limits = limits_of(rule);
    const bool is_translated = expected.told.address != expected.waits.address;
    if (is_translated && !choose_public(expected, rule, now))
        return std::nullopt;
    return expect_flow(expected, now) ? std::optional(expected.told.port) : std::nullopt;
}

hosts::Limits Foretelling::limits_of(const Rule* rule) const {
    const hosts::Limits& all = parts_.policy->host_limits;
    return rule == nullptr ? all : rule->limits.over(all);
}

/// It is the same one for each request of a flow. One that comes from outside keeps no mapping.
bool Foretelling::foretell_answer(flow::FlowRef master, const Rule* rule, Tick now) {
    if (renew(master, now))
        return true;
    forget_last(master);
    const flow::FlowRecord& record = parts_.ground.table.record(master.index());
    ExpectedFlow expected = begin(record, master, record.key(master.direction()).source_port);
    expected.told.port = record.key(opposite(master.direction())).destination_port;
    if (!record.is_strangers())
        expected.holder = record.holder.see().index();
    expected.limits = limits_of(rule);
    return expect_flow(expected, now);
}

bool Foretelling::choose_public(ExpectedFlow& expected, const Rule* rule, Tick now) {
    const flow::FlowRecord& master = parts_.ground.table.record(expected.master.index());
    const net::Tuple& sent = master.key(expected.master.direction());
    const Be32 address = expected.told.address;
    if (rule == nullptr || !rule->translates() || !rule->gives(address))
        return may_tell_own_port(expected);
    Request request{{sent.source,
                     sent.destination,
                     expected.waits.port,
                     {},
                     sent.protocol,
                     static_cast<uint8_t>(flow::Kind::Expectation),
                     sent.zone},
                    {sent.destination, {}},
                    {},
                    rule};
    request.uplink = parts_.policy->routes.uplinks().of(address);
    request.public_address = address;
    const Decision decision = parts_.allocator.decide(request, now, trail_);
    parts_.allocator.learn(trail_, parts_.exhaustion, now);
    if (!decision.external || decision.external->address != address)
        return false;
    const Tied tied = parts_.ties.make(request, decision, now);
    if (tied.result != Tied::Result::Tied)
        return false;
    expected.told.port = decision.external->port;
    expected.holder = tied.holder;
    return true;
}

/// The allocator has no ports of this address to give to the sender: it is that of a forward, say.
bool Foretelling::may_tell_own_port(const ExpectedFlow& expected) const {
    const policy::Policy& policy = *parts_.policy;
    const net::Protocol protocol =
        parts_.ground.table.record(expected.master.index()).key(Direction::Original).protocol;
    if (const auto fixed = policy.statics.outside_of(protocol, expected.waits))
        return *fixed == expected.told;
    const bool is_own =
        parts_.own_ports != nullptr && parts_.own_ports->contains(protocol, expected.told);
    return !policy.rules.contains(expected.told.address) && !is_own &&
           !policy.statics.reserves(protocol, expected.told);
}

bool Foretelling::expect_flow(const ExpectedFlow& expected, Tick now) {
    helper::Foretold& last = parts_.ground.helpers->state(expected.master.index()).foretold;
    last = Expectations::make(parts_.ground, expected, now).value_or(helper::Foretold{});
    return last.is_one;
}

/// What the master has foretold last, if nobody has come of it: for as long again.
bool Foretelling::renew(flow::FlowRef master, Tick now) {
    const helper::Foretold& last = parts_.ground.helpers->state(master.index()).foretold;
    if (!last.is_one)
        return false;
    flow::FlowRecord& record = parts_.ground.table.record(last.index);
    // relaxed, all of it: this worker has made it, and whoever claims it ends it soon.
    if (record.life.load(std::memory_order_relaxed) != last.life)
        return false;
    const Tick deadline = now + helper::kForetoldFor;
    record.deadline.store(deadline, std::memory_order_relaxed);
    parts_.ground.helpers->await(deadline);
    return true;
}

/// It gives way to the next: its endpoint may be the very one that is wanted again.
void Foretelling::forget_last(flow::FlowRef master) {
    helper::Foretold& last = parts_.ground.helpers->state(master.index()).foretold;
    if (last.is_one && parts_.ground.member.kill(last.index, last.life))
        parts_.ground.counters.count[Count::ExpectationsExpired].add(1);
    last = {};
}

/// A call stands by this key, and its control connection does.
bool Foretelling::is_in_the_way(const net::Tuple& key, Tick now) {
    const flow::FlowRef call = parts_.ground.table.find(key, now);
    if (!call)
        return false;
    if (!is_orphan(parts_.ground.table, parts_.ground.table.record(call.index()), now))
        return true;
    kill_call(call);
    return false;
}

bool Foretelling::kill_call(flow::FlowRef call) {
    // relaxed: a kill that is meant for one use of the record fails on the next.
    const flow::LifeWord life =
        parts_.ground.table.record(call.index()).life.load(std::memory_order_relaxed);
    const bool is_killed = parts_.ground.member.kill(call.index(), life);
    if (is_killed)
        parts_.ground.counters.count[Count::FlowsClosed].add(1);
    return is_killed;
}

/// What is said again of a call that stands changes nothing.
bool Foretelling::foretell_call(uint32_t master, const helper::CallIds& call, Tick now) {
    const flow::FlowRecord& record = parts_.ground.table.record(master);
    const CallKeys keys = keys_of_call(record, call, flow::Kind::Flow);
    const bool by_original = is_in_the_way(keys.original, now);
    const bool by_reply = is_in_the_way(keys.reply, now);
    if (by_original || by_reply) {
        const flow::FlowRef one = parts_.ground.table.find(keys.original, now);
        const flow::FlowRef other = parts_.ground.table.find(keys.reply, now);
        if (!one || !other || one.index() != other.index())
            return false;
        const Call& standing = Call::of(parts_.ground.table.record(one.index()));
        if (standing.leaves_with[index(other.direction())] == call.own)
            return true;
        kill_call(one);  // the client has numbered it anew
    }
    const flow::FlowRef ref(master, Direction::Reply);
    const helper::Foretold& last = parts_.ground.helpers->state(master).foretold;
    const CallKeys waited = keys_of_call(record, call, flow::Kind::Expectation);
    if (last.is_one &&
        parts_.ground.table.record(last.index).key(Direction::Original) == waited.original &&
        renew(ref, now))
        return true;
    forget_last(ref);
    ExpectedFlow expected{.master = ref, .waits = {}, .told = {}};
    expected.limits = limits_of(nullptr);
    expected.call = call;
    return expect_flow(expected, now);
}

/// The server knows one call by what it was told: which it is, is not asked.
void Foretelling::end_call(uint32_t master, const helper::CallIds& call, Tick now) {
    forget_last({master, Direction::Reply});
    const flow::FlowRecord& record = parts_.ground.table.record(master);
    const flow::FlowRef found =
        parts_.ground.table.find(keys_of_call(record, call, flow::Kind::Flow).reply, now);
    if (!found)
        return;
    const Master& its = Call::of(parts_.ground.table.record(found.index())).master;
    if (its.index == master && its.life == record.life.load(std::memory_order_relaxed))
        kill_call(found);
}

bool Foretelling::claim(uint32_t expectation, uint32_t index) {
    flow::FlowRecord& record = parts_.ground.table.record(expectation);
    bool is_held = Expectations::claim(record);
    const bool is_claimed = is_held;
    if (const auto holder = Expected::of(record).holder; holder && is_held)
        is_held = parts_.ground.member.hang(index, *holder);
    if (is_held && net::is_call(record.key(Direction::Original)))
        Expectations::begin_call(record, parts_.ground.table.record(index));
    if (is_held)
        return true;
    if (is_claimed)
        Expectations::let_go(record);
    parts_.ground.member.give_back({&index, 1});
    return false;
}

void Foretelling::finish(uint32_t expectation, flow::InsertOutcome outcome) {
    flow::FlowRecord& record = parts_.ground.table.record(expectation);
    if (outcome != flow::InsertOutcome::Inserted)
        return Expectations::let_go(record);
    // relaxed: claimed, so nobody else ends it but ageing, which this fails on then.
    parts_.ground.member.kill(expectation, record.life.load(std::memory_order_relaxed));
    parts_.ground.counters.count[Count::FlowsRelated].add(1);
}

void Foretelling::begin_help(uint32_t index, flow::FlowRecord& record, helper::Kind helper) {
    if (record.sides.enter(Direction::Original) == record.sides.leave(Direction::Original))
        return;
    parts_.ground.helpers->begin(index);
    record.look_into();
    const uint8_t calls = helper == helper::Kind::Pptp ? conntrack::kCalls : 0;
    // relaxed: nobody sees it yet.
    record.status.store(record.status.load(std::memory_order_relaxed) | conntrack::kHelped | calls,
                        std::memory_order_relaxed);
}

}  // namespace sluice::nat
