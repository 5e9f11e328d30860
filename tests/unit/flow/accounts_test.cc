// SPDX-License-Identifier: BSD-3-Clause
#include "flow/accounts.h"

#include "catch.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

namespace accounts_test {

using namespace sluice;
using namespace sluice::flow;
using enum net::Direction;

namespace {

/// Accounts of a few records, beside what they have been told.
struct Kept {
    std::array<FlowRecord, 3> records{};
    std::array<Account, 3> memory{};
    Accounts accounts{records, memory};
    std::array<BothTraffic, 3> told{};

    void add(FlowRef flow, const Traffic& more) {
        accounts.add(flow, more);
        Traffic& all = told[flow.index()][index(flow.direction())];
        all.packets += more.packets;
        all.bytes += more.bytes;
    }
    bool is_right() const {
        for (uint32_t i = 0; i < records.size(); ++i)
            if (accounts.read(i) != told[i])
                return false;
        return true;
    }
};

}  // namespace

TEST_CASE("accounts: each flow and direction has its own", "[flow][accounting]") {
    Kept kept;
    Accounts& accounts = kept.accounts;
    REQUIRE(accounts.is_on());
    accounts.begin(0, 100);
    accounts.begin(1, 200);
    accounts.add({1, Original}, {1, 50});
    accounts.add({1, Reply}, {1, 7});
    accounts.add({1, Reply}, {0, 1480});  // the rest of a datagram
    CHECK(accounts.read(0) == BothTraffic{{{1, 100}, {}}});
    CHECK(accounts.read(1) == BothTraffic{{{2, 250}, {1, 1487}}});
    CHECK(accounts.read(2) == BothTraffic{});
}

TEST_CASE("accounts: a record's next flow starts anew", "[flow][accounting]") {
    Kept kept;
    kept.accounts.begin(0, 100);
    for (int i = 0; i < 700; ++i)
        kept.accounts.add({0, Reply}, {1, 9000});
    kept.records[0].look_into();
    SECTION("with a packet") {
        kept.accounts.begin(0, 40);
        CHECK(kept.accounts.read(0) == BothTraffic{{{1, 40}, {}}});
        CHECK(kept.records[0].is_looked_into());
    }
    SECTION("without") {
        kept.accounts.clear(0);
        CHECK(kept.accounts.read(0) == BothTraffic{});
        CHECK(kept.records[0].is_looked_into());
    }
    SECTION("and a record that begins has no mark") {
        kept.records[0].begin(Tick{5});
        kept.accounts.begin(0, 40);
        CHECK(kept.accounts.read(0) == BothTraffic{{{1, 40}, {}}});
        CHECK_FALSE(kept.records[0].is_looked_into());
    }
}

TEST_CASE("accounts: totals are exact after every packet, whatever its size",
          "[flow][accounting]") {
    Kept kept;
    std::mt19937 random(7);
    // The least and the most that there are, and what makes packets or bytes the first to be full.
    const uint32_t most = GENERATE(20u, 60u, 1500u, 4096u, 9000u, 65535u);
    bool is_right = true;
    for (int i = 0; i < 20'000 && is_right; ++i) {
        const uint32_t bytes =
            random() % 4 == 0 ? most : 20 + static_cast<uint32_t>(random() % (most - 19));
        const uint64_t packets = random() % 8 == 0 ? 0 : 1;
        const auto record = static_cast<uint32_t>(random() % 3);
        kept.add({record, random() % 2 == 0 ? Original : Reply}, {packets, bytes});
        is_right = kept.is_right();
    }
    CHECK(is_right);
}

TEST_CASE("accounts: bytes go on beyond 32 bits", "[flow][accounting]") {
    Kept kept;
    for (int i = 0; i < 70'000; ++i)
        kept.add({0, Original}, {1, 65535});
    CHECK(kept.is_right());
    CHECK((*kept.accounts.read(0))[0].bytes > UINT32_MAX);
}

TEST_CASE("accounts: a mark in the tally counts nothing", "[flow][accounting]") {
    Kept kept;
    kept.records[0].look_into();
    for (int i = 0; i < 1000; ++i)
        kept.add({0, Original}, {1, 1500});
    CHECK(kept.is_right());
    CHECK(kept.records[0].is_looked_into());
    kept.records[0].look_away();
    CHECK(kept.is_right());
}

TEST_CASE("accounts: where a process ended between two stores, none is lost or told twice",
          "[flow][accounting]") {
    Kept kept;
    const int before = GENERATE(0, 1, 255, 256, 300);
    for (int i = 0; i < before; ++i)
        kept.add({0, Original}, {1, 100});
    Account::Way& way = kept.memory[0].way[0];
    Tally& tally = kept.records[0].tally[0];
    const Tally::Seen seen = tally.see();
    const int stores = GENERATE(0, 1, 2, 3);
    if (stores > 0)
        way.packets.add(seen.packets(), seen.epoch());
    if (stores > 1)
        way.bytes.add(seen.bytes(), seen.epoch());
    if (stores > 2)
        tally.renew();
    CHECK(kept.is_right());
    kept.accounts.settle(0);
    CHECK(kept.is_right());
    for (int i = 0; i < 1000; ++i)
        kept.add({0, Original}, {1, 100});
    CHECK(kept.is_right());
}

TEST_CASE("accounts: without memory there are none", "[flow][accounting]") {
    const Accounts accounts;
    CHECK_FALSE(accounts.is_on());
    CHECK_FALSE(accounts.read(0));
}

}  // namespace accounts_test
