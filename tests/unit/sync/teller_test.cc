// SPDX-License-Identifier: BSD-3-Clause
#include "sync/teller.h"

#include "../flow/flows.h"
#include "catch.h"

#include <algorithm>
#include <optional>
#include <utility>
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
    std::vector<Host> hosts;
    bool are_introduced = true;  ///< No record has come before its host, if that is a number.
};

class Telling {
public:
    explicit Telling(uint8_t wanted = 0, uint32_t capacity = 64, Ipv6Hosts ipv6 = {})
        : table(make_table(capacity)),
          member(*table),
          teller({*table, [] { return kNow; }, wanted, [this] { return may_tell; }, ipv6}),
          numbers_(ipv6.numbers) {
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
                hear(told.entry<Record>(i), heard);
            for (size_t i = 0; told.type == Type::Hosts && i < told.count<Host>(); ++i)
                heard.hosts.push_back(told.entry<Host>(i));
            for (size_t i = 0; told.type == Type::Ends && i < told.count<End>(); ++i)
                heard.ends.push_back(told.entry<End>(i));
        }
        return heard;
    }

    bool may_tell = true;
    std::unique_ptr<flow::FlowTable> table;
    flow::Member member;
    Teller teller;

private:
    void hear(const Record& record, Heard& heard) const {
        const Be32 host = record.tuple[0].source;
        const bool is_known = std::any_of(heard.hosts.begin(), heard.hosts.end(),
                                          [&](const Host& each) { return each.number == host; });
        heard.are_introduced &= is_known || numbers_.length == 0 || !numbers_.contains(host);
        heard.records.push_back(record);
    }

    Outgoing out_;
    Incoming incoming_;
    net::Prefix numbers_;
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
    telling.may_tell = false;
    REQUIRE(close(*telling.table, telling.member, ref));
    CHECK(telling.hear().ends.empty());
}

TEST_CASE("sync teller: of what is not theirs neither is told that it is there nor that it ends",
          "[sync]") {
    auto table = make_table(64);
    flow::Member member(*table);
    uint32_t theirs = 1;
    Teller teller({*table,
                   [] { return kNow; },
                   0,
                   [] { return true; },
                   {},
                   [&theirs](const std::array<net::Tuple, 2>& tuple) {
                       return tuple[0] == original(theirs);
                   }});
    const flow::FlowRef first = open(*table, member, 1).holder;
    const flow::FlowRef second = open(*table, member, 2).holder;
    Outgoing out;
    while (!teller.is_whole())
        teller.turn(out, kRoom);
    const uint64_t told = teller.told();
    CHECK(told >= 1);
    REQUIRE(close(*table, member, second));
    teller.turn(out, kRoom);
    CHECK(teller.told() == told);
    SECTION("the end of what is theirs is told") {
        REQUIRE(close(*table, member, first));
        teller.turn(out, kRoom);
        CHECK(teller.told() == told + 1);
    }
    SECTION("not where it is not any more") {
        theirs = 7;
        REQUIRE(close(*table, member, first));
        teller.turn(out, kRoom);
        CHECK(teller.told() == told);
    }
}

TEST_CASE("sync teller: IPv6 hosts are introduced before their records, and each once", "[sync]") {
    // The hosts of flows are 10.0.0.0, 10.0.0.1 and so on; two of these are numbers.
    const auto address = [](uint32_t n) { return net::Ipv6Address::of_words(n, 1); };
    std::optional<uint32_t> gone;
    Telling telling(0, 2048,
                    {{Be32::from_host(0x0a000002), 31},
                     [&](Be32 number, Tick when) -> std::optional<net::Ipv6Address> {
                         CHECK(when == kNow);
                         const uint32_t n = number.host() & 0xff;
                         return n == gone ? std::nullopt : std::optional(address(n));
                     }});
    for (uint32_t n = 0; n < 1024; ++n)
        open(*telling.table, telling.member, n);
    telling.hear();  // what the journal says, and all
    std::vector<flow::FlowRef> refs;
    for (uint32_t n : {0x100u, 0x200u, 0x201u, 0x300u, 0x302u}) {
        const auto found = telling.table->find(original(n), kNow);
        REQUIRE(found);
        telling.member.tell_change(found.index(), kNow);
    }
    const auto host = [&](uint32_t n) { return Host{Be32::from_host(0x0a000000 + n), address(n)}; };
    SECTION("all are known") {
        const Heard heard = telling.hear();
        CHECK(heard.records.size() == 5);
        CHECK(heard.are_introduced);
        CHECK(heard.hosts == std::vector{host(2), host(3)});
    }
    SECTION("of one nobody knows any more who it was") {
        gone = 3;
        const Heard heard = telling.hear();
        CHECK(heard.records.size() == 3);
        CHECK(heard.hosts == std::vector{host(2)});
    }
}

TEST_CASE("sync teller: IPv6 hosts outside are introduced as those inside are", "[sync]") {
    // Of flow n the host is 10.0.0.n, and the server 203.0.113.10.
    const Be32 server = original(0).destination;
    bool is_server_known = true;
    Telling telling(0, 64,
                    {{Be32::from_host(0x0a000000), 24},
                     [&](Be32 number, Tick) -> std::optional<net::Ipv6Address> {
                         if (number == server && !is_server_known)
                             return std::nullopt;
                         return net::Ipv6Address::of_words(number.host(), 1);
                     },
                     net::Prefix{Be32::from_host(0xcb007100), 24}});
    const auto host = [](Be32 number) {
        return Host{number, net::Ipv6Address::of_words(number.host(), 1)};
    };
    telling.hear();
    open(*telling.table, telling.member, 0x200);
    SECTION("who is known") {
        const Heard heard = telling.hear();
        CHECK(heard.records.size() == 1);
        CHECK(heard.hosts == std::vector{host(Be32::from_host(0x0a000002)), host(server)});
    }
    SECTION("who is not known any more") {
        is_server_known = false;
        CHECK(telling.hear().records.empty());
    }
}

}  // namespace teller_test
