// SPDX-License-Identifier: BSD-3-Clause
#include "nat/kept_endpoints.h"

#include "bench.h"
#include "catch.h"

namespace kept_endpoints_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;

namespace {

struct Bench : Ground, Opener {
    Bench()
        : Ground({}, rule_with(1, pool::kAllPorts), 4096), Opener(static_cast<Ground&>(*this)) {}

    void learn(const Opening& opening) {
        known.learn(opening.flow.index(), table->record(opening.flow));
    }
    std::optional<net::Endpoint> find(Be32 source, uint16_t own) {
        return known.find(*table, udp(source, own, kOtherServer), now);
    }
    net::Endpoint external(const Opening& opening) {
        return {reply(opening).destination, reply(opening).destination_port};
    }

    KeptEndpoints known;
};

}  // namespace

TEST_CASE("kept endpoints: the newest flow of an endpoint says which, while it lives", "[nat]") {
    Bench bench;
    CHECK_FALSE(bench.find(host(1), 5000));
    const Opening older = bench.open(host(1), 5000);
    bench.learn(older);
    CHECK(bench.find(host(1), 5000) == bench.external(older));
    bench.open(host(2), 5000, kOtherServer);
    bench.open(host(2), bench.port(older), kOtherServer);
    const Opening newer = bench.open(host(1), 5000, kOtherServer);
    bench.learn(newer);
    CHECK(bench.find(host(1), 5000) == bench.external(newer));
    bench.end(newer);
    CHECK(bench.find(host(1), 5000) == bench.external(older));
    bench.end(older);
    CHECK_FALSE(bench.find(host(1), 5000));
}

TEST_CASE("kept endpoints: a flow past its deadline says nothing", "[nat]") {
    Bench bench;
    bench.learn(bench.open(host(1), 5000));
    REQUIRE(bench.find(host(1), 5000));
    bench.now = bench.now + Duration::seconds(31);
    CHECK_FALSE(bench.find(host(1), 5000));
}

TEST_CASE("kept endpoints: another endpoint's flow, and a record's next use, say nothing",
          "[nat]") {
    Bench bench;
    const Opening opening = bench.open(host(1), 5000);
    bench.learn(opening);
    for (uint32_t number = 2; number < 2000; ++number)
        CHECK_FALSE(bench.find(host(number), 5000));
    CHECK_FALSE(bench.find(host(1), 5001));
    bench.end(opening);
    bench.member.quiescent();
    bench.member.quiescent();
    // All records are used anew, also by the same endpoint: nobody has learned of these.
    for (uint32_t number = 0; number < 4096; ++number)
        bench.open(host(1), static_cast<uint16_t>(10'000 + number));
    CHECK_FALSE(bench.find(host(1), 5000));
}

}  // namespace kept_endpoints_test
