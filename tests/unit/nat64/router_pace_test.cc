// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/router_pace.h"

#include "catch.h"

#include <array>
#include <atomic>
#include <thread>

namespace router_pace_test {

using namespace sluice;
using namespace sluice::nat64;

TEST_CASE("router pace: one in three seconds, also where the clock begins anew",
          "[nat64][rfc4861]") {
    const Tick first{GENERATE(0u, 1000u, UINT32_MAX - 1, UINT32_MAX)};
    RouterPace pace;
    CHECK(pace.take(first));
    CHECK_FALSE(pace.take(first));
    CHECK_FALSE(pace.take(first + Duration{2999}));
    CHECK(pace.take(first + Duration{3000}));
    CHECK_FALSE(pace.take(first + Duration{5999}));
}

TEST_CASE("router pace: a worker whose time is a little behind asks in vain, weeks later nobody",
          "[nat64][rfc4861]") {
    RouterPace pace;
    const Tick first{5000};
    REQUIRE(pace.take(first));
    CHECK_FALSE(pace.take(first + Duration{-1}));
    CHECK(pace.take(first + Duration::seconds(24 * 24 * 3600)));
    CHECK(pace.take(first + Duration::seconds(12 * 24 * 3600)));
}

TEST_CASE("router pace: of workers that ask at once one is let", "[nat64][rfc4861]") {
    constexpr unsigned kWorkers = 4;
    constexpr uint32_t kRounds = 500;
    RouterPace pace;
    std::array<std::atomic<unsigned>, kRounds> taken{};
    std::atomic<unsigned> ready{0};
    std::array<std::thread, kWorkers> workers;
    for (std::thread& worker : workers)
        worker = std::thread([&] {
            for (uint32_t round = 0; round < kRounds; ++round) {
                ++ready;
                while (ready < (round + 1) * kWorkers)
                    std::this_thread::yield();
                taken[round] += pace.take(Tick{round * 3000}) ? 1 : 0;
            }
        });
    for (std::thread& worker : workers)
        worker.join();
    unsigned wrong = 0;
    for (const auto& count : taken)
        wrong += count == 1 ? 0 : 1;
    CHECK(wrong == 0);
}

}  // namespace router_pace_test
