// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/ipfix.h"

#include "catch.h"
#include "export_reader.h"
#include "happenings.h"
#include "testing/ipv6_hosts.h"

#include <set>

namespace ipfix_test {

using namespace sluice;
using namespace sluice::flowlog;
using namespace sluice::flowlog::testing;
using flow::Event;

namespace {

constexpr unsigned kSession = 256;
constexpr unsigned kBlock = 257;
constexpr unsigned kLosses = 258;
constexpr unsigned kCountedEnd = 259;

/// Of who opens a flow, who is reached, and both; each with a form for ends that are counted.
constexpr unsigned kFromIpv6 = 260;
constexpr unsigned kToIpv6 = 262;
constexpr unsigned kOfIpv6 = 264;
constexpr unsigned kBlockOfIpv6 = 266;

std::vector<Message> encoded(const std::vector<flow::JournalEntry>& entries,
                             const ExportParams& params = {}) {
    std::vector<Message> messages;
    Ipfix(params).encode(entries, listing::TimeOfDay(), messages);
    return messages;
}

/// What a collector that has the templates makes of messages.
ExportReader read(const std::vector<Message>& messages, const ExportParams& params = {}) {
    ExportReader reader;
    reader.read_all(Ipfix(params).templates().bytes);
    for (const Message& message : messages) {
        const size_t before = reader.records.size();
        reader.read_all(message.bytes);
        CHECK(reader.records.size() - before == message.records);
    }
    return reader;
}

uint64_t now() {
    using namespace std::chrono;
    return static_cast<uint64_t>(system_clock::now().time_since_epoch() / milliseconds(1));
}

}  // namespace

TEST_CASE("ipfix: a session is told by both of its sides, created and deleted", "[flowlog]") {
    const uint64_t before = now();
    const ExportReader reader =
        read(encoded({session(Event::Opened), session(Event::Changed), session(Event::Ended)}));
    const auto records = reader.of(kSession);
    REQUIRE(records.size() == 2);
    CHECK(reader.records.size() == 2);
    CHECK(records[0].at(230) == 4);
    CHECK(records[1].at(230) == 5);
    for (const Record& record : records) {
        CHECK(record.at(4) == 6);
        CHECK(record.at(8) == 0x0a01000a);
        CHECK(record.at(7) == 40000);
        CHECK(record.at(12) == 0xcb00710a);
        CHECK(record.at(11) == 80);
        CHECK(record.at(225) == 0xc6336401);
        CHECK(record.at(227) == 40001);
        CHECK(record.at(226) == 0xcb00710a);
        CHECK(record.at(228) == 80);
        CHECK(record.at(234) == 0);
        CHECK(record.at(235) == 0);
        CHECK(record.at(323) + 2 >= before);
        CHECK(record.at(323) <= now() + 2);
    }
    CHECK(reader.domain == 1);
}

TEST_CASE("ipfix: each direction has the zone of its inside end", "[flowlog]") {
    flow::JournalEntry outward = session(Event::Opened);
    outward.tuple[0].zone = 7;
    flow::JournalEntry inward = session(Event::Opened);
    inward.tuple[0] = {kServer, kPublic, kHttp, Be16::from_host(8080), net::Protocol::Tcp};
    inward.tuple[1] = {kInside, kServer, Be16::from_host(22), kHttp, net::Protocol::Tcp, 0, 9};
    const auto records = read(encoded({outward, inward})).of(kSession);
    REQUIRE(records.size() == 2);
    CHECK(records[0].at(234) == 7);
    CHECK(records[0].at(235) == 0);
    CHECK(records[1].at(234) == 0);
    CHECK(records[1].at(235) == 9);
    CHECK(records[1].at(12) == 0xc6336401);
    CHECK(records[1].at(11) == 8080);
    CHECK(records[1].at(226) == 0x0a01000a);
    CHECK(records[1].at(228) == 22);
    CHECK(records[1].at(225) == 0xcb00710a);
}

TEST_CASE("ipfix: what is not translated, and holders, are no sessions", "[flowlog]") {
    flow::JournalEntry own = session(Event::Opened);
    own.tuple[0].zone = 3;
    own.tuple[1] = own.tuple[0].reversed();
    own.tuple[1].zone = 0;
    flow::JournalEntry mapping = session(Event::Opened);
    mapping.tuple[0].kind = mapping.tuple[1].kind = static_cast<uint8_t>(flow::Kind::Mapping);
    CHECK(encoded({own, mapping, block(Event::Opened, 2048), session(Event::Changed)}).empty());
}

TEST_CASE("ipfix: where there are blocks, they alone are told, with their ports", "[flowlog]") {
    flow::JournalEntry zoned = block(Event::Ended, 65472);
    zoned.tuple[0].zone = 5;
    const ExportReader reader = read(encoded(
        {session(Event::Opened), block(Event::Opened, 2048), zoned}, {.told = {.block_size = 64}}));
    CHECK(reader.records.size() == 2);
    const auto records = reader.of(kBlock);
    REQUIRE(records.size() == 2);
    CHECK(records[0].at(230) == 16);
    CHECK(records[0].at(8) == 0x0a01000a);
    CHECK(records[0].at(225) == 0xc6336401);
    CHECK(records[0].at(361) == 2048);
    CHECK(records[0].at(362) == 2111);
    CHECK(records[0].at(363) == 1);
    CHECK(records[0].at(364) == 64);
    CHECK(records[0].at(234) == 0);
    CHECK(records[1].at(230) == 17);
    CHECK(records[1].at(361) == 65472);
    CHECK(records[1].at(362) == 65535);
    CHECK(records[1].at(234) == 5);
}

TEST_CASE("ipfix: sessions of IPv6 hosts are those of NAT64, by the addresses on the wire",
          "[flowlog][nat64][rfc8158]") {
    const test::Ipv6Hosts hosts;
    const ExportParams params{.told = {.naming = hosts.naming}};
    const Be32 number = hosts.number("2001:db8:1::10");
    flow::JournalEntry outward = session(Event::Opened);
    outward.tuple[0].source = number;
    flow::JournalEntry ended = outward;
    ended.event = Event::Ended;
    ended.is_counted = true;
    ended.traffic = {{{7, 700}, {5, 500}}};
    flow::JournalEntry inward = session(Event::Opened);
    inward.tuple[0] = {kServer, kPublic, kHttp, Be16::from_host(8080), net::Protocol::Tcp};
    inward.tuple[1] = {number, kServer, Be16::from_host(22), kHttp, net::Protocol::Tcp};
    flow::JournalEntry between = inward;
    between.tuple[0].source = hosts.number("2001:db8:1::11");
    const ExportReader reader =
        read(encoded({outward, ended, inward, between, session(Event::Opened)}, params), params);
    CHECK(reader.templates == 11);

    const auto from = reader.of(kFromIpv6);
    REQUIRE(from.size() == 1);
    CHECK(from[0].at(230) == 6);
    CHECK(from[0].low(27) == 0x10);  // 2001:db8:1::10
    CHECK(from[0].high(27) == 0x20010db800010000);
    CHECK(from[0].high(28) == 0x0064ff9b00000000);  // 64:ff9b::203.0.113.10
    CHECK(from[0].low(28) == 0xcb00710a);
    CHECK(from[0].at(225) == 0xc6336401);
    CHECK(from[0].at(226) == 0xcb00710a);
    CHECK_FALSE(from[0].values.contains(8));
    const auto ends = reader.of(kFromIpv6 + 1);
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].at(230) == 7);
    CHECK(ends[0].low(27) == 0x10);
    CHECK(ends[0].at(299) == 5);
    const auto to = reader.of(kToIpv6);
    REQUIRE(to.size() == 1);
    CHECK(to[0].at(230) == 6);
    CHECK(to[0].at(8) == 0xcb00710a);
    CHECK(to[0].at(12) == 0xc6336401);
    CHECK(to[0].low(282) == 0x10);
    CHECK(to[0].low(281) == 0xcb00710a);
    const auto both = reader.of(kOfIpv6);
    REQUIRE(both.size() == 1);
    CHECK(both[0].low(27) == 0x11);
    CHECK(both[0].low(282) == 0x10);
    CHECK(reader.of(kSession).size() == 1);
}

TEST_CASE("ipfix: a block of an IPv6 host has its address", "[flowlog][nat64]") {
    const test::Ipv6Hosts hosts;
    const ExportParams params{.told = {.block_size = 64, .naming = hosts.naming}};
    flow::JournalEntry given = block(Event::Opened, 2048);
    given.tuple[0].source = hosts.number("2001:db8:1::10");
    const ExportReader reader = read(encoded({given, block(Event::Opened, 4096)}, params), params);
    const auto records = reader.of(kBlockOfIpv6);
    REQUIRE(records.size() == 1);
    CHECK(records[0].at(230) == 16);
    CHECK(records[0].low(27) == 0x10);
    CHECK(records[0].at(361) == 2048);
    CHECK(reader.of(kBlock).size() == 1);
}

TEST_CASE("ipfix: messages are as long as they may be, and none is longer", "[flowlog]") {
    std::vector<flow::JournalEntry> entries;
    for (uint16_t port = 1; port <= 1000; ++port)
        entries.push_back(session(Event::Opened, port));
    const auto messages = encoded(entries, {.most_bytes = 508});
    for (const Message& message : messages) {
        CHECK(message.bytes.size() <= 508);
        CHECK((&message == &messages.back() || message.bytes.size() + 42 > 508));
        CHECK(message.kind == Message::Kind::Records);
        CHECK(message.period.first <= message.period.last);
    }
    std::set<uint64_t> ports;
    for (const Record& record : read(messages).of(kSession))
        ports.insert(record.at(7));
    CHECK(ports.size() == 1000);
}

TEST_CASE("ipfix: an end that is counted has the packets and bytes of both directions",
          "[flowlog]") {
    flow::JournalEntry counted = session(Event::Ended);
    counted.is_counted = true;
    counted.traffic = {{{7, 700}, {5, 0x1'0000'0005}}};
    const std::vector<Message> messages = encoded({session(Event::Opened), counted});
    for (const Message& message : messages)
        CHECK(message.steps == message.records);
    const ExportReader reader = read(messages);
    REQUIRE(reader.of(kSession).size() == 1);
    CHECK(reader.of(kSession)[0].at(230) == 4);
    const auto ends = reader.of(kCountedEnd);
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].at(230) == 5);
    CHECK(ends[0].at(7) == 40000);
    CHECK(ends[0].at(298) == 7);
    CHECK(ends[0].at(299) == 5);
    CHECK(ends[0].at(231) == 700);
    CHECK(ends[0].at(232) == 0x1'0000'0005);
}

TEST_CASE("ipfix: losses are told by the options of reliability, as a total and a time",
          "[flowlog]") {
    const Message losses = Ipfix({}).losses(0x123456789a, {1'800'000'000'123, 1'800'000'001'456});
    CHECK(losses.kind == Message::Kind::Losses);
    const auto records = read({losses}).of(kLosses);
    REQUIRE(records.size() == 1);
    CHECK(records[0].at(144) == 1);
    CHECK(records[0].at(166) == 0x123456789a);
    CHECK(records[0].at(152) == 1'800'000'000'123);
    CHECK(records[0].at(153) == 1'800'000'001'456);
}

TEST_CASE("ipfix: templates count as no record, and a stamp is time and sequence", "[flowlog]") {
    Message templates = Ipfix({}).templates();
    CHECK(templates.records == 0);
    CHECK(templates.bytes.size() % 4 == 0);
    Ipfix({}).stamp(templates, 1'800'000'000, 0xfffffff0);
    ExportReader reader;
    reader.read_all(templates.bytes);
    CHECK(reader.seconds == 1'800'000'000);
    CHECK(reader.sequence == 0xfffffff0);
    CHECK(reader.templates == 4);
    CHECK(reader.records.empty());
}

}  // namespace ipfix_test
