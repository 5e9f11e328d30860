// SPDX-License-Identifier: BSD-3-Clause
#include "command/tally.h"

#include "served_gateway.h"
#include "testing/no_memory.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace tally_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// A server whose threads may be short of memory.
struct Starved {
    Starved() : gateway(1000, params()) {}

    ServerParams params() {
        ServerParams params;
        params.record_every = milliseconds(5);
        params.background.on_entry = [this] { test::starve(is_short); };
        return params;
    }
    uint64_t counted() const { return gateway.counters[2].count[stats::Count::MemoryShort].read(); }
    void wait_for(uint64_t count) const {
        const auto end = steady_clock::now() + std::chrono::seconds(10);
        while (counted() < count) {
            REQUIRE(steady_clock::now() < end);
            std::this_thread::yield();
        }
    }

    std::atomic<bool> is_short{false};  // before the threads that look at it
    ServedGateway gateway;
};

}  // namespace

TEST_CASE("tally: what there is no memory for is counted, whatever says so", "[command]") {
    stats::Counters counters;
    Tally tally(counters);
    CHECK(tally.if_memory_allows([] {}));
    CHECK_FALSE(tally.if_memory_allows([] { throw std::bad_alloc(); }));
    CHECK_FALSE(tally.if_memory_allows([] { throw std::length_error("too long"); }));
    CHECK(counters.count[stats::Count::MemoryShort].read() == 2);
}

TEST_CASE("tally: the threads of a server live through a lack of memory, and count it",
          "[command]") {
    Starved starved;
    CHECK(starved.gateway.client().Get("/v1/stats")->status == 200);
    const uint64_t before = starved.counted();
    CHECK(before == 0);
    starved.is_short = true;
    for (int i = 0; i < 3; ++i)
        CHECK_FALSE(starved.gateway.client().Get("/v1/stats"));
    starved.wait_for(3);
    starved.is_short = false;
    const auto end = steady_clock::now() + std::chrono::seconds(10);
    auto answer = starved.gateway.client().Get("/v1/stats");
    while (!answer || answer->status != 200) {
        REQUIRE(steady_clock::now() < end);
        answer = starved.gateway.client().Get("/v1/stats");
    }
    // The history goes on too.
    CHECK(starved.gateway.client().Get("/v1/history?of=packets")->status == 200);
}

}  // namespace tally_test
