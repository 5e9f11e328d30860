// SPDX-License-Identifier: BSD-3-Clause
#include "flow/adoption.h"

#include "catch.h"
#include "flows.h"

#include <array>
#include <memory>
#include <set>
#include <vector>

namespace adoption_test {

using namespace sluice;
using namespace sluice::flow;
using namespace sluice::flow::testing;
using net::Direction;

namespace {

constexpr uint32_t kCapacity = 200;

/// Takes all that has time left, and remembers whom it was told of.
class AnyHeir final : public Heir {
public:
    Fate judge(FlowRecord& record) override {
        return record.deadline.load().is_after(kNow) ? verdict : late(record);
    }
    void adopted(uint32_t index, FlowRecord&) override { taken.insert(index); }

    Fate verdict = Fate::Adopted;
    std::set<uint32_t> taken;

private:
    static Fate late(FlowRecord& record) {
        if (record.kind() != Kind::Flow)
            record.deadline.store(kNow + kLong);
        return Fate::Expired;
    }
};

/// Records of a process that is gone.
class Left {
public:
    Left() : records_(std::make_unique<std::array<FlowRecord, kCapacity>>()) {}

    FlowRecord& operator[](uint32_t index) { return (*records_)[index]; }
    void make(uint32_t index, uint32_t n, Kind kind = Kind::Flow, Tick deadline = kNow + kLong) {
        FlowRecord& record = (*this)[index];
        fill(record, original(n), reply(n), deadline);
        for (net::Tuple& tuple : record.tuple)
            tuple.kind = static_cast<uint8_t>(kind);
        record.life.store(LifeWord{}.next_generation().with(Life::Live));
    }
    void hang(uint32_t index, uint32_t holder) {
        (*this)[index].hang_on(holder, (*this)[holder].kind());
    }

    std::unique_ptr<FlowTable> adopt(Heir& heir, uint32_t most_of_batch = Adoption::kMostOfBatch,
                                     unsigned index_load = 85) {
        FlowTableParams params;
        params.index_load = index_load;
        params.capacity = kCapacity;
        params.secret = {1, 2, 3, 4};
        params.accounting = !accounts.empty();
        params.outside = {*records_, accounts};
        auto table = std::move(FlowTable::create(params).value());
        tally = Adoption(*table, heir, kNow, most_of_batch).run();
        return table;
    }

    Accounts counted() { return {*records_, accounts}; }

    Adoption::Tally tally;
    std::vector<Account> accounts;  ///< For each record, or none.

private:
    std::unique_ptr<std::array<FlowRecord, kCapacity>> records_;
};

/// Records that can be taken, each once.
size_t count_free(FlowTable& table) {
    Member member(table);
    for (int turn = 0; turn < 4; ++turn)
        member.quiescent();  // what an adoption has retired comes back
    std::set<uint32_t> taken;
    std::array<uint32_t, 1> index{};
    while (member.take(index) == 1)
        REQUIRE(taken.insert(index[0]).second);
    return taken.size();
}

}  // namespace

TEST_CASE("adoption: flows are found by both keys, and all other records are free", "[flow]") {
    Left left;
    for (uint32_t i = 0; i < kCapacity; i += 2)
        left.make(i, i);
    left[1].life.store(LifeWord{}.with(Life::Opening));
    left[3].life.store(LifeWord{}.with(Life::Dying));
    AnyHeir heir;
    const auto table = left.adopt(heir, GENERATE(1U, 7U, kCapacity));
    CHECK(left.tally.flows == kCapacity / 2);
    CHECK(left.tally.fates[Fate::Adopted] == kCapacity / 2);
    CHECK(heir.taken.size() == kCapacity / 2);
    CHECK(table->size() == kCapacity / 2);
    for (uint32_t i = 0; i < kCapacity; i += 2) {
        CHECK(table->find(original(i), kNow) == FlowRef(i, Direction::Original));
        CHECK(table->find(reply(i), kNow) == FlowRef(i, Direction::Reply));
    }
    CHECK(count_free(*table) == kCapacity / 2);
}

TEST_CASE("adoption: a free record hangs on nothing, whatever it says", "[flow]") {
    Left left;
    const Life life = GENERATE(Life::Free, Life::Opening, Life::Dying);
    left[0].life.store(LifeWord{}.with(life));
    left[0].holder.set(7);
    left[0].second_holder.set(8);
    AnyHeir heir;
    const auto table = left.adopt(heir);
    CHECK(left[0].holder.see().bits == 0);
    CHECK(left[0].second_holder.see().bits == 0);
    CHECK(count_free(*table) == kCapacity);
}

TEST_CASE("adoption: flows go on to be counted from where they were", "[flow][accounting]") {
    Left left;
    left.accounts = std::vector<Account>(kCapacity);
    for (uint32_t i = 0; i < 3; ++i) {
        left.make(i, i);
        left.counted().begin(i, 100);
        for (int packet = 0; packet < 300; ++packet)
            left.counted().add({i, Direction::Reply}, {1, 1000});
    }
    // The process was killed between two stores: of the second's tally one number had been added.
    const Tally::Seen seen = left[1].tally[1].see();
    REQUIRE(seen.packets() != 0);
    left.accounts[1].way[1].packets.add(seen.packets(), seen.epoch());
    AnyHeir heir;
    const auto table = left.adopt(heir);
    REQUIRE(left.tally.flows == 3);
    for (uint32_t i = 0; i < 3; ++i) {
        CHECK(table->accounts().read(i) == BothTraffic{{{1, 100}, {300, 300'000}}});
        for (int packet = 0; packet < 1000; ++packet)
            table->accounts().add({i, Direction::Reply}, {1, 1000});
        CHECK(table->accounts().read(i) == BothTraffic{{{1, 100}, {1300, 1'300'000}}});
    }
}

TEST_CASE("adoption: a table that adopts nothing has all its records", "[flow]") {
    Left left;
    AnyHeir heir;
    heir.verdict = GENERATE(Fate::Unsound, Fate::Private, Fate::WithoutRule);
    left.make(5, 5);
    const auto table = left.adopt(heir);
    CHECK(left.tally.fates[heir.verdict] == 1);
    CHECK(table->size() == 0);
    CHECK(heir.taken.empty());
    CHECK(count_free(*table) == kCapacity);
}

TEST_CASE("adoption: of two with one key the first stays", "[flow]") {
    Left left;
    left.make(3, 1);
    left.make(9, 1);
    left.make(11, 2);
    left[11].tuple[1] = reply(1);
    left.make(13, 3);
    AnyHeir heir;
    const auto table = left.adopt(heir, GENERATE(1U, 2U, kCapacity));
    CHECK(left.tally.fates[Fate::Twice] == 2);
    CHECK(heir.taken == std::set<uint32_t>{3, 13});
    CHECK(table->find(reply(3), kNow) == FlowRef(13, Direction::Reply));
    CHECK(table->find(original(1), kNow) == FlowRef(3, Direction::Original));
    CHECK_FALSE(table->find(original(2), kNow));
    CHECK(table->used_slots() == 4);
    CHECK(table->size() == 2);
    CHECK(count_free(*table) == kCapacity - 2);
}

TEST_CASE("adoption: the first stays, whether it hangs on something or not", "[flow]") {
    Left left;
    left.make(10, 1, Kind::Mapping);
    left.make(0, 2);
    left.make(1, 3);
    left.hang(1, 10);
    left.make(2, 3);
    left.make(3, 2);
    AnyHeir heir;
    const auto table = left.adopt(heir);
    CHECK(heir.taken == std::set<uint32_t>{0, 1, 10});
    CHECK(left.tally.fates[Fate::Twice] == 2);
    CHECK(left[10].holding().dependents.load() == 1);
    CHECK(table->find(original(3), kNow) == FlowRef(1, Direction::Original));
    CHECK(count_free(*table) == kCapacity - 3);
}

TEST_CASE("adoption: what has no room ends, and all others are there", "[flow]") {
    Left left;
    for (uint32_t i = 0; i < kCapacity; ++i)
        left.make(i, i);
    AnyHeir heir;
    const auto table = left.adopt(heir, GENERATE(50U, kCapacity), 400);
    CHECK(left.tally.fates[Fate::NoRoom] > 0);
    CHECK(left.tally.flows + left.tally.fates[Fate::NoRoom] == kCapacity);
    CHECK(table->size() == left.tally.flows);
    CHECK(table->used_slots() == left.tally.flows * 2);
    for (const uint32_t i : heir.taken)
        REQUIRE(table->find(reply(i), kNow) == FlowRef(i, Direction::Reply));
    CHECK(count_free(*table) == kCapacity - left.tally.flows);
}

TEST_CASE("adoption: a flow whose tuples are one and the same is nobody's", "[flow]") {
    Left left;
    left.make(3, 1);
    left[3].tuple[1] = left[3].tuple[0];
    AnyHeir heir;
    const auto table = left.adopt(heir);
    CHECK(table->size() == 0);
    CHECK(table->used_slots() == 0);
}

TEST_CASE("adoption: what hangs on a holder is counted, whatever its count said", "[flow]") {
    Left left;
    left.make(50, 1, Kind::Block);
    left.make(40, 2, Kind::Mapping);
    left.hang(40, 50);
    left.make(0, 3);
    left.hang(0, 40);
    left.hang(0, 50);
    left[50].holding().dependents.store(99);
    left[50].holding().note = 12345;
    AnyHeir heir;
    const auto table = left.adopt(heir);
    CHECK(left.tally.flows == 1);
    CHECK(left.tally.fates[Fate::Adopted] == 3);
    CHECK(left[50].holding().dependents.load() == 2);
    CHECK(left[50].holding().note == 12345);
    CHECK(left[40].holding().dependents.load() == 1);
    Member member(*table);
    CHECK_FALSE(member.kill(40, left[40].life.load()));
    CHECK(member.kill(0, left[0].life.load()));
    CHECK(member.kill(40, left[40].life.load()));
    CHECK(member.kill(50, left[50].life.load()));
}

TEST_CASE("adoption: what hangs on nothing that is there ends, and what hangs on that", "[flow]") {
    Left left;
    left.make(4, 1, Kind::Mapping);
    left.hang(4, 5);  // free
    left.make(0, 2);
    left.hang(0, 4);
    left.make(1, 3);
    left[1].hang_on(kCapacity, Kind::Mapping);
    left.make(2, 4);
    left.hang(2, 1);  // a flow
    left.make(6, 5, Kind::Block);
    left.make(7, 6, Kind::Contact);
    left.hang(6, 7);  // what comes later
    left.make(8, 7);
    left[8].hang_on(7, Kind::Block);  // of another kind than it says
    left.make(9, 8);
    left.hang(9, 7);
    left[9].holder.add_second();  // and there is none
    AnyHeir heir;
    const auto table = left.adopt(heir);
    CHECK(heir.taken == std::set<uint32_t>{7});
    CHECK(left.tally.fates[Fate::Unheld] == 7);
    CHECK(left[7].holding().dependents.load() == 0);
    CHECK(count_free(*table) == kCapacity - 1);
}

TEST_CASE("adoption: a holder whose time is over stays for what hangs on it", "[flow]") {
    Left left;
    left.make(10, 1, Kind::Mapping, kNow);
    left.make(11, 2, Kind::Contact, kNow);
    left.hang(11, 10);
    left.make(12, 3, Kind::Mapping, kNow);
    left.make(13, 4, Kind::Contact, kNow);
    left.hang(13, 12);
    left.make(0, 5);
    left.hang(0, 11);
    left.make(1, 6, Kind::Flow, kNow);
    AnyHeir heir;
    const auto table = left.adopt(heir);
    CHECK(left.tally.fates[Fate::Adopted] == 3);
    CHECK(left.tally.fates[Fate::Expired] == 3);
    CHECK(table->size() == 3);
    CHECK(table->find(left[10].tuple[0], kNow));
    CHECK_FALSE(table->find(left[12].tuple[0], kNow));
    CHECK(count_free(*table) == kCapacity - 3);
}

TEST_CASE("adoption: done twice it is the same, as after a crash in the middle of it", "[flow]") {
    Left left;
    left.make(10, 1, Kind::Mapping);
    left.make(0, 2);
    left.hang(0, 10);
    left.make(1, 3);
    AnyHeir heir;
    left.adopt(heir).reset();
    left.adopt(heir).reset();
    CHECK(left.tally.fates[Fate::Adopted] == 3);
    CHECK(left[10].holding().dependents.load() == 1);
}

}  // namespace adoption_test
