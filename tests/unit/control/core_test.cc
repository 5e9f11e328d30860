// SPDX-License-Identifier: BSD-3-Clause
#include "control/core.h"

#include "catch.h"
#include "fixed_policy.h"
#include "flow/reading.h"
#include "gateway.h"
#include "testing/no_memory.h"

#include <memory>
#include <optional>
#include <vector>

namespace core_test {

using namespace sluice;
using namespace sluice::test;
using control::Core;

namespace {

constexpr MacAddress kHost = mac(0x55);

/// The control core between two workers that the test plays.
struct House {
    explicit House(uint32_t hop_count = 100, const policy::Announcing& announcing = {})
        : hops(std::move(link::NextHops::create(hop_count, 1)).value()), core(params(announcing)) {}

    ~House() {
        core.stop();
        for (unsigned worker = 0; worker < Workers::kCount; ++worker)
            workers.take(worker);
        workers.check_sum(core.counters());
    }

    control::CoreParams params(const policy::Announcing& announcing) {
        policy.policy.announcing = announcing;
        flow::FlowTableParams size;
        size.capacity = 1000;
        table = std::move(flow::FlowTable::create(size).value());
        watches.emplace(table->grace(), Workers::kCount + 1);
        control::CoreParams result{*table, *watches,      interfaces, *hops, policy.current,
                                   {},     packet_pool(), {},         {}};
        for (unsigned worker = 0; worker < Workers::kCount; ++worker)
            result.workers.push_back({&workers.punt[worker], &workers.release[worker]});
        result.neighbours.own.announcing = policy.policy.announcing;
        result.each_turn = [this](Tick time) { turns.push_back(time); };
        return result;
    }

    void punt(unsigned worker, const Bytes& bytes, const link::Note& note) {
        rte_mbuf* mbuf = workers.packet(bytes, note);
        REQUIRE(workers.punt[worker].put({&mbuf, 1}) == 1);
    }
    void punt_arp(unsigned worker, InterfaceId from, const Bytes& frame) {
        punt(worker, frame, {.from = from, .punt = link::Punt::Arp});
    }
    void punt_unresolved(unsigned worker, InterfaceId interface, const char* next_hop) {
        link::Note note{.punt = link::Punt::Unresolved};
        note.to = interface;
        note.next_hop = ip(next_hop);
        punt(worker, Bytes(60, 1), note);
    }

    unsigned turn(Duration step = Duration{1}) {
        now = now + step;
        return core.turn(now);
    }

    uint64_t count(Count which) const { return core.counters().count[which].read(); }
    uint64_t dropped(Drop reason) const { return core.counters().drop[reason].read(); }

    Workers workers{1024};
    std::unique_ptr<flow::FlowTable> table;
    std::optional<observe::Watches> watches;
    link::Interfaces interfaces = two_interfaces();
    std::unique_ptr<link::NextHops> hops;
    FixedPolicy policy;
    std::vector<Tick> turns;
    Tick now{1000};
    Core core;
};

}  // namespace

TEST_CASE("core: a turn without work says so", "[control]") {
    House house;
    CHECK(house.turn() == 0);
    CHECK(house.turns == std::vector<Tick>{house.now});
}

TEST_CASE("core: what workers punt comes back to them", "[control]") {
    House house;
    house.punt_unresolved(0, kInside, "10.1.0.10");
    house.punt_unresolved(1, kInside, "10.1.0.10");
    CHECK(house.turn() == 2);
    CHECK(house.count(Count::Taken) == 2);
    CHECK(house.core.counters().waiting.read() == 2);
    CHECK(house.workers.take(0).size() == 1);  // the question

    house.punt_arp(1, kInside, arp_reply(kHost, ip("10.1.0.10"), kInsideMac, ip("10.1.0.1")));
    CHECK(house.turn() == 1);
    CHECK(house.core.counters().waiting.read() == 0);
    CHECK(house.workers.take(0).size() == 1);
    CHECK(house.workers.take(1).size() == 1);
}

TEST_CASE("core: what there is no memory for is left out of a turn, which goes on", "[control]") {
    House house;
    house.punt_unresolved(0, kInside, "10.1.0.10");
    unsigned work = 0;
    {
        const test::NoMemory none;
        work = house.turn();
    }
    CHECK(work == 1);
    CHECK(house.dropped(Drop::NeighbourQueueFull) == 1);
    CHECK(house.core.counters().waiting.read() == 0);
    CHECK(house.turns.empty());
    CHECK(house.count(Count::MemoryShort) == 2);  // the packet's place, and that of the turn

    house.punt_unresolved(0, kInside, "10.1.0.10");
    CHECK(house.turn() == 1);
    CHECK(house.core.counters().waiting.read() == 1);
    CHECK(house.turns.size() == 1);
    CHECK(house.count(Count::MemoryShort) == 2);
}

TEST_CASE("core: a flood of ARP does not lengthen a turn", "[control][arp]") {
    House house;
    for (unsigned i = 0; i < 200; ++i)
        house.punt_arp(0, kInside, arp_request(kHost, ip("10.1.0.10"), ip("10.1.0.1")));
    house.punt_arp(1, kInside, arp_request(mac(6), ip("10.1.0.11"), ip("10.1.0.1")));
    CHECK(house.turn() == control::kPuntsPerTurn + 1);
    CHECK(house.workers.take(0).size() == control::kPuntsPerTurn);
    CHECK(house.workers.take(1).size() == 1);
    CHECK(house.turn() == control::kPuntsPerTurn);
}

TEST_CASE("core: starts by asking and announcing", "[control][arp]") {
    House house(100, answering());
    house.core.start(house.now);
    for (unsigned announcement = 0; announcement < 5; ++announcement)
        house.turn(control::kAnnouncementPace);
    CHECK(house.workers.take(0).size() == 5);
    CHECK(house.count(Count::ArpSent) == 5);
    CHECK(house.count(Count::Originated) == 5);
}

TEST_CASE("core: expired flows end", "[control][ageing]") {
    House house;
    flow::Member owner(*house.table);
    std::array<uint32_t, 1> index{};
    REQUIRE(owner.take(index) == 1);
    flow::FlowRecord& record = house.table->record(index[0]);
    record.tuple[0] = {ip("10.1.0.10"),     ip("203.0.113.10"), Be16::from_host(4000),
                       Be16::from_host(80), net::Protocol::Tcp, {}};
    record.tuple[1] = record.tuple[0].reversed();
    record.deadline = house.now + Duration::seconds(10);
    REQUIRE(owner.insert(index[0], house.now).outcome == flow::InsertOutcome::Inserted);
    house.table->deadlines().set(index[0], house.now, record.deadline);
    owner.offline();

    for (unsigned second = 0; second < 11; ++second)
        house.turn(Duration::seconds(1));
    CHECK(house.count(Count::FlowsExpired) == 0);
    for (unsigned second = 0; second < 3; ++second)
        house.turn(Duration::seconds(1));
    CHECK(house.count(Count::FlowsExpired) == 1);
    CHECK(house.table->size() == 0);
}

TEST_CASE("core: a hop's index is reused only when every worker has let go", "[control]") {
    House house(1);
    flow::Member worker(*house.table);
    house.core.start(house.now);
    house.punt_unresolved(0, kInside, "10.1.0.10");
    for (unsigned i = 0; i < 300; ++i)  // asked, refused, forgotten
        house.turn(Duration{100});
    REQUIRE(house.hops->find(kInside, ip("10.1.0.10")) == link::kNoHop);

    // The worker has not been quiescent since: it may hold the index in its hand.
    house.punt_unresolved(0, kInside, "10.1.0.11");
    house.turn();
    CHECK(house.dropped(Drop::NeighbourTableFull) == 1);
    CHECK(house.hops->find(kInside, ip("10.1.0.11")) == link::kNoHop);

    worker.quiescent();
    house.turn();
    house.punt_unresolved(0, kInside, "10.1.0.11");
    house.turn();
    CHECK(house.hops->find(kInside, ip("10.1.0.11")) != link::kNoHop);
}

TEST_CASE("core: a list that reads for more than 100 ms is put offline", "[control]") {
    House house;
    flow::Reading slow(*house.table);
    house.turn(Duration{1});
    house.turn(kLongestReading);
    CHECK(house.count(Count::ReadersLate) == 0);
    house.turn(Duration{1});
    CHECK(house.count(Count::ReadersLate) == 1);
    CHECK_FALSE(slow.end());
    flow::Reading fast(*house.table);
    house.turn(kLongestReading);
    house.turn(kLongestReading);
    CHECK(fast.end());
    CHECK(house.count(Count::ReadersLate) == 1);
}

TEST_CASE("core: what is in its rings and queues at the end is dropped by name", "[control]") {
    House house;
    house.punt_unresolved(0, kInside, "10.1.0.10");
    house.turn();
    house.punt_arp(0, kInside, arp_request(kHost, ip("10.1.0.10"), ip("10.1.0.1")));
    house.punt_unresolved(1, kOutside, "198.51.100.9");
    house.core.stop();
    CHECK(house.dropped(Drop::Shutdown) == 3);
    CHECK(house.count(Count::Taken) == 3);
    CHECK(house.core.counters().waiting.read() == 0);
}

TEST_CASE("core: the gateways of other routes are asked for", "[control]") {
    House house;
    house.core.start(house.now);
    house.turn();
    house.workers.take(0);
    FixedPolicy after;
    const std::vector<link::Route> routes{{{}, kOutside, ip("198.51.100.253")}};
    after.policy.routes = link::Routes(routes);
    house.policy.current.replace(after.policy);
    house.hops->forget_paths();
    house.turn();
    unsigned asked = 0;
    for (const Sent& sent : house.workers.take(0))
        asked += sent.arp() && sent.arp()->target == ip("198.51.100.253");
    CHECK(asked == 1);
    house.policy.current.replace(house.policy.policy);
}

TEST_CASE("core: what another policy no longer has is answered for as long as flows have it",
          "[control][arp][reload]") {
    House house;
    flow::Member worker(*house.table);
    house.core.start(house.now);
    const auto answers = [&] {
        house.punt_arp(0, kOutside, arp_request(kHost, ip("198.51.100.9"), ip("198.51.100.3")));
        house.turn();
        unsigned replies = 0;
        for (const Sent& sent : house.workers.take(0))
            replies += sent.arp() && sent.arp()->sender == ip("198.51.100.3") &&
                       sent.arp()->operation == net::Arp::Operation::Reply;
        return replies == 1;
    };
    CHECK_FALSE(answers());
    const auto use = [&](FixedPolicy& next, uint32_t edition) {
        next.policy.edition = edition;
        house.policy.current.replace(next.policy);
        house.turn();
    };
    FixedPolicy with;
    with.policy.announcing = answering();
    use(with, 1);
    CHECK(answers());
    FixedPolicy without;
    use(without, 2);
    CHECK(answers());  // the worker may not know yet
    worker.quiescent();
    house.turn();
    house.turn();
    CHECK_FALSE(answers());
    house.policy.current.replace(house.policy.policy);
}

}  // namespace core_test
