// SPDX-License-Identifier: BSD-3-Clause
#include "flow/flow_table.h"

#include "catch.h"
#include "flow/reading.h"
#include "flows.h"

#include <array>
#include <cstring>
#include <new>
#include <set>
#include <vector>

namespace flow_table_test {

using namespace sluice;
using namespace sluice::flow;
using namespace sluice::flow::testing;
using enum InsertOutcome;
using net::Direction;

TEST_CASE("flow table: parameters out of range are refused by name", "[flow]") {
    const auto message = [](FlowTableParams params) {
        const auto table = FlowTable::create(params);
        return table ? std::string() : table.error().message;
    };
    CHECK(message({}).find("0 flows") != std::string::npos);
    CHECK(message({.capacity = (1u << 28) + 1}).find("268435457") != std::string::npos);
    CHECK(message({.capacity = 1, .max_members = 0}).find("threads") != std::string::npos);
    CHECK(message({.capacity = 1, .index_load = 9}).find("9 percent") != std::string::npos);
    CHECK(message({.capacity = 100'000'000, .pages = PageKind::Huge}).find("hugepages") !=
          std::string::npos);
}

TEST_CASE("flow table: ten million flows fit 1.65 billion bytes", "[flow]") {
    CHECK(FlowTable::bytes_needed(10'000'000) <= 1'650'000'000);
    CHECK(FlowTable::bytes_needed(10'000'000) / 10'000'000 <= 160);
    CHECK(FlowTable::bytes_needed(100'000'000) / 100'000'000 <= 160);  // more than 32 bits have
    CHECK(make_table(1000)->bytes() >= FlowTable::bytes_needed(1000));
    CHECK(FlowTable::bytes_needed(4096, true) == FlowTable::bytes_needed(4096) + 32 * 4096);
}

TEST_CASE("flow table: a flow is found by both its tuples", "[flow]") {
    const auto table = make_table(100);
    Member member(*table);
    const Insertion insertion = open(*table, member, 7);
    REQUIRE(insertion.outcome == Inserted);
    CHECK(table->size() == 1);

    const FlowRef by_original = table->find(original(7), kNow);
    const FlowRef by_reply = table->find(reply(7), kNow);
    REQUIRE(by_original);
    REQUIRE(by_reply);
    CHECK(by_original == insertion.holder);
    CHECK(by_original.direction() == Direction::Original);
    CHECK(by_reply.direction() == Direction::Reply);
    CHECK(by_reply.index() == by_original.index());
    CHECK_FALSE(table->find(original(8), kNow));
    CHECK_FALSE(table->find(original(7).reversed(), kNow));
}

TEST_CASE("flow table: a flow that is put by its keys' hashes is found, by them too", "[flow]") {
    const auto table = make_table(100);
    Member member(*table);
    std::array<uint32_t, 1> index{};
    REQUIRE(member.take(index) == 1);
    fill(table->record(index[0]), original(7), reply(7), kNow + kLong);
    const std::array<net::Tuple, 2> keys{original(7), reply(7)};
    std::array<uint64_t, 2> hashes{};
    table->hasher().bulk(keys, hashes);
    CHECK(hashes[1] == table->hasher()(keys[1]));
    const Insertion insertion = member.insert(index[0], hashes, kNow);
    REQUIRE(insertion.outcome == Inserted);
    CHECK(table->find(keys[0], kNow) == insertion.holder);
    CHECK(table->find(hashes[0], keys[0], kNow) == insertion.holder);
    CHECK(table->find(hashes[1], keys[1], kNow) == FlowRef(index[0], Direction::Reply));
}

TEST_CASE("flow table: a killed flow is a miss and its record comes back", "[flow]") {
    const auto table = make_table(1);
    Member member(*table);
    const FlowRef ref = open(*table, member, 1).holder;
    const LifeWord life = table->record(ref).life.load();
    CHECK(member.kill(ref.index(), life));
    CHECK_FALSE(member.kill(ref.index(), life));
    CHECK_FALSE(table->find(original(1), kNow));
    CHECK_FALSE(table->find(reply(1), kNow));
    CHECK(table->size() == 0);

    std::array<uint32_t, 1> index{};
    CHECK(member.take(index) == 0);  // this thread may still hold a reference
    member.quiescent();
    REQUIRE(member.take(index) == 1);
    const LifeWord next = table->record(index[0]).life.load();
    CHECK(next.generation() != life.generation());
    CHECK(next.life() == Life::Opening);
    fill(table->record(index[0]), original(2), reply(2), kNow + kLong);
    REQUIRE(member.insert(index[0], kNow).outcome == Inserted);
    CHECK_FALSE(member.kill(index[0], life));  // an earlier use of the record
    CHECK(table->find(original(2), kNow));
}

TEST_CASE("flow table: a record waits for every member, but not for one that sleeps", "[flow]") {
    const auto table = make_table(1);
    Member member(*table);
    Member reader(*table);
    close(*table, member, open(*table, member, 1).holder);
    std::array<uint32_t, 1> index{};
    for (int i = 0; i < 3; ++i)
        member.quiescent();
    CHECK(member.take(index) == 0);

    SECTION("until it is quiescent") {
        reader.quiescent();
    }
    SECTION("until it goes offline") {
        reader.offline();
    }
    CHECK(member.take(index) == 1);
}

TEST_CASE("flow table: a member that leaves leaves its records to the others", "[flow]") {
    const auto table = make_table(1);
    Member stays(*table);
    {
        Member leaves(*table);
        close(*table, leaves, open(*table, leaves, 1).holder);
    }
    std::array<uint32_t, 1> index{};
    for (int i = 0; i < 3; ++i)
        stays.quiescent();
    CHECK(stays.take(index) == 1);
}

TEST_CASE("flow table: a list that is stopped in the middle holds nobody's records", "[flow]") {
    const auto table = make_table(1);
    Member member(*table);
    const FlowRef ref = open(*table, member, 1).holder;
    Reading reading(*table);
    REQUIRE(close(*table, member, ref));
    std::array<uint32_t, 1> index{};
    for (int i = 0; i < 5; ++i)
        member.quiescent();
    CHECK(member.take(index) == 0);
    CHECK(table->retired() == 1);

    table->grace().put_late_offline(kNow, Duration{100});
    CHECK(table->grace().put_late_offline(kNow + Duration{101}, Duration{100}) == 1);
    member.quiescent();
    CHECK(table->retired() == 0);
    CHECK(member.take(index) == 1);
    CHECK_FALSE(reading.end());
}

TEST_CASE("flow table: what was copied too slowly is copied again", "[flow]") {
    const auto table = make_table(1);
    int looks = 0;
    const int copied = read_records(*table, [&] {
        if (++looks < 3) {
            table->grace().put_late_offline(kNow, Duration{100});
            table->grace().put_late_offline(kNow + Duration{101}, Duration{100});
        }
        return looks;
    });
    CHECK(copied == 3);
}

TEST_CASE("flow table: records given back unused can be taken again", "[flow]") {
    const auto table = make_table(5);
    Member member(*table);
    std::array<uint32_t, 8> indexes{};
    CHECK(member.take(indexes) == 5);
    CHECK(std::set<uint32_t>(indexes.begin(), indexes.begin() + 5).size() == 5);
    member.give_back(std::span(indexes).first(3));
    CHECK(member.take(indexes) == 3);
}

TEST_CASE("flow table: a burst is inserted as its flows are one by one", "[flow]") {
    const auto table = make_table(3000, 97);
    Member member(*table);
    std::array<uint32_t, 50> indexes{};
    std::array<Keys, 50> keys{};
    std::array<Insertion, 50> insertions{};
    for (uint32_t first = 0; first < 3000; first += 50) {
        REQUIRE(member.take(indexes) == 50);
        for (uint32_t i = 0; i < 50; ++i) {
            // The last of each burst wants the first one's reply tuple.
            fill(table->record(indexes[i]), original(first + i), reply(first + i % 49),
                 kNow + kLong);
            keys[i] = member.prepare(indexes[i]);
        }
        member.insert_bulk(indexes, keys, kNow, insertions);
        for (uint32_t i = 0; i < 49; ++i) {
            REQUIRE(insertions[i].outcome == Inserted);
            REQUIRE(insertions[i].holder == FlowRef(indexes[i], Direction::Original));
            REQUIRE(table->find(reply(first + i), kNow) == FlowRef(indexes[i], Direction::Reply));
        }
        REQUIRE(insertions[49].outcome == ReplyTaken);
        REQUIRE(insertions[49].holder == FlowRef(indexes[0], Direction::Reply));
        REQUIRE_FALSE(table->find(original(first + 49), kNow));
        member.quiescent();
    }
    CHECK(table->size() == 3000 / 50 * 49);
}

TEST_CASE("flow table: a record that hangs on two others lets go of both", "[flow]") {
    const auto table = make_table(3);
    Member member(*table);
    std::array<uint32_t, 3> index{};
    REQUIRE(member.take(index) == 3);
    for (const uint32_t holder : {index[0], index[1]}) {
        FlowRecord& record = table->record(holder);
        record.tuple = {original(holder), reply(holder)};
        for (net::Tuple& tuple : record.tuple)
            tuple.kind = static_cast<uint8_t>(holder == index[0] ? Kind::Block : Kind::Mapping);
        record.deadline.store(kNow + Duration::seconds(1));
        new (record.tracker.data()) Holding;
        REQUIRE(member.insert(holder, kNow).outcome == Inserted);
    }
    const auto held = [&](uint32_t holder) {
        return table->record(holder).holding().dependents.load();
    };
    const auto holders_of = [&](uint32_t dependent) {
        std::vector<uint32_t> seen;
        table->record(dependent).for_each_holder([&](uint32_t holder) { seen.push_back(holder); });
        return seen;
    };
    const FlowRecord& hanging = table->record(index[2]);
    CHECK(holders_of(index[2]).empty());
    REQUIRE(member.hang(index[2], index[0]));
    CHECK(holders_of(index[2]) == std::vector{index[0]});
    CHECK_FALSE(hanging.is_looked_into());  // a block needs no packets
    REQUIRE(member.hang(index[2], index[1]));
    CHECK(holders_of(index[2]) == std::vector{index[0], index[1]});
    CHECK(hanging.is_looked_into());
    CHECK(held(index[0]) == 1);
    CHECK(held(index[1]) == 1);

    FlowRecord& flow = table->record(index[2]);
    flow.tuple = {original(7), reply(7)};
    std::memset(flow.tracker.data(), 0xff, flow.tracker.size());
    flow.deadline.store(kNow + Duration::seconds(1));
    REQUIRE(member.insert(index[2], kNow).outcome == Inserted);
    CHECK_FALSE(member.kill(index[1], table->record(index[1]).life.load()));
    REQUIRE(member.kill(index[2], flow.life.load()));
    CHECK(holders_of(index[2]).empty());
    CHECK(held(index[0]) == 0);
    CHECK(held(index[1]) == 0);
}

TEST_CASE("flow table: a tuple has one holder", "[flow]") {
    const auto table = make_table(10);
    Member member(*table);
    const FlowRef first = open(*table, member, 1).holder;

    SECTION("its original tuple is taken") {
        const Insertion second = open(*table, member, original(1), reply(2));
        CHECK(second.outcome == OriginalTaken);
        CHECK(second.holder == first);
        CHECK_FALSE(table->find(reply(2), kNow));
    }
    SECTION("its reply tuple is taken: the external port is in use") {
        const Insertion second = open(*table, member, original(2), reply(1));
        CHECK(second.outcome == ReplyTaken);
        CHECK(second.holder == FlowRef(first.index(), Direction::Reply));
        CHECK_FALSE(table->find(original(2), kNow));
    }
    SECTION("in the other direction too") {
        const Insertion second = open(*table, member, reply(1), reply(2));
        CHECK(second.outcome == OriginalTaken);
        CHECK(second.holder == FlowRef(first.index(), Direction::Reply));
    }
    SECTION("a flow cannot be its own reply") {
        CHECK(open(*table, member, original(3), original(3)).outcome == ReplyTaken);
        CHECK_FALSE(table->find(original(3), kNow));
    }
    CHECK(table->size() == 1);
    CHECK(table->find(original(1), kNow) == first);
    // What lost is reused after a grace period: nothing is left behind.
    member.quiescent(), member.quiescent();
    std::array<uint32_t, 10> indexes{};
    CHECK(member.take(indexes) == 9);
}

TEST_CASE("flow table: an expired flow is a miss and gives way", "[flow]") {
    const auto table = make_table(10);
    Member member(*table);
    const FlowRef old = open(*table, member, original(1), reply(1), kNow).holder;
    CHECK(table->size() == 1);
    CHECK_FALSE(table->find(original(1), kNow));
    CHECK(table->find(original(1), Tick{kNow.milliseconds - 1}) == old);

    const Insertion insertion = open(*table, member, original(2), reply(1));
    CHECK(insertion.outcome == Inserted);
    CHECK(insertion.expired == 1);
    CHECK(open(*table, member, 3).expired == 0);
    CHECK(close(*table, member, table->find(original(3), kNow)));
    CHECK(table->record(old).life.load().life() == Life::Dying);
    CHECK(table->size() == 1);
    CHECK(table->find(reply(1), kNow).index() == insertion.holder.index());
}

TEST_CASE("flow table: a burst finds what single lookups find", "[flow]") {
    const auto table = make_table(3000, 95);
    Member member(*table);
    for (uint32_t n = 0; n < 3000; n += 2)
        REQUIRE(open(*table, member, n).outcome == Inserted);
    for (uint32_t first = 0; first < 3000; first += 50)
        for (const unsigned count : {0u, 1u, 7u, kMaxBulk}) {
            std::vector<net::Tuple> tuples;
            for (uint32_t n = 0; n < count; ++n)
                tuples.push_back(n % 3 == 0 ? reply(first + n) : original(first + n));
            std::vector<FlowRef> refs(count, FlowRef(1, Direction::Reply));
            table->find_bulk(tuples, kNow, refs);
            for (uint32_t n = 0; n < count; ++n) {
                REQUIRE(refs[n] == table->find(tuples[n], kNow));
                REQUIRE(static_cast<bool>(refs[n]) == ((first + n) % 2 == 0 && first + n < 3000));
            }
        }
}

TEST_CASE("flow table: capacity is exact", "[flow]") {
    const uint32_t capacity = GENERATE(1u, 2u, 13u, 1000u, 20'000u);
    const auto table = make_table(capacity);
    Member member(*table);
    for (uint32_t n = 0; n < capacity; ++n)
        REQUIRE(open(*table, member, n).outcome == Inserted);
    std::array<uint32_t, 1> index{};
    CHECK(member.take(index) == 0);
    CHECK(table->size() == capacity);
    CHECK(table->capacity() == capacity);
    for (uint32_t n = 0; n < capacity; ++n) {
        REQUIRE(table->find(original(n), kNow));
        REQUIRE(table->find(reply(n), kNow));
    }
    CHECK(table->counters().no_space == 0);
}

TEST_CASE("flow table: it says NoSpace above 97 % of the slots and loses nothing", "[flow]") {
    // More records than slots for them, so that the index is full first.
    const auto table = make_table(60'000, 100);
    Member member(*table);
    uint32_t count = 0;
    while (open(*table, member, count).outcome == Inserted)
        ++count;
    CHECK(static_cast<double>(count) * 2 / static_cast<double>(table->slots()) > 0.97);
    CHECK(table->counters().no_space == 1);
    CHECK(table->counters().keys_by_moves[kMostMoves] > 0);
    for (uint32_t n = 0; n < count; ++n) {
        REQUIRE(table->find(original(n), kNow));
        REQUIRE(table->find(reply(n), kNow));
    }
    CHECK_FALSE(table->find(original(count), kNow));
    CHECK_FALSE(table->find(reply(count), kNow));
    CHECK(table->size() == count);
    for (uint32_t n = 0; n < count; ++n)
        REQUIRE(close(*table, member, table->find(original(n), kNow)));
    CHECK(table->size() == 0);
}

TEST_CASE("flow table: every live flow is visited once", "[flow]") {
    const auto table = make_table(50);
    Member member(*table);
    for (uint32_t n = 0; n < 40; ++n)
        open(*table, member, n);
    for (uint32_t n = 0; n < 40; n += 4)
        close(*table, member, table->find(original(n), kNow));
    std::multiset<uint32_t> seen;
    for (uint32_t first = 0; first < 60; first += 9)
        table->for_each_live(first, first + 9, [&](uint32_t index, const FlowRecord& record) {
            CHECK(&record == &table->record(index));
            seen.insert(index);
        });
    CHECK(seen.size() == 30);
    CHECK(std::set<uint32_t>(seen.begin(), seen.end()).size() == 30);
}

TEST_CASE("flow table: a freed record has no deadline", "[flow][deadlines]") {
    const auto table = make_table(1);
    Member member(*table);
    const FlowRef ref = open(*table, member, 1).holder;
    table->deadlines().set(ref.index(), kNow, kNow + Duration{5});
    close(*table, member, ref);
    member.quiescent(), member.quiescent();
    uint32_t position = 0;
    std::array<Deadlines::Due, 1> due{};
    CHECK(table->deadlines().scan(position, 1, kNow + Duration{10}, due) == 0);
}

}  // namespace flow_table_test
