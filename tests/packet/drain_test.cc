// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Reloads follow one another while flows that they leave without ground drain.

#include "catch.h"
#include "gateway/draining.h"
#include "gateway/touched.h"
#include "testbed.h"

namespace drain_test {

using namespace sluice;
using namespace sluice::test;
using std::chrono::seconds;

namespace {

constexpr seconds kDrainTime{160};

/// Hosts 10.1.0.10, .11 and .12, who may open flows or not.
struct Drained {
    config::Config config;
    Testbed bed{TestbedOptions{.configure = [this](config::Config& all) { config = all; }}};
    gateway::Draining draining;
    gateway::Draining::Clock::time_point start{};

    static std::string host(unsigned number) { return "10.1.0." + std::to_string(number); }

    void ask(unsigned number) {
        REQUIRE(bed.from_inside(Frame().ipv4(host(number), kServer).udp(5000, 53)).size() == 1);
    }
    /// From now on these are denied.
    void reload(seconds at, const std::vector<unsigned>& denied) {
        config.deny.clear();
        for (const unsigned number : denied)
            config.deny.push_back({{ip(host(number)), 32}, {}});
        auto policy = bed.gateway().policies().compile(config);
        REQUIRE(policy);
        bed.gateway().policies().use(*policy, 0);
        bed.run();
        bed.gateway().policies().free_waiting();
        draining.begin(*policy, start + at, kDrainTime);
    }
    /// How many flows have ended by then.
    uint64_t ended(seconds at) {
        const auto kept = draining.take_due(start + at);
        std::vector<const policy::Policy*> policies;
        for (const auto& policy : kept)
            policies.push_back(policy.get());
        return kept.empty() ? 0 : gateway::end_without_ground(bed.gateway().table(), policies);
    }
    bool lives(unsigned number) {
        return !bed.from_inside(Frame().ipv4(host(number), kServer).udp(5000, 53)).empty();
    }
};

}  // namespace

TEST_CASE("drain: each flow ends when its own time is over, whatever reloads follow", "[packet]") {
    Drained gateway;
    for (const unsigned host : {10, 11, 12})
        gateway.ask(host);
    gateway.reload(seconds(0), {10});
    gateway.reload(seconds(100), {10, 11});
    gateway.reload(seconds(150), {10, 11});
    CHECK(gateway.ended(seconds(159)) == 0);
    CHECK(gateway.ended(seconds(160)) == 1);
    CHECK_FALSE(gateway.lives(10));
    CHECK(gateway.lives(11));
    CHECK(gateway.ended(seconds(259)) == 0);
    CHECK(gateway.ended(seconds(260)) == 1);
    CHECK_FALSE(gateway.lives(11));
    CHECK(gateway.ended(seconds(310)) == 0);
    CHECK(gateway.lives(12));
}

TEST_CASE("drain: a flow that had ground meanwhile has all of its time again", "[packet]") {
    Drained gateway;
    gateway.ask(10);
    gateway.reload(seconds(0), {10, 11});
    gateway.reload(seconds(50), {});
    gateway.ask(11);  // opened meanwhile
    gateway.reload(seconds(100), {10, 11});
    CHECK(gateway.ended(seconds(160)) == 0);
    CHECK(gateway.ended(seconds(210)) == 0);
    CHECK(gateway.lives(10));
    CHECK(gateway.lives(11));
    CHECK(gateway.ended(seconds(260)) == 2);
    CHECK(gateway.bed.flows() == 0);
}

}  // namespace drain_test
