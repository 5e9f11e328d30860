// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The owner of two flows counts their packets, of both directions, while two threads read: no
/// total is ever less than what had been counted before it was read, more than what had been begun
/// after, or less than the same thread has read before. Sizes are such that tallies are added to
/// the accounts all the time, by packets as well as by bytes. Built with the thread sanitizer where
/// it can be, which then fails the program at its first report.

#include "flow/accounts.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

using namespace sluice;
using namespace sluice::flow;
using net::Direction;

namespace {

constexpr uint32_t kFlows = 2;
constexpr unsigned kPackets = 3'000'000;

void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "accounts-stress: %s\n", what);
    std::abort();
}

/// What the owner has begun to count, or has counted.
struct Sums {
    struct Way {
        std::atomic<uint64_t> packets{0};
        std::atomic<uint64_t> bytes{0};

        void add(const Traffic& more) {
            packets.store(packets.load(std::memory_order_relaxed) + more.packets);
            bytes.store(bytes.load(std::memory_order_relaxed) + more.bytes);
        }
    };
    std::array<std::array<Way, 2>, kFlows> flow;

    BothTraffic of(uint32_t index) const {
        BothTraffic both;
        for (unsigned way = 0; way < 2; ++way)
            both[way] = {flow[index][way].packets.load(), flow[index][way].bytes.load()};
        return both;
    }
};

bool is_no_more(const BothTraffic& one, const BothTraffic& other) {
    for (unsigned way = 0; way < 2; ++way)
        if (one[way].packets > other[way].packets || one[way].bytes > other[way].bytes)
            return false;
    return true;
}

struct Bench {
    std::array<FlowRecord, kFlows> records{};
    std::array<Account, kFlows> memory{};
    Accounts accounts{records, memory};
    Sums begun, counted;
    std::atomic<bool> is_over{false};

    void count() {
        std::mt19937 random(1);
        for (unsigned i = 0; i < kPackets; ++i) {
            const FlowRef flow(static_cast<uint32_t>(random() % kFlows),
                               random() % 2 == 0 ? Direction::Original : Direction::Reply);
            // Of one flow most are jumbo frames, of the other the least that there are.
            const Traffic more{random() % 16 == 0 ? 0U : 1U, flow.index() == 0 ? 65535U : 20U};
            const unsigned way = index(flow.direction());
            begun.flow[flow.index()][way].add(more);
            accounts.add(flow, more);
            counted.flow[flow.index()][way].add(more);
        }
        is_over = true;
    }

    void read() {
        std::array<BothTraffic, kFlows> last{};
        while (!is_over)
            for (uint32_t index = 0; index < kFlows; ++index) {
                const BothTraffic least = counted.of(index);
                const BothTraffic found = *accounts.read(index);
                require(is_no_more(least, found), "something counted is missing");
                require(is_no_more(found, begun.of(index)), "more than was counted");
                require(is_no_more(last[index], found), "a total has fallen");
                last[index] = found;
            }
    }
};

}  // namespace

int main() {
    static Bench bench;
    std::thread one([] { bench.read(); });
    std::thread other([] { bench.read(); });
    bench.count();
    one.join();
    other.join();
    for (uint32_t index = 0; index < kFlows; ++index)
        require(bench.accounts.read(index) == bench.counted.of(index), "the totals are not exact");
    return 0;
}
