// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/watch.h"

#include "catch.h"

namespace watch_test {

using namespace sluice;
using namespace sluice::app;

namespace {

/// Two workers, and what is said of them.
struct Workers {
    std::vector<worker::Heartbeat> beats = std::vector<worker::Heartbeat>(2);
    std::vector<std::string> said;
    Tick now{0xfffffc00};  // the clock runs round within the tests
    Watch watch{beats, now, [this](const std::string& sentence) { said.push_back(sentence); }};

    /// `milliseconds` during which `first` and `second` turn or not; whether all turned at its end.
    bool pass(int32_t milliseconds, bool first, bool second) {
        bool all = true;
        for (int32_t i = 0; i < milliseconds; i += 10) {
            now = now + Duration{10};
            if (first)
                beats[0].beat();
            if (second)
                beats[1].beat();
            all = watch.look(now);
        }
        return all;
    }
};

}  // namespace

TEST_CASE("watch: workers that turn are nothing to speak of", "[sluice]") {
    Workers workers;
    CHECK(workers.pass(5000, true, true));
    CHECK(workers.said.empty());
}

TEST_CASE("watch: a worker that stands still is named once, and when it goes on", "[sluice]") {
    Workers workers;
    CHECK(workers.pass(1000, true, false));
    CHECK_FALSE(workers.pass(20, true, false));
    CHECK_FALSE(workers.pass(3000, true, false));
    REQUIRE(workers.said.size() == 1);
    CHECK(workers.said[0].starts_with("worker 1 has not turned for 1 s"));
    CHECK(workers.pass(10, true, true));
    REQUIRE(workers.said.size() == 2);
    CHECK(workers.said[1] == "worker 1 turns again");
}

TEST_CASE("watch: who was away itself cannot tell", "[sluice]") {
    Workers workers;
    workers.now = workers.now + Duration::seconds(3600);
    CHECK(workers.watch.look(workers.now));
    CHECK(workers.said.empty());
    CHECK_FALSE(workers.pass(1100, false, true));
    CHECK(workers.said.size() == 1);
}

TEST_CASE("watch: a worker that has stood still for months still does", "[sluice]") {
    Workers workers;
    CHECK_FALSE(workers.pass(1100, true, false));
    constexpr int kStepsADay = 96000;
    for (int step = 0; step < 60 * kStepsADay; ++step) {
        workers.now = workers.now + Duration{900};
        workers.beats[0].beat();
        workers.watch.look(workers.now);
    }
    CHECK_FALSE(workers.watch.look(workers.now));
    CHECK(workers.said.size() == 1);
}

TEST_CASE("watch: others see who stands still, and that nobody has looked yet", "[sluice]") {
    Workers workers;
    CHECK(workers.watch.standstill(workers.now).before_start);
    workers.pass(1100, true, false);
    const auto seen = workers.watch.standstill(workers.now);
    CHECK_FALSE(seen.before_start);
    CHECK_FALSE(seen.control_core);
    CHECK(seen.workers == 2);
    CHECK(workers.watch.standstill(workers.now + Duration{1500}).control_core);
    workers.pass(10, true, true);
    CHECK(workers.watch.standstill(workers.now).workers == 0);
}

TEST_CASE("watch: a control core that stands still for weeks does", "[sluice]") {
    Workers workers;
    workers.pass(100, true, true);
    CHECK_FALSE(workers.watch.standstill(workers.now).control_core);
    CHECK_FALSE(workers.watch.standstill(workers.now + Duration{-5}).control_core);  // read before
    for (const uint32_t days : {1u, 25u, 40u})
        CHECK(workers.watch.standstill(Tick{workers.now.milliseconds + days * 86'400'000})
                  .control_core);
}

}  // namespace watch_test
