// SPDX-License-Identifier: BSD-3-Clause
#include "stats/counters.h"

#include "catch.h"

#include <atomic>
#include <set>
#include <thread>

namespace counters_test {

using namespace sluice;
using namespace sluice::stats;

TEST_CASE("counters: every count has a name of its own", "[stats]") {
    CHECK(count_name(Count::Received) == "received");
    CHECK(count_name(Count::FlowsOpened) == "flows_opened");
    CHECK(count_name(Count::ArpConflicts) == "arp_conflicts");
    std::set<std::string_view> names;
    for (size_t i = 0; i < kCountCount; ++i)
        names.insert(count_name(static_cast<Count>(i)));
    CHECK(names.size() == kCountCount);
}

TEST_CASE("counters: a snapshot is the sum over threads", "[stats]") {
    Counters first;
    Counters second;
    first.count[Count::Received].add(10);
    first.drop[Drop::NoRoute].add(3);
    second.count[Count::Received].add(5);
    second.drop[Drop::NoRoute].add(1);
    second.drop[Drop::Shutdown].add(2);

    Snapshot sum;
    sum.add(first);
    sum.add(second);
    CHECK(sum.count[Count::Received] == 15);
    CHECK(sum.count[Count::Transmitted] == 0);
    CHECK(sum.drop[Drop::NoRoute] == 4);
    CHECK(sum.dropped() == 6);
    CHECK(sum.held() == 0);
}

TEST_CASE("counters: what went by each interface is summed over those that have ports", "[stats]") {
    Counters first(2);
    Counters second(2);
    const Counters without_ports;
    first.interfaces[0].in.add({2, 100});
    second.interfaces[0].in.add({1, 50});
    second.interfaces[1].out.add({3, 180});
    Snapshot sum;
    for (const Counters* each : {&without_ports, &static_cast<const Counters&>(first),
                                 &static_cast<const Counters&>(second), &without_ports})
        sum.add(*each);
    REQUIRE(sum.interfaces.size() == 2);
    CHECK(sum.interfaces[0].in == Volume{3, 150});
    CHECK(sum.interfaces[1].out == Volume{3, 180});
    CHECK(sum.interfaces[1].in == Volume{});
}

TEST_CASE("counters: held is what waits in rings and in queues", "[stats]") {
    Counters worker;
    Counters control;
    worker.count[Count::Put].add(7);
    control.count[Count::Taken].add(4);
    control.waiting.set(2);

    Snapshot sum;
    sum.add(worker);
    sum.add(control);
    CHECK(sum.held() == 5);
}

TEST_CASE("counters: held never wraps when a ring's two ends are read apart", "[stats]") {
    Counters control;
    control.count[Count::Taken].add(1);
    Snapshot sum;
    sum.add(control);
    CHECK(sum.held() == 0);
}

TEST_CASE("counters: what one thread adds, another reads whole", "[stats]") {
    constexpr int kValues = 1000;  // that differ: so often it was read while it was written
    Counter counter;
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        while (!stop.load(std::memory_order_relaxed))
            counter.add(uint64_t{1} << 32 | 1);
    });
    uint64_t last = 0;
    bool whole = true;
    bool rising = true;
    for (int values = 0; values < kValues;) {
        const uint64_t value = counter.read();
        whole &= value >> 32 == (value & 0xffff'ffff);
        rising &= value >= last;
        values += value != last;
        if (value == last)
            std::this_thread::yield();
        last = value;
    }
    stop.store(true, std::memory_order_relaxed);
    writer.join();
    CHECK(whole);
    CHECK(rising);
}

}  // namespace counters_test
