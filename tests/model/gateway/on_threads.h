// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the stress programs of this folder share: a gateway of two workers between wires, its fast
/// clock, how its threads turn, and what holds when they have.

#include "base/clock.h"
#include "config/config.h"
#include "eal.h"
#include "gateway/gateway.h"
#include "link/note.h"
#include "net/text.h"
#include "packet_pool.h"
#include "wire.h"

#include <rte_mempool.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace sluice::test {

inline constexpr unsigned kWorkers = 2;
inline constexpr uint32_t kFlows = 4096;
inline constexpr uint32_t kClockRate = 300;  ///< Gateway seconds in a second.
inline constexpr auto kPatience = std::chrono::seconds(200);

inline void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "stress: %s\n", what);
    std::abort();
}

inline config::Config configuration() {
    config::Config config;
    config.lans = {{{"inside wire"}, {ip("10.1.0.1"), 24}}};
    config.wans = {{{"outside wire"}, {ip(kPublic), 24}, ip(kRouter)}};
    config.pool = {{ip(kPublic), ip(kPublic)}};
    config.inside = {{ip(kInsideNetwork), 24}};
    config.workers = kWorkers;
    config.flows = kFlows;
    config.no_huge = true;
    return config;
}

inline Tick clock_now() {
    static const auto start = std::chrono::steady_clock::now();
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    return {1000 + static_cast<uint32_t>(passed.count()) * kClockRate};
}

/// Turns whatever has turn() until told to stop; returns when it has.
template <typename Turned>
void turn_until(const std::atomic<bool>& stop, Turned& turned) {
    while (!stop)
        if (turned.turn(clock_now()) == 0)
            std::this_thread::yield();
    turned.rest();
}

/// Threads that one flag ends.
class Threads {
public:
    /// `work` is given the flag, and returns when it is set.
    template <typename Work>
    void add(Work work) {
        threads_.emplace_back([this, work] { work(stop_); });
    }
    void end() {
        stop_ = true;
        for (std::thread& thread : threads_)
            thread.join();
    }

private:
    std::atomic<bool> stop_{false};
    std::vector<std::thread> threads_;
};

/// Each worker turns on a thread of its own, and so does the control core, which has been started.
inline void turn_all(Threads& threads, gateway::Gateway& gateway) {
    using Stop = std::atomic<bool>;
    for (unsigned id = 0; id < kWorkers; ++id)
        threads.add([&gateway, id](const Stop& stop) { turn_until(stop, gateway.worker(id)); });
    threads.add([&gateway](const Stop& stop) { turn_until(stop, gateway.control()); });
}

/// Waits until nothing moves: all has been received, and what was received has left. The gateway's
/// announcements may move again a moment later. False when patience ends before.
inline bool becomes_still(const Wire& wire, const gateway::Gateway& gateway) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    bool is_still = false;
    while (!is_still && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
        is_still = wire.is_quiet() && gateway.snapshot().held() == 0;
    }
    return is_still;
}

/// Of a gateway that has been drained.
inline void check_accounts(const stats::Snapshot& sum) {
    using stats::Count;
    require(
        sum.count[Count::Received] + sum.count[Count::Originated] ==
            sum.count[Count::Transmitted] + sum.count[Count::Consumed] + sum.held() + sum.dropped(),
        "a packet is not accounted for");
}

/// Calls `run` with a gateway between wires, on which each worker's hosts send so many packets, and
/// `check` when it has been drained; no mbuf is lost.
template <typename Run, typename Check>
void stress(unsigned packets_per_worker, Run run, Check check) {
    start_eal();
    rte_mempool* packets = make_packet_pool(8191, link::kNoteBytes);
    require(packets != nullptr, "no memory for packets");
    {
        Wire wire(packets, kWorkers, packets_per_worker);
        gateway::Ground ground;
        ground.ports = {&wire.port(net::Side::Inside), &wire.port(net::Side::Outside)};
        ground.packets = packets;
        ground.secret = {1, 2, 3, 4};
        auto gateway = gateway::Gateway::create(configuration(), ground);
        require(static_cast<bool>(gateway), "no gateway");
        run(wire, **gateway);
        (*gateway)->drain();
        check(wire, **gateway);
    }
    require(rte_mempool_in_use_count(packets) == 0, "a packet is lost");
    rte_mempool_free(packets);
}

}  // namespace sluice::test
