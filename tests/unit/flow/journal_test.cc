// SPDX-License-Identifier: BSD-3-Clause
#include "flow/journal.h"

#include "catch.h"
#include "conntrack/status.h"
#include "flows.h"
#include "testing/no_memory.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

namespace journal_test {

using namespace sluice;
using namespace sluice::flow;
using namespace sluice::flow::testing;

namespace {

JournalEntry entry(uint32_t index, int64_t time) {
    JournalEntry entry;
    entry.index = index;
    entry.time = time;
    return entry;
}

std::vector<JournalEntry> read(Journal::Reader& reader) {
    std::vector<JournalEntry> entries;
    reader.read(entries);
    return entries;
}

std::vector<uint32_t> indexes(Journal::Reader& reader) {
    std::vector<uint32_t> result;
    for (const JournalEntry& entry : read(reader))
        result.push_back(entry.index);
    return result;
}

/// Of the rings' memory so many pieces are there; no other thread asks.
unsigned pieces_left = 0;

void* allocate(size_t count, size_t bytes) {
    if (pieces_left == 0)
        return nullptr;
    --pieces_left;
    return std::calloc(count, bytes);
}

}  // namespace

TEST_CASE("journal: what several threads write is read in the order of time", "[flow][journal]") {
    Journal journal(3);
    Journal::Reader reader(journal);
    journal.write(0, entry(1, 10));
    journal.write(0, entry(4, 40));
    journal.write(2, entry(2, 20));
    journal.write(1, entry(3, 30));
    CHECK(indexes(reader) == std::vector<uint32_t>{1, 2, 3, 4});
    CHECK(indexes(reader).empty());
    journal.write(1, entry(5, 50));
    CHECK(indexes(reader) == std::vector<uint32_t>{5});
    CHECK(reader.take_lost() == 0);
}

TEST_CASE("journal: a reader hears what is written while it listens", "[flow][journal]") {
    Journal journal(1);
    CHECK_FALSE(journal.is_heard());
    journal.write(0, entry(1, 1));
    {
        Journal::Reader first(journal);
        CHECK(journal.is_heard());
        journal.write(0, entry(2, 2));
        Journal::Reader second(journal);
        journal.write(0, entry(3, 3));
        CHECK(indexes(first) == std::vector<uint32_t>{2, 3});
        CHECK(indexes(second) == std::vector<uint32_t>{3});
    }
    CHECK_FALSE(journal.is_heard());
}

TEST_CASE("journal: a reader that is overtaken counts what it has lost", "[flow][journal]") {
    constexpr uint32_t kMore = 1000;
    Journal journal(1);
    Journal::Reader reader(journal);
    for (uint32_t n = 0; n < Journal::kEntries + kMore; ++n)
        journal.write(0, entry(n, n));
    const auto entries = read(reader);
    CHECK(reader.take_lost() == kMore);
    CHECK(reader.take_lost() == 0);
    REQUIRE(entries.size() == Journal::kEntries);
    CHECK(entries.front().index == kMore);
    CHECK(entries.back().index == Journal::kEntries + kMore - 1);
}

TEST_CASE("journal: no reader sees half of an entry, and none is lost uncounted",
          "[flow][journal]") {
    constexpr uint32_t kWritten = 400'000;
    Journal journal(1);
    Journal::Reader reader(journal);
    std::atomic<bool> done{false};
    std::thread writer([&] {
        for (uint32_t n = 1; n <= kWritten; ++n) {
            JournalEntry written = entry(n, n);
            written.generation = n;
            written.left = Duration{static_cast<int32_t>(n)};
            written.tuple[0].source = Be32{n};
            written.tuple[1].destination = Be32{n};
            journal.write(0, written);
        }
        done = true;
    });
    uint64_t read_count = 0;
    uint64_t lost = 0;
    uint64_t torn = 0;
    uint32_t last = 0;
    for (bool is_last = false; !is_last;) {
        is_last = done;
        for (const JournalEntry& each : read(reader)) {
            torn += each.generation != each.index || each.tuple[0].source.raw != each.index ||
                    each.tuple[1].destination.raw != each.index ||
                    each.left.milliseconds != static_cast<int32_t>(each.index) ||
                    each.index <= last;
            last = each.index;
            ++read_count;
        }
        lost += reader.take_lost();
    }
    writer.join();
    CHECK(torn == 0);
    CHECK(last == kWritten);
    CHECK(read_count + lost == kWritten);
}

TEST_CASE("journal: a flow's beginning, change and end are told by the table", "[flow][journal]") {
    const auto table = make_table(4);
    Member member(*table);
    open(*table, member, 1);  // nobody listens
    Journal::Reader reader(table->journal());
    const FlowRef ref = open(*table, member, 2).holder;
    CHECK(open(*table, member, 2).outcome == InsertOutcome::OriginalTaken);
    FlowRecord& record = table->record(ref);
    record.status = conntrack::kSeenReply;
    record.deadline = kNow + Duration{5000};
    member.tell_change(ref.index(), kNow);
    close(*table, member, ref);

    const auto told = read(reader);
    REQUIRE(told.size() == 3);
    CHECK(told[0].event == Event::Opened);
    CHECK(told[0].left == kLong);
    CHECK(told[0].status == 0);
    CHECK(told[1].event == Event::Changed);
    CHECK(told[1].left == Duration{5000});
    CHECK(told[1].status == conntrack::kSeenReply);
    CHECK(told[2].event == Event::Ended);
    for (const JournalEntry& each : told) {
        CHECK(each.tuple == record.tuple);
        CHECK(each.index == ref.index());
        CHECK(each.generation == told[0].generation);
        CHECK(each.kind() == Kind::Flow);
    }
}

TEST_CASE("journal: an end says the flow's traffic, where there is accounting",
          "[flow][journal][accounting]") {
    FlowTableParams params;
    params.capacity = 4;
    params.accounting = true;
    const auto table = std::move(FlowTable::create(params).value());
    Member member(*table);
    Journal::Reader reader(table->journal());
    const FlowRef ref = open(*table, member, 2).holder;
    table->accounts().begin(ref.index(), 40);
    table->accounts().add(ref, {1, 60});
    table->accounts().add({ref.index(), net::Direction::Reply}, {2, 3000});
    close(*table, member, ref);
    const auto told = read(reader);
    REQUIRE(told.size() == 2);
    CHECK_FALSE(told[0].is_counted);
    CHECK(told[1].is_counted);
    CHECK(told[1].traffic == BothTraffic{{{2, 100}, {2, 3000}}});
}

TEST_CASE("journal: what a reader has no memory for waits, and what it passes over is lost",
          "[flow][journal]") {
    Journal journal(2);
    Journal::Reader reader(journal);
    for (uint32_t i = 0; i < 10; ++i)
        journal.write(i % 2, entry(i, i));
    std::vector<JournalEntry> entries;
    entries.reserve(3);
    bool has_failed = false;
    {
        const test::NoMemory none;
        try {
            reader.read(entries);
        } catch (const std::bad_alloc&) {
            has_failed = true;
        }
    }
    CHECK(has_failed);
    CHECK(entries.size() == 3);
    CHECK(reader.take_lost() == 0);
    CHECK(read(reader).size() == 7);
    for (uint32_t i = 0; i < 4; ++i)
        journal.write(i % 2, entry(i, i));
    reader.skip();
    CHECK(read(reader).empty());
    CHECK(reader.take_lost() == 4);
}

TEST_CASE("journal: what a ring has no memory for is counted as lost, by each reader",
          "[flow][journal]") {
    pieces_left = 1;
    Journal journal(2, allocate);
    Journal::Reader first(journal);
    journal.write(0, entry(1, 10));
    journal.write(1, entry(2, 20));
    Journal::Reader second(journal);
    journal.write(1, entry(3, 30));
    CHECK(indexes(first) == std::vector<uint32_t>{1});
    CHECK(first.take_lost() == 2);
    CHECK(indexes(second).empty());
    CHECK(second.take_lost() == 1);
    CHECK(first.take_lost() == 0);
    journal.write(1, entry(4, 40));
    second.skip();
    CHECK(second.take_lost() == 1);
}

TEST_CASE("journal: a ring has its memory once there is some, and nothing of before is read in it",
          "[flow][journal]") {
    pieces_left = 0;
    Journal journal(1, allocate);
    Journal::Reader early(journal);
    Journal::Reader late(journal);
    journal.write(0, entry(1, 10));
    pieces_left = 1;
    CHECK(indexes(early).empty());
    CHECK(early.take_lost() == 1);
    journal.write(0, entry(2, 20));
    CHECK(indexes(early) == std::vector<uint32_t>{2});
    CHECK(early.take_lost() == 0);
    CHECK(indexes(late) == std::vector<uint32_t>{2});
    CHECK(late.take_lost() == 1);
}

}  // namespace journal_test
