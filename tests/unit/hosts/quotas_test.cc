// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/quotas.h"

#include "catch.h"
#include "packet_builder.h"

#include <memory>
#include <vector>

namespace quotas_test {

using namespace sluice;
using namespace sluice::hosts;
using sluice::test::ip;

namespace {

constexpr uint16_t kDoor = 7;

struct Bench {
    std::unique_ptr<HostTable> hosts =
        std::move(HostTable::create({.capacity = 8, .flows = 16, .secret = 7}).value());
    std::unique_ptr<Quotas> quotas =
        std::move(Quotas::create({.flows = 16, .prefixes = 8, .secret = 7}, *hosts).value());
    Tick now{5'000};

    Refusal charge(const QuotaRequest& request) {
        const Refusal wanted = quotas->would_charge(request, now);
        const Charged charged = quotas->charge(request, now);
        CHECK(charged.refusal == wanted);
        last = charged.charge;
        return charged.refusal;
    }
    /// Ends a flow that was charged so, in the record.
    void end(uint32_t flow, const Charge& charge, net::Sides sides) {
        flow::FlowRecord record{};
        record.sides = {sides};
        quotas->set(flow, charge);
        hosts->set_host(flow, kNoHost);
        quotas->ended(flow, record);
    }
    Charge last;
};

constexpr net::Sides kInward{net::Side::Outside, net::Side::Inside};

net::InsideAddress prefix(const char* address) {
    return {ip(address)};
}

}  // namespace

TEST_CASE("quotas: a door has its own limit, and all of them one together", "[hosts]") {
    Bench bench;
    const QuotaRequest request{.door = kDoor, .most_inward = 3, .of_door = {.flows = 2}};
    QuotaRequest other = request;
    other.door = kCommonDoor;
    CHECK(bench.charge(request) == Refusal::None);
    CHECK(bench.charge(request) == Refusal::None);
    CHECK(bench.charge(request) == Refusal::Door);
    CHECK(bench.quotas->flows_of(kNoDoor) == 2);
    CHECK(bench.charge(other) == Refusal::None);
    CHECK(bench.charge(other) == Refusal::Inward);

    bench.end(3, {.door = kDoor}, kInward);
    CHECK(bench.quotas->uses(3, {.door = kDoor}, bench.now));
    CHECK(bench.quotas->uses(3, {}, bench.now));
    CHECK_FALSE(bench.quotas->uses(3, {.door = kCommonDoor}, bench.now));
    CHECK(bench.charge(request) == Refusal::None);
    bench.quotas->give_back(bench.last);
    CHECK(bench.quotas->flows_of(kDoor) == 1);
    CHECK(bench.quotas->flows_of(kNoDoor) == 2);
}

TEST_CASE("quotas: a rate refuses what is beyond it in a second, and costs no place", "[hosts]") {
    Bench bench;
    const QuotaRequest request{.door = kDoor, .of_door = {.new_per_second = 2}};
    CHECK(bench.charge(request) == Refusal::None);
    CHECK(bench.charge(request) == Refusal::None);
    CHECK(bench.charge(request) == Refusal::DoorRate);
    CHECK(bench.quotas->flows_of(kDoor) == 2);
    CHECK(bench.quotas->flows_of(kNoDoor) == 2);
    bench.now = bench.now + Duration::seconds(1);
    CHECK(bench.charge(request) == Refusal::None);
}

TEST_CASE("quotas: a prefix that is full takes nothing from a door", "[hosts]") {
    Bench bench;
    const QuotaRequest request{.door = kDoor, .prefix = prefix("100.0.1.0"), .most_of_prefix = 1};
    CHECK(bench.charge(request) == Refusal::None);
    const Charge first = bench.last;
    CHECK(bench.charge(request) == Refusal::Prefix);
    CHECK(bench.quotas->flows_of(kDoor) == 1);
    QuotaRequest other = request;
    other.prefix = prefix("100.0.2.0");
    CHECK(bench.charge(other) == Refusal::None);
    bench.end(5, first, kInward);
    CHECK(bench.charge(request) == Refusal::None);
}

TEST_CASE("quotas: a flow from inside is counted for its prefix alone", "[hosts]") {
    Bench bench;
    const QuotaRequest request{.prefix = prefix("10.1.0.0"), .most_of_prefix = 1};
    CHECK(bench.charge(request) == Refusal::None);
    CHECK(bench.quotas->flows_of(kNoDoor) == 0);
    CHECK(bench.charge(request) == Refusal::Prefix);
    bench.end(1, bench.last, {});  // what was refused has been charged for nothing
    CHECK(bench.charge(request) == Refusal::Prefix);
}

TEST_CASE("quotas: what is used up is what was refused, if a flow's end would help", "[hosts]") {
    Bench bench;
    const QuotaRequest request{.door = kDoor, .prefix = prefix("100.0.1.0"), .most_of_prefix = 1};
    CHECK_FALSE(used_up(request, Refusal::None));
    CHECK_FALSE(used_up(request, Refusal::DoorRate));
    REQUIRE(bench.charge(request) == Refusal::None);
    bench.quotas->set(1, bench.last);
    bench.quotas->set(2, {});
    QuotaRequest other{.prefix = prefix("100.0.2.0")};
    REQUIRE(bench.charge(other) == Refusal::None);
    bench.quotas->set(3, bench.last);
    const auto uses = [&](uint32_t flow, Refusal refusal) {
        return bench.quotas->uses(flow, *used_up(request, refusal), bench.now);
    };
    for (const Refusal refusal : {Refusal::Inward, Refusal::Door, Refusal::Prefix}) {
        CHECK(uses(1, refusal));
        CHECK_FALSE(uses(2, refusal));
        CHECK_FALSE(uses(3, refusal));
    }
}

TEST_CASE("quotas: without limits all is admitted, and counted", "[hosts]") {
    Bench bench;
    for (int i = 0; i < 1000; ++i)
        REQUIRE(bench.charge({.door = kDoor}) == Refusal::None);
    CHECK(bench.quotas->flows_of(kDoor) == 1000);
}

TEST_CASE("quotas: a door's rate is not that of 49 days ago", "[hosts]") {
    constexpr uint32_t kTurn = 120'000;
    Bench bench;
    Grace grace(1);
    const QuotaRequest request{.door = kDoor, .of_door = {.new_per_second = 1}};
    const Tick start = bench.now;
    CHECK(bench.charge(request) == Refusal::None);
    CHECK(bench.charge(request) == Refusal::DoorRate);
    for (uint64_t passed = 0; passed < (uint64_t{1} << 32) - kTurn; passed += kTurn) {
        bench.now = bench.now + Duration{kTurn};
        bench.quotas->turn(bench.now, grace);
    }
    bench.now = start;  // the same tick
    CHECK(bench.charge(request) == Refusal::None);
}

TEST_CASE("quotas: what would be charged once flows have ended is told beforehand", "[hosts]") {
    Bench bench;
    const QuotaRequest request{.door = kDoor,
                               .most_inward = 2,
                               .of_door = {.flows = 2},
                               .prefix = prefix("100.0.1.0"),
                               .most_of_prefix = 1};
    CHECK(bench.charge(request) == Refusal::None);
    bench.quotas->set(1, bench.last);
    QuotaRequest other = request;
    other.door = kCommonDoor;
    other.prefix = prefix("100.0.2.0");
    CHECK(bench.charge(other) == Refusal::None);
    bench.quotas->set(2, bench.last);
    bench.quotas->set(3, {});  // of a flow from inside
    const auto without = [&](std::vector<uint32_t> ended) {
        return bench.quotas->would_charge(request, bench.now, ended);
    };
    CHECK(without({}) == Refusal::Inward);
    CHECK(without({3}) == Refusal::Inward);
    CHECK(without({2}) == Refusal::Prefix);  // the other one has its prefix still
    CHECK(without({1}) == Refusal::None);
    CHECK(without({1, 2}) == Refusal::None);
    QuotaRequest full = request;
    full.most_inward = 0;
    full.of_door.flows = 1;
    CHECK(bench.quotas->would_charge(full, bench.now) == Refusal::Door);
    const std::vector<uint32_t> of_other{2}, of_it{1};
    CHECK(bench.quotas->would_charge(full, bench.now, of_other) == Refusal::Door);
    CHECK(bench.quotas->would_charge(full, bench.now, of_it) == Refusal::None);
}

}  // namespace quotas_test
