// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/netflow9.h"

#include "catch.h"
#include "export_reader.h"
#include "happenings.h"

#include <set>

namespace netflow9_test {

using namespace sluice;
using namespace sluice::flowlog;
using namespace sluice::flowlog::testing;
using flow::Event;

namespace {

constexpr uint32_t kStart = 1'800'000'000;

std::vector<Message> encoded(const std::vector<flow::JournalEntry>& entries,
                             const ExportParams& params = {}) {
    std::vector<Message> messages;
    Netflow9(params, kStart).encode(entries, listing::TimeOfDay(), messages);
    return messages;
}

/// What a collector that has the templates makes of messages, each of which says how many records
/// it has.
ExportReader read(const std::vector<Message>& messages) {
    ExportReader reader;
    reader.read_all(Netflow9({}, kStart).templates().bytes);
    for (const Message& message : messages) {
        CHECK(message.steps == 1);
        reader.read_all(message.bytes);
    }
    return reader;
}

}  // namespace

TEST_CASE("netflow 9: sessions and blocks are told in the elements of IPFIX", "[flowlog]") {
    flow::JournalEntry counted = session(Event::Ended);
    counted.is_counted = true;
    counted.traffic = {{{7, 700}, {5, 500}}};
    const ExportReader reader = read(encoded(
        {session(Event::Opened), session(Event::Ended), counted, block(Event::Opened, 2048)},
        {.told = {.block_size = 64, .both = &kBoth}}));
    REQUIRE(reader.of(256).size() == 2);
    const Record opened = reader.of(256)[0];
    CHECK(opened.at(230) == 4);
    CHECK(opened.at(8) == 0x0a01000a);
    CHECK(opened.at(227) == 40001);
    CHECK(reader.of(256)[1].at(230) == 5);
    REQUIRE(reader.of(257).size() == 1);
    CHECK(reader.of(257)[0].at(361) == 2048);
    REQUIRE(reader.of(259).size() == 1);
    CHECK(reader.of(259)[0].at(299) == 5);
    CHECK(reader.domain == 1);
}

TEST_CASE("netflow 9: messages are as long as they may be, and sets end on 32 bits", "[flowlog]") {
    std::vector<flow::JournalEntry> entries;
    for (uint16_t port = 1; port <= 1000; ++port)
        entries.push_back(session(Event::Opened, port));
    const auto messages = encoded(entries, {.most_bytes = 509});
    for (const Message& message : messages) {
        CHECK(message.bytes.size() <= 509);
        CHECK(message.bytes.size() % 4 == 0);
        CHECK((&message == &messages.back() || message.bytes.size() + 45 > 509));
    }
    std::set<uint64_t> ports;
    for (const Record& record : read(messages).of(256))
        ports.insert(record.at(7));
    CHECK(ports.size() == 1000);
}

TEST_CASE("netflow 9: losses are a record of options about the system", "[flowlog]") {
    const Message losses =
        Netflow9({}, kStart).losses(0x123456789a, {1'800'000'000'123, 1'800'000'001'456});
    CHECK(losses.kind == Message::Kind::Losses);
    const auto records = read({losses}).of(258);
    REQUIRE(records.size() == 1);
    CHECK(records[0].at(1) == 1);
    CHECK(records[0].at(166) == 0x123456789a);
    CHECK(records[0].at(153) == 1'800'000'001'456);
}

TEST_CASE("netflow 9: a stamp is uptime, time and sequence; templates are a step too",
          "[flowlog]") {
    const Netflow9 encoder({}, kStart);
    Message templates = encoder.templates();
    CHECK(templates.records == 0);
    CHECK(templates.steps == 1);
    encoder.stamp(templates, kStart + 5, 0xfffffff0);
    ExportReader reader;
    reader.read_all(templates.bytes);
    CHECK(reader.uptime == 5000);
    CHECK(reader.seconds == kStart + 5);
    CHECK(reader.sequence == 0xfffffff0);
    CHECK(reader.templates == 4);
    encoder.stamp(templates, kStart - 5, 1);  // the clock has been set back
    reader.read_all(templates.bytes);
    CHECK(reader.uptime == 0);
}

}  // namespace netflow9_test
