// SPDX-License-Identifier: BSD-3-Clause
#include "nat/expectations.h"

#include "conntrack/status.h"
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
    record.opened = now;
    // relaxed: nobody sees the record before insert() publishes it. A worker makes expectations of
    // its own flows, which nobody else puts to another use.
    record.state.store(0, std::memory_order_relaxed);
    record.status.store(conntrack::kAssured, std::memory_order_relaxed);
    record.deadline.store(now + helper::kForetoldFor, std::memory_order_relaxed);
    new (record.tracker.data())
        Expected{.master = expected.master.index(),
                 .master_life = master.life.load(std::memory_order_relaxed),
                 .seen_as = master.key(told).destination,
                 .sides = net::Sides(master.sides.enter(opposite(told)), master.sides.enter(told)),
                 .holder = expected.holder};
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

std::optional<uint32_t> master_of(const flow::FlowTable& table, const FlowRecord& expectation,
                                  Tick now) {
    const Expected& expected = Expected::of(expectation);
    // Read once: of a record that is something else by now it may be any number.
    // relaxed, all of it: whichever of two uses of the record it names, only that very one is the
    // master.
    const uint32_t index =
        std::atomic_ref(const_cast<uint32_t&>(expected.master)).load(std::memory_order_relaxed);
    if (index >= table.capacity())
        return std::nullopt;
    const FlowRecord& master = table.record(index);
    const bool lives = expected.master_life.life() == flow::Life::Live &&
                       master.life.load(std::memory_order_relaxed) == expected.master_life &&
                       master.deadline.load(std::memory_order_relaxed).is_after(now);
    return lives ? std::optional(index) : std::nullopt;
}

std::optional<uint32_t> Expectations::find(const net::Tuple& packet, Side from, Tick now) const {
    if (!are_any(now) || !net::has_ports(packet.protocol))
        return std::nullopt;
    net::Tuple key = packet;
    key.source_port = {};
    key.kind = kKind;
    const flow::FlowRef found = table_.find(key, now);
    if (!found || found.direction() != Direction::Original)
        return std::nullopt;
    const FlowRecord& record = table_.record(found.index());
    // relaxed: to claim it looks again.
    const bool is_claimed = (record.state.load(std::memory_order_relaxed) & kClaimed) != 0;
    const bool is_its = Expected::of(record).sides.enter(Direction::Original) == from;
    return is_its && !is_claimed && master_of(table_, record, now) ? std::optional(found.index())
                                                                   : std::nullopt;
}

Request Expectations::request(uint32_t expectation, const net::Tuple& packet,
                              const Rule* rule) const {
    const FlowRecord& record = table_.record(expectation);
    const Expected& expected = Expected::of(record);
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
