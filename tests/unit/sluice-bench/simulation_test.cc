// SPDX-License-Identifier: BSD-3-Clause
#include "sluice-bench/simulation.h"

#include "catch.h"

#include <cmath>
#include <numeric>

namespace simulation_test {

using namespace sluice::bench;

namespace {

constexpr uint64_t k100M = 100'000'000;

constexpr Costs kCosts{.packet = 100,
                       .open = 1000,
                       .handoff = 60,
                       .line = 50,
                       .idle = 1,
                       .end = 300,
                       .lease = 16,
                       .event = 10,
                       .reading = 20};

double of(const Forecast& forecast, Part part) {
    return forecast.packets[static_cast<size_t>(part)];
}

Crowd crowd(uint64_t flows, unsigned workers) {
    return {.flows = flows, .workers = workers};
}

}  // namespace

TEST_CASE("simulation: Zipf's sums are right for a hundred million flows", "[bench]") {
    CHECK(zipf_sum(1, 3, 1) == Approx(1 + 1.0 / 2 + 1.0 / 3).epsilon(1e-12));
    CHECK(zipf_sum(2, 3, 2) == Approx(1.0 / 4 + 1.0 / 9).epsilon(1e-12));
    // The harmonic number is ln n + Euler's constant + 1/2n.
    CHECK(zipf_sum(1, k100M, 1) == Approx(std::log(1e8) + 0.5772156649015329).epsilon(1e-9));
    CHECK(zipf_sum(1, k100M, 0) == Approx(1e8).epsilon(1e-9));
    CHECK(zipf_sum(1, 5'000'000'000, 0) == Approx(5e9).epsilon(1e-9));
    CHECK(zipf_sum(1, 3'000'000, 1.1) + zipf_sum(3'000'001, k100M, 1.1) ==
          Approx(zipf_sum(1, k100M, 1.1)).epsilon(1e-9));
}

TEST_CASE("simulation: RSS gives each worker a share, the same for the same seed", "[bench]") {
    for (const unsigned workers : {1u, 2u, 16u, 64u}) {
        const std::vector<double> shares = worker_shares(crowd(k100M, workers));
        REQUIRE(shares.size() == workers);
        CHECK(std::accumulate(shares.begin(), shares.end(), 0.0) == Approx(1.0).epsilon(1e-9));
        CHECK(shares == worker_shares(crowd(k100M, workers)));
    }
    Crowd other = crowd(k100M, 16);
    other.seed = 2;
    CHECK(worker_shares(other) != worker_shares(crowd(k100M, 16)));
    CHECK(worker_shares(crowd(1, 1)) == std::vector<double>{1.0});
}

TEST_CASE("simulation: a worker has the most frequent flow, and cannot share it", "[bench]") {
    const double first = 1 / zipf_sum(1, k100M, 1.1);
    CHECK(forecast(kCosts, crowd(k100M, 64)).busiest >= first);
    Crowd even = crowd(k100M, 64);
    even.exponent = 0;
    CHECK(forecast(kCosts, even).busiest == Approx(1.0 / 64).epsilon(0.01));
}

TEST_CASE("simulation: each part is full when its steps fill a second", "[bench]") {
    const Forecast one = forecast(kCosts, crowd(1'000'000, 1));
    CHECK(one.busiest == 1);
    // A packet, and a twentieth of an opening with four lines and two entries of the journal.
    CHECK(of(one, Part::Worker) == Approx(1e9 / (100 + (1000 + 200 + 20) / 20.0)).epsilon(1e-9));
    CHECK(of(one, Part::Table) ==
          Approx(1e9 / (2 * 50 * (1 - std::pow(0.95, 32)) / 32)).epsilon(1e-9));
    const double hottest = 1 / zipf_sum(1, 10'000, 1.1);
    CHECK(of(one, Part::Counters) == Approx(1e9 / (hottest * 3 * 50 / 20)).epsilon(1e-9));
    // A nanosecond a record, 16 a block of 64 flows; then ends with four lines and an entry.
    CHECK(one.control_idle == Approx(1.25e-3).epsilon(1e-9));
    CHECK(of(one, Part::Control) == Approx((1e9 - 1.25e6) / (510 / 20.0)).epsilon(1e-9));
    CHECK(of(one, Part::Reader) == Approx(1e9 / (3 * 20 / 20.0)).epsilon(1e-9));
    CHECK(one.first() == Part::Worker);
    CHECK(one.most() == of(one, Part::Worker));
}

TEST_CASE("simulation: replies on another core cost a handoff each", "[bench]") {
    Crowd both = crowd(1'000'000, 2);
    both.exponent = 0;
    const double apart = of(forecast(kCosts, both), Part::Worker);
    both.is_steered = true;
    const Forecast steered = forecast(kCosts, both);
    // Half of the packets are replies, half of which arrive at the wrong one of two.
    CHECK(1e9 / apart - 1e9 / of(steered, Part::Worker) ==
          Approx(steered.busiest * 60 / 4).epsilon(1e-6));
}

TEST_CASE("simulation: standing flows alone fill the control core in the end", "[bench]") {
    Crowd many = crowd(k100M, 64);
    many.flows_per_block = 0;
    Forecast made = forecast(kCosts, many);
    CHECK(made.control_idle == Approx(0.1).epsilon(1e-9));
    CHECK(of(made, Part::Control) == Approx(0.9e9 / (510 / 20.0)).epsilon(1e-9));
    many.flows = 5'000'000'000;  // more than 32 bits have
    made = forecast(kCosts, many);
    CHECK(made.control_idle == Approx(5.0).epsilon(1e-9));
    CHECK(of(made, Part::Control) == 0);
    CHECK(made.first() == Part::Control);
    CHECK(made.most() == 0);
}

TEST_CASE("simulation: with many workers what they share is full first", "[bench]") {
    Crowd even = crowd(1'000'000, 1);
    even.exponent = 0;
    even.is_steered = true;
    CHECK(forecast(kCosts, even).first() == Part::Worker);
    even.workers = 64;
    const Forecast many = forecast(kCosts, even);
    CHECK(many.first() == Part::Control);
    // None of what they share depends on how many they are.
    for (const Part part : {Part::Table, Part::Counters, Part::Control, Part::Reader}) {
        even.workers = 16;
        CHECK(of(forecast(kCosts, even), part) == of(many, part));
    }
}

TEST_CASE("simulation: a slow reader of the journal is full first", "[bench]") {
    Costs slow = kCosts;
    slow.reading = 2000;
    CHECK(forecast(slow, crowd(1'000'000, 64)).first() == Part::Reader);
}

}  // namespace simulation_test
