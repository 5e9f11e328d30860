// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/shortage_log.h"

#include "catch.h"
#include "fixed_policy.h"
#include "packet_builder.h"

#include <string>
#include <vector>

namespace shortage_log_test {

using namespace sluice;
using sluice::test::ip;

namespace {

constexpr Duration kDay = Duration::seconds(24 * 3600);

/// A pool of two addresses, and what is said of it.
struct Pool {
    std::vector<policy::RuleParams> params{
        {.inside = {ip("10.0.0.0"), 8}, .addresses = {{ip("198.51.100.1"), ip("198.51.100.2")}}}};
    test::FixedPolicy policy{params};
    pool::Exhaustion exhaustion{2};
    std::vector<std::string> said;
    gateway::ShortageLog log{policy.current, exhaustion,
                             [this](const std::string& line) { said.push_back(line); }};
    Tick now{0xffff0000};  // the clock runs round within the first minutes

    void run_out(uint32_t slot) {
        net::Tuple reply;
        reply.source = ip("203.0.113.10");
        reply.source_port = Be16::from_host(53);
        reply.protocol = net::Protocol::Udp;
        exhaustion.add(slot, reply);
    }
    /// Turns once a second or, to get on, once in `step`.
    void pass(Duration time, Duration step = Duration::seconds(1)) {
        for (int64_t gone = 0; gone < time.milliseconds; gone += step.milliseconds) {
            now = now + step;
            log.turn(now);
        }
    }
};

}  // namespace

TEST_CASE("shortage log: an address is named when it runs out, and why", "[gateway]") {
    Pool pool;
    pool.pass(Duration::seconds(3));
    CHECK(pool.said.empty());
    pool.run_out(1);
    pool.run_out(1);
    pool.pass(Duration::seconds(1));
    REQUIRE(pool.said.size() == 1);
    CHECK(pool.said[0] ==
          "198.51.100.2 has no free port toward 203.0.113.10:53 (udp): 2 packets went to another "
          "address or were dropped");
}

TEST_CASE("shortage log: as long as it lasts it is said every 10 s", "[gateway]") {
    Pool pool;
    for (int second = 0; second < 61; ++second) {
        pool.run_out(0);
        pool.pass(Duration::seconds(1));
    }
    CHECK(pool.said.size() == 7);
}

TEST_CASE("shortage log: it is said again after any time", "[gateway]") {
    Pool pool;
    for (const int days : {1, 20, 23, 25, 26, 40, 49, 50, 100, 365}) {
        CAPTURE(days);
        pool.said.clear();
        pool.run_out(0);
        pool.pass(Duration::seconds(2));
        CHECK(pool.said.size() == 1);
        for (int day = 0; day < days; ++day)
            pool.pass(kDay, Duration::seconds(600));
    }
}

}  // namespace shortage_log_test
