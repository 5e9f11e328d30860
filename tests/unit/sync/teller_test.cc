// SPDX-License-Identifier: BSD-3-Clause
#include "sync/teller.h"

#include "../flow/flows.h"
#include "catch.h"

#include <vector>

namespace teller_test {

using namespace sluice;
using namespace sluice::sync;
using namespace sluice::flow::testing;

namespace {

constexpr size_t kRoom = 1 << 20;
constexpr uint8_t kWanted = 4;

/// What is told, as the other end hears it.
struct Heard {
    unsigned begins = 0;
    unsigned completes = 0;
    std::vector<Record> records;
    std::vector<End> ends;
};

class Telling {
public:
    explicit Telling(uint8_t wanted = 0, uint32_t capacity = 64)
        : table(make_table(capacity)),
          member(*table),
          teller({*table, [] { return kNow; }, wanted, [this] { return is_active; }}) {
        out_.add(Hello());
    }

    Heard hear(size_t room = kRoom) {
        teller.turn(out_, room);
        incoming_.add(out_.bytes());
        out_.sent(out_.size());
        Heard heard;
        for (auto message = incoming_.take(); *message; message = incoming_.take()) {
            const auto& told = **message;
            heard.begins += told.type == Type::Begin;
            heard.completes += told.type == Type::Complete;
            for (size_t i = 0; told.type == Type::Records && i < told.count<Record>(); ++i)
                heard.records.push_back(told.entry<Record>(i));
            for (size_t i = 0; told.type == Type::Ends && i < told.count<End>(); ++i)
                heard.ends.push_back(told.entry<End>(i));
        }
        return heard;
    }

    bool is_active = true;
    std::unique_ptr<flow::FlowTable> table;
    flow::Member member;
    Teller teller;

private:
    Outgoing out_;
    Incoming incoming_;
};

}  // namespace

TEST_CASE("sync teller: all that is there is told once, and then what changes", "[sync]") {
    Telling telling;
    const flow::FlowRef first = open(*telling.table, telling.member, 1).holder;
    CHECK_FALSE(telling.teller.is_whole());
    const Heard all = telling.hear();
    CHECK(telling.teller.is_whole());
    CHECK(all.begins == 1);
    CHECK(all.completes == 1);
    // By the walk, and by the journal, which is read from the beginning on.
    REQUIRE_FALSE(all.records.empty());
    CHECK(all.records.back().index == first.index());
    CHECK(all.records.back().tuple[0] == original(1));
    CHECK(all.records.back().left == kLong.milliseconds);

    CHECK(telling.hear().records.empty());
    const flow::FlowRef second = open(*telling.table, telling.member, 2).holder;
    const Heard opened = telling.hear();
    REQUIRE(opened.records.size() == 1);
    CHECK(opened.records[0].index == second.index());
    const uint32_t generation = telling.table->record(second).life.load().generation();
    REQUIRE(close(*telling.table, telling.member, second));
    CHECK(telling.hear().ends == std::vector{End{second.index(), generation}});
}

TEST_CASE("sync teller: a flow that is not wanted is told when it is", "[sync]") {
    Telling telling(kWanted);
    const flow::FlowRef ref = open(*telling.table, telling.member, 1).holder;
    CHECK(telling.hear().records.empty());
    telling.table->record(ref).status.store(kWanted | 1);
    telling.member.tell_change(ref.index(), kNow);
    REQUIRE(telling.hear().records.size() == 1);
}

TEST_CASE("sync teller: what the journal has lost is cured by telling all again", "[sync]") {
    Telling telling;
    const flow::FlowRef kept = open(*telling.table, telling.member, 1).holder;
    telling.hear();
    for (uint64_t i = 0; i <= flow::Journal::kEntries; ++i)
        telling.member.tell_change(kept.index(), kNow);
    const Heard again = telling.hear(16 * kRoom);
    CHECK(telling.teller.lost() == 1);
    CHECK(telling.teller.resyncs() == 2);
    CHECK(again.begins == 1);
    CHECK(again.completes == 1);
}

TEST_CASE("sync teller: what changes while there is no room is told when there is", "[sync]") {
    Telling telling;
    const flow::FlowRef kept = open(*telling.table, telling.member, 1).holder;
    const flow::FlowRef ended = open(*telling.table, telling.member, 2).holder;
    const uint32_t generation = telling.table->record(ended).life.load().generation();
    telling.hear();
    REQUIRE(close(*telling.table, telling.member, ended));
    const auto change = [&](size_t count) {
        for (size_t done = 0; done < count; ++done) {
            telling.member.tell_change(kept.index(), kNow);
            if (done % (flow::Journal::kEntries / 2) == 0)
                telling.hear(0);
        }
        telling.hear(0);
    };
    SECTION("more than the journal holds") {
        change(3 * flow::Journal::kEntries);
        Heard all = telling.hear();
        CHECK(all.records.size() <= kRoom / sizeof(Record) + 1024);  // and the rest later
        CHECK(all.ends == std::vector{End{ended.index(), generation}});
        size_t records = all.records.size();
        for (int turn = 0; turn < 100; ++turn)
            records += telling.hear().records.size();
        CHECK(records == 3 * flow::Journal::kEntries);
        CHECK(telling.teller.lost() == 0);
        CHECK(telling.teller.resyncs() == 1);
    }
    SECTION("but not more than may wait: then all is told again") {
        change(Teller::kMostWaiting);
        CHECK(telling.teller.lost() > Teller::kMostWaiting);
        CHECK_FALSE(telling.teller.is_whole());
        const Heard again = telling.hear(16 * kRoom);
        CHECK(again.begins == 1);
        CHECK(again.completes == 1);
        REQUIRE_FALSE(again.records.empty());
        CHECK(again.records.back().index == kept.index());
        CHECK(telling.teller.resyncs() == 2);
    }
}

TEST_CASE("sync teller: there is no more on its way than there is room for", "[sync]") {
    Telling telling(0, 16384);
    for (uint32_t n = 0; n < 10000; ++n)
        open(*telling.table, telling.member, n);
    telling.hear();  // what the journal has said
    Telling* const same = &telling;
    Teller second({*same->table, [] { return kNow; }, 0, [] { return true; }});
    Outgoing out;
    second.turn(out, 1);
    CHECK_FALSE(second.is_whole());
    CHECK(out.size() < kRoom);
    while (!second.is_whole())
        second.turn(out, kRoom * 16);
    CHECK(second.told() == 10000);
}

TEST_CASE("sync teller: who has stepped back tells no ends", "[sync]") {
    Telling telling;
    const flow::FlowRef ref = open(*telling.table, telling.member, 1).holder;
    telling.hear();
    telling.is_active = false;
    REQUIRE(close(*telling.table, telling.member, ref));
    CHECK(telling.hear().ends.empty());
}

}  // namespace teller_test
