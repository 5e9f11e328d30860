// SPDX-License-Identifier: BSD-3-Clause
#include "nat/expectations.h"

#include "conntrack/status.h"
#include "nat/calls.h"
#include "nat/holders.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <span>

namespace sluice::nat {
namespace {

using flow::FlowRecord;
using flow::InsertOutcome;
using net::Direction;
using net::Side;
using stats::Count;

constexpr auto kKind = static_cast<uint8_t>(flow::Kind::Expectation);
constexpr uint8_t kClaimed = 1;  // of FlowRecord::state

/// One at most of two ends is inside.
HolderKeys keys_of(const FlowRecord& master, const ExpectedFlow& expected) {
    if (expected.call) {
        const CallKeys keys = keys_of_call(master, *expected.call, flow::Kind::Expectation);
        return {keys.original, keys.reply};
    }
    const net::Tuple& answers = master.key(opposite(expected.master.direction()));
    const net::Protocol protocol = answers.protocol;
    const uint16_t zone = std::max(answers.zone, expected.waits.zone);
    return {
        {answers.source,
         expected.told.address,
         {},
         expected.told.port,
         protocol,
         kKind,
         answers.zone},
        {expected.waits.address, answers.source, expected.waits.port, {}, protocol, kKind, zone}};
}

net::InsideAddress host_of(const FlowRecord& master) {
    const Direction from_inside = master.sides.enter(Direction::Original) == Side::Inside
                                      ? Direction::Original
                                      : Direction::Reply;
    return master.key(from_inside).inside_source();
}

void fill(FlowRecord& record, const FlowRecord& master, const ExpectedFlow& expected, Tick now) {
    const Direction told = expected.master.direction();
    const HolderKeys keys = keys_of(master, expected);
    record.tuple = {keys.original, keys.reply};
    record.sides = {};
    record.rewrite = {};
    record.hops = {};
    record.begin(now);
    // relaxed: nobody sees the record before insert() publishes it. A worker makes expectations of
    // its own flows, which nobody else puts to another use.
    record.state.store(0, std::memory_order_relaxed);
    record.status.store(conntrack::kAssured, std::memory_order_relaxed);
    record.deadline.store(now + helper::kForetoldFor, std::memory_order_relaxed);
    new (record.tracker.data())
        Expected{.master = {expected.master.index(), master.life.load(std::memory_order_relaxed)},
                 .call_id = expected.call ? expected.call->own : Be16{},
                 .seen_as = master.key(told).destination,
                 .sides = net::Sides(master.sides.enter(opposite(told)), master.sides.enter(told)),
                 .holder = expected.holder};
}

/// By which a packet of a call, or its flow's first one, travels by the call's expectation.
Direction direction_of(const FlowRecord& expectation, net::Tuple packet) {
    packet.kind = kKind;
    return expectation.key(Direction::Reply) == packet ? Direction::Reply : Direction::Original;
}

/// An expectation whose master has ended claims nothing any more; ageing may not know yet.
void end_orphans(const Expectations::Ground& ground, const FlowRecord& record, Tick now) {
    for (const net::Tuple& key : record.tuple) {
        const flow::FlowRef found = ground.table.find(key, now);
        if (!found || master_of(ground.table, ground.table.record(found), now))
            continue;
        const flow::LifeWord life = ground.table.record(found).life.load(std::memory_order_relaxed);
        if (ground.member.kill(found.index(), life))
            ground.counters.count[Count::ExpectationsExpired].add(1);
    }
}

}  // namespace

std::optional<uint32_t> living(const flow::FlowTable& table, const Master& master, Tick now) {
    // Read once: of a record that is something else by now it may be any number.
    // relaxed, all of it: whichever of two uses of the record it names, only that very one is the
    // master.
    const uint32_t index =
        std::atomic_ref(const_cast<uint32_t&>(master.index)).load(std::memory_order_relaxed);
    if (index >= table.capacity())
        return std::nullopt;
    const FlowRecord& record = table.record(index);
    const bool lives = master.life.life() == flow::Life::Live &&
                       record.life.load(std::memory_order_relaxed) == master.life &&
                       record.deadline.load(std::memory_order_relaxed).is_after(now);
    return lives ? std::optional(index) : std::nullopt;
}

std::optional<uint32_t> master_of(const flow::FlowTable& table, const FlowRecord& expectation,
                                  Tick now) {
    return living(table, Expected::of(expectation).master, now);
}

CallKeys keys_of_call(const FlowRecord& master, const helper::CallIds& call, flow::Kind kind) {
    const auto key = [&](Direction direction, Be16 call_id) {
        const net::Tuple& control = master.key(direction);
        return net::by_call({control.source,
                             control.destination,
                             {},
                             {},
                             net::Protocol::Gre,
                             static_cast<uint8_t>(kind),
                             control.zone},
                            call_id);
    };
    return {key(Direction::Original, call.server), key(Direction::Reply, call.told)};
}

std::optional<uint32_t> Expectations::find(const net::Tuple& packet, Side from, Tick now) const {
    const bool is_call = net::is_call(packet);
    if (!are_any(now) || (!net::has_ports(packet.protocol) && !is_call))
        return std::nullopt;
    net::Tuple key = packet;
    if (!is_call)
        key.source_port = {};
    key.kind = kKind;
    const flow::FlowRef found = table_.find(key, now);
    if (!found || (found.direction() != Direction::Original && !is_call))
        return std::nullopt;
    const FlowRecord& record = table_.record(found.index());
    // relaxed: to claim it looks again.
    const bool is_claimed = (record.state.load(std::memory_order_relaxed) & kClaimed) != 0;
    const bool is_its = Expected::of(record).sides.enter(found.direction()) == from;
    return is_its && !is_claimed && master_of(table_, record, now) ? std::optional(found.index())
                                                                   : std::nullopt;
}

Request Expectations::request(uint32_t expectation, const net::Tuple& packet,
                              const Rule* rule) const {
    const FlowRecord& record = table_.record(expectation);
    const Expected& expected = Expected::of(record);
    if (net::is_call(packet))
        return request_call(expectation, packet, rule);
    const net::Tuple& reply = record.key(Direction::Reply);
    const bool leads_inside = expected.sides.leave(Direction::Original) == Side::Inside;
    Request request;
    request.original = packet;
    request.target = {reply.source, reply.source_port, leads_inside ? reply.zone : uint16_t{0}};
    request.sides = expected.sides;
    request.rule = leads_inside ? nullptr : rule;
    request.public_address = expected.seen_as;
    request.expectation = expectation;
    return request;
}

/// Whichever end is the first: the other one's key is what the answers have.
Request Expectations::request_call(uint32_t expectation, const net::Tuple& packet,
                                   const Rule* rule) const {
    const FlowRecord& record = table_.record(expectation);
    const net::Sides sides = Expected::of(record).sides;
    const Direction direction = direction_of(record, packet);
    const net::Tuple& answers = record.key(opposite(direction));
    const bool leads_inside = sides.leave(direction) == Side::Inside;
    Request request;
    request.original = packet;
    request.target = {answers.source, answers.source_port,
                      leads_inside ? answers.zone : uint16_t{0}};
    request.sides = {sides.enter(direction), sides.leave(direction)};
    request.rule = leads_inside ? nullptr : rule;
    request.public_address = answers.destination;
    request.external = net::Endpoint{answers.destination, answers.destination_port};
    request.expectation = expectation;
    return request;
}

/// The server's ID is the same on both sides.
void Expectations::begin_call(const FlowRecord& expectation, FlowRecord& flow) {
    const Direction from_client = direction_of(expectation, flow.key(Direction::Original));
    const Expected& expected = Expected::of(expectation);
    Call call{.master = expected.master};
    call.leaves_with[index(from_client)] = expectation.key(Direction::Original).destination_port;
    call.leaves_with[index(opposite(from_client))] = expected.call_id;
    new (flow.tracker.data()) Call(call);
}

std::optional<helper::Foretold> Expectations::make(const Ground& ground,
                                                   const ExpectedFlow& expected, Tick now) {
    const auto taken = ground.stock.take();
    if (!taken)
        return std::nullopt;
    const uint32_t index = *taken;
    const auto give_back = [&] { ground.member.give_back(std::span(&index, 1)); };
    FlowRecord& record = ground.table.record(index);
    const FlowRecord& master = ground.table.record(expected.master.index());
    fill(record, master, expected, now);
    record.owner = ground.worker;
    if (expected.holder && !ground.member.hang(index, *expected.holder)) {
        give_back();
        return std::nullopt;
    }
    const hosts::Counted admitted = ground.hosts.enter(host_of(master), expected.limits, now);
    if (admitted.answer != hosts::Answer::Admitted) {
        give_back();
        return std::nullopt;
    }
    ground.hosts.set_host(index, admitted.host);
    end_orphans(ground, record, now);
    ground.helpers->await(now + helper::kForetoldFor);
    const flow::Insertion insertion = ground.member.insert(index, now);
    ground.counters.count[Count::ExpectationsExpired].add(insertion.expired);
    if (insertion.outcome != InsertOutcome::Inserted) {
        if (admitted.host != hosts::kNoHost)
            ground.hosts.leave(admitted.host);
        return std::nullopt;
    }
    ground.table.deadlines().set(index, now, now);  // ageing looks for its master
    ground.counters.count[Count::ExpectationsMade].add(1);
    return helper::Foretold{index, record.life.load(std::memory_order_relaxed), true};
}

bool Expectations::claim(FlowRecord& expectation) {
    const uint8_t before = expectation.state.fetch_or(kClaimed, std::memory_order_acquire);
    return (before & kClaimed) == 0 &&
           expectation.life.load(std::memory_order_relaxed).life() == flow::Life::Live;
}

void Expectations::let_go(FlowRecord& expectation) {
    expectation.state.fetch_and(static_cast<uint8_t>(~kClaimed), std::memory_order_release);
}

}  // namespace sluice::nat
