// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/log_clock.h"

#include "catch.h"

#include <string>
#include <vector>

namespace log_clock_test {

using namespace sluice;
using gateway::ClockReading;
using gateway::LogClock;

namespace {

constexpr int64_t kHour = 3'600'000;

/// A machine whose clock can be set.
struct Machine {
    ClockReading clocks{5 * kHour, 490'000 * kHour};
    std::vector<std::string> said;
    LogClock log{clocks, [this](const std::string& sentence) { said.push_back(sentence); }};

    void pass(int64_t time) {
        clocks.monotonic += time;
        clocks.wall += time;
    }
    int64_t tell() { return log.tell(clocks); }
};

}  // namespace

TEST_CASE("log clock: it is the machine's as long as that goes on", "[gateway]") {
    Machine machine;
    CHECK(machine.tell() == machine.clocks.wall);
    machine.pass(kHour);
    CHECK(machine.tell() == machine.clocks.wall);
    machine.clocks.wall += 24 * kHour;  // set on
    CHECK(machine.tell() == machine.clocks.wall);
    CHECK(machine.said.empty());
}

TEST_CASE("log clock: it never runs back, and meets a clock that was set back", "[gateway]") {
    Machine machine;
    int64_t before = machine.tell();
    machine.clocks.wall -= 2 * kHour;
    for (int minute = 0; minute < 239; ++minute) {
        const int64_t now = machine.tell();
        CHECK(now >= before);
        CHECK(now > machine.clocks.wall);
        before = now;
        machine.pass(60'000);
    }
    REQUIRE(machine.said.size() == 1);
    CHECK(machine.said[0].find("set back by 7200 s") != std::string::npos);
    machine.pass(60'000);
    CHECK(machine.tell() == machine.clocks.wall);
    CHECK(machine.said.size() == 2);
}

TEST_CASE("log clock: how often it is read makes no difference", "[gateway]") {
    Machine often, seldom;
    for (Machine* machine : {&often, &seldom})
        machine->clocks.wall -= 10 * kHour;
    for (int i = 0; i < 3600; ++i) {
        often.pass(1000);
        often.tell();
    }
    seldom.pass(kHour);
    CHECK(often.tell() == seldom.tell());
}

TEST_CASE("log clock: what NTP slews is not spoken of", "[gateway]") {
    Machine machine;
    machine.tell();
    machine.clocks.wall -= 500;
    machine.tell();
    machine.pass(kHour);
    CHECK(machine.tell() == machine.clocks.wall);
    CHECK(machine.said.empty());
}

TEST_CASE("log clock: the machine's clocks are read in milliseconds", "[gateway]") {
    const ClockReading first = gateway::read_clocks();
    const ClockReading second = gateway::read_clocks();
    CHECK(second.monotonic >= first.monotonic);
    CHECK(first.wall / 1000 > 1'700'000'000);
    CHECK(first.wall / 1000 < 20'000'000'000);
}

}  // namespace log_clock_test
