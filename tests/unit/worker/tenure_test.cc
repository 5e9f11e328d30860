// SPDX-License-Identifier: BSD-3-Clause
#include "worker/tenure.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "packet_builder.h"

#include <chrono>

namespace tenure_test {

using namespace sluice;
using namespace sluice::test;
using stats::Drop;
using worker::Tenure;

namespace {

constexpr auto kHeld = "198.51.100.1";
constexpr auto kOther = "198.51.100.2";
constexpr auto kHost = "10.1.0.10";
constexpr auto kServer = "203.0.113.10";

std::chrono::nanoseconds now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

struct Bench {
    Bench() { holdings.hold(0, true); }

    std::optional<Drop> send(const char* source, const char* destination,
                             link::Realm to = link::Realm::Outside) {
        tenure.begin_turn();
        FakeMbuf mbuf(Frame().ipv4(source, destination).udp(5000, 53).bytes());
        return tenure.refuse_to_send(mbuf, to);
    }

    pool::Holdings holdings{{ip(kHeld), ip(kOther)}};
    Tenure tenure{&holdings};
};

}  // namespace

TEST_CASE("tenure: without a cluster nothing is refused", "[worker]") {
    Tenure tenure(nullptr);
    tenure.begin_turn();
    CHECK(tenure.has_lease());
    CHECK(tenure.is_settled());
    FakeMbuf mbuf(Frame().ipv4(kOther, kServer).udp(5000, 53).bytes());
    CHECK_FALSE(tenure.refuse_to_send(mbuf, link::Realm::Outside));
}

TEST_CASE("tenure: a lease lasts until its moment, and is looked at once a turn", "[worker]") {
    Bench bench;
    bench.tenure.begin_turn();
    CHECK_FALSE(bench.tenure.has_lease());
    CHECK(bench.send(kHeld, kServer) == Drop::NoLease);
    bench.holdings.extend(now() + std::chrono::hours(1));
    CHECK_FALSE(bench.tenure.has_lease());
    bench.tenure.begin_turn();
    CHECK(bench.tenure.has_lease());
    bench.holdings.extend(now() - std::chrono::nanoseconds(1));
    bench.tenure.begin_turn();
    CHECK_FALSE(bench.tenure.has_lease());
}

TEST_CASE("tenure: who has waited for a hop leaves by a held address alone", "[worker]") {
    Bench bench;
    bench.holdings.extend(now() + std::chrono::hours(1));
    CHECK_FALSE(bench.send(kHeld, kServer));
    CHECK(bench.send(kOther, kServer) == Drop::NotHeld);
    CHECK_FALSE(bench.send(kServer, kHost));                      // a reply
    CHECK_FALSE(bench.send(kOther, kHost, link::Realm::Inside));  // of a host of another gateway
    CHECK(bench.send(kOther, kHost, link::Realm::ByAddress) == Drop::NotHeld);
    bench.holdings.hold(0, false);
    CHECK(bench.send(kHeld, kServer) == Drop::NotHeld);
}

TEST_CASE("tenure: it is unsettled from each change on until flows have ended", "[worker]") {
    Bench bench;
    bench.tenure.begin_turn();
    CHECK_FALSE(bench.tenure.is_settled());
    bench.holdings.settle(bench.holdings.edition());
    bench.tenure.begin_turn();
    CHECK(bench.tenure.is_settled());
    bench.holdings.leave_to_other(1, true);
    bench.tenure.begin_turn();
    CHECK_FALSE(bench.tenure.is_settled());
}

}  // namespace tenure_test
