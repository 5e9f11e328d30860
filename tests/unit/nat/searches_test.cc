// SPDX-License-Identifier: BSD-3-Clause
#include "nat/searches.h"

#include "bench.h"
#include "catch.h"

#include <set>

namespace searches_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;

namespace {

constexpr pool::PortRange kRange{2000, 2099};

struct Bench {
    Search searched(uint32_t taken, const net::Tuple& of) {
        Search search = searches.begin(of, Walk(kRange, 7, 13));
        search.taken = search.in_a_row = taken;
        return search;
    }

    std::unique_ptr<flow::FlowTable> table = Ground::make(64);
    Searches searches{*table};
    net::Tuple key = udp(host(1), 5000).reversed();
    Tick now{1000};
};

}  // namespace

TEST_CASE("searches: a walk meets each number of its range once", "[nat]") {
    for (const pool::PortRange range :
         {pool::PortRange{0, 0}, {5, 6}, {1, 511}, {600, 1023}, {1024, 65535}, {0, 65535}})
        for (const uint32_t stride : {0U, 1U, range.size() / 2, range.size() - 1}) {
            const Walk walk(range, range.size() / 3, stride);
            std::set<uint16_t> met;
            for (uint32_t step = 0; step < range.size(); ++step)
                met.insert(walk.at(step));
            CHECK(met.size() == range.size());
            CHECK(*met.begin() == range.first);
            CHECK(*met.rbegin() == range.last);
        }
}

TEST_CASE("searches: one that came far is remembered, whatever port is looked at", "[nat]") {
    Bench bench;
    CHECK(bench.searches.find(bench.key, kRange, bench.now) == nullptr);
    bench.searches.remember(bench.searched(80, bench.key), bench.now);
    net::Tuple other_port = bench.key;
    other_port.destination_port = Be16::from_host(1);
    const Search* found = bench.searches.find(other_port, kRange, bench.now);
    REQUIRE(found != nullptr);
    CHECK(found->taken == 80);
    CHECK(bench.searches.find(bench.key, {2000, 2098}, bench.now) == nullptr);
    net::Tuple other_server = bench.key;
    other_server.source = test::ip(kOtherServer);
    CHECK(bench.searches.find(other_server, kRange, bench.now) == nullptr);
}

TEST_CASE("searches: one that found a number soon is not, so that the next begins elsewhere",
          "[nat][rfc6056]") {
    Bench bench;
    Search search = bench.searched(63, bench.key);
    search.has_found = true;
    bench.searches.remember(search, bench.now);
    CHECK(bench.searches.find(bench.key, kRange, bench.now) == nullptr);
    search.in_a_row = 64;
    bench.searches.remember(search, bench.now);
    REQUIRE(bench.searches.find(bench.key, kRange, bench.now) != nullptr);
    CHECK(bench.searches.find(bench.key, kRange, bench.now)->in_a_row == 0);
    search.in_a_row = 1;
    bench.searches.remember(search, bench.now);
    CHECK(bench.searches.find(bench.key, kRange, bench.now) == nullptr);
}

TEST_CASE("searches: one that is forgotten, or told of again, leaves the others", "[nat]") {
    Bench bench;
    net::Tuple other = bench.key;
    other.source = test::ip(kOtherServer);
    bench.searches.remember(bench.searched(80, other), bench.now);
    for (unsigned times = 0; times < 2; ++times)
        bench.searches.remember(bench.searched(80, bench.key), bench.now);
    Search found = bench.searched(1, bench.key);
    found.has_found = true;
    for (unsigned times = 0; times < 2; ++times)
        bench.searches.remember(found, bench.now);
    CHECK(bench.searches.find(bench.key, kRange, bench.now) == nullptr);
    CHECK(bench.searches.find(other, kRange, bench.now) != nullptr);
    found = bench.searched(1, other);
    found.has_found = true;
    bench.searches.remember(found, bench.now);
    CHECK(bench.searches.find(other, kRange, bench.now) == nullptr);
    bench.searches.remember(bench.searched(80, bench.key), bench.now);
    CHECK(bench.searches.find(bench.key, kRange, bench.now) != nullptr);
}

TEST_CASE("searches: a proof is believed for a second, a search under way for longer", "[nat]") {
    Bench bench;
    bench.searches.remember(bench.searched(100, bench.key), bench.now);
    const Search* proof = bench.searches.find(bench.key, kRange, bench.now + Duration{999});
    REQUIRE(proof != nullptr);
    CHECK(proof->is_over());
    CHECK(bench.searches.find(bench.key, kRange, bench.now + kExhausted) == nullptr);
    // Also when the clock has run over since, and the tick looks as if it were to come.
    const Tick late =
        bench.now + Duration::seconds(20 * 24 * 3600) + Duration::seconds(20 * 24 * 3600);
    CHECK(bench.searches.find(bench.key, kRange, late) == nullptr);
    bench.searches.remember(bench.searched(80, bench.key), bench.now);
    CHECK(bench.searches.find(bench.key, kRange, bench.now + Duration::seconds(60)) != nullptr);
}

TEST_CASE("searches: there are some until the last is forgotten", "[nat]") {
    Bench bench;
    CHECK_FALSE(bench.searches.are_any());
    for (unsigned times = 0; times < 2; ++times)
        bench.searches.remember(bench.searched(80, bench.key), bench.now);
    CHECK(bench.searches.are_any());
    Search found = bench.searched(1, bench.key);
    found.has_found = true;
    for (unsigned times = 0; times < 2; ++times)
        bench.searches.remember(found, bench.now);
    CHECK_FALSE(bench.searches.are_any());
}

TEST_CASE("searches: a full set forgets the oldest", "[nat]") {
    Bench bench;
    // More than there is room for, each a millisecond younger than the one before.
    std::vector<net::Tuple> keys;
    for (uint32_t number = 0; number < 4096; ++number) {
        net::Tuple key = bench.key;
        key.destination = host(number);
        keys.push_back(key);
        bench.searches.remember(bench.searched(80, key), bench.now + Duration{int(number)});
    }
    const Tick end = bench.now + Duration{4096};
    unsigned young = 0, old = 0;
    for (size_t i = 0; i < 256; ++i) {
        old += bench.searches.find(keys[i], kRange, end) != nullptr;
        young += bench.searches.find(keys[4095 - i], kRange, end) != nullptr;
    }
    CHECK(old == 0);
    CHECK(young > 200);
}

}  // namespace searches_test
