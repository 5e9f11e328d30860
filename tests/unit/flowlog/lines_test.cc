// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/lines.h"

#include "catch.h"
#include "happenings.h"
#include "testing/ipv6_hosts.h"

#include <regex>
#include <string>
#include <vector>

namespace lines_test {

using namespace sluice;
using namespace sluice::flowlog;
using namespace sluice::flowlog::testing;
using config::LogForm;
using config::Transport;
using flow::Event;

namespace {

std::vector<Message> encoded(const LinesParams& params,
                             const std::vector<flow::JournalEntry>& entries) {
    std::vector<Message> messages;
    Lines(params).encode(entries, listing::TimeOfDay(), messages);
    return messages;
}

/// The only message's bytes.
std::string text_of(const LinesParams& params, const std::vector<flow::JournalEntry>& entries) {
    const auto messages = encoded(params, entries);
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].records == entries.size());
    return messages[0].bytes;
}

void check(const std::string& text, const std::string& pattern) {
    CAPTURE(text, pattern);
    CHECK(std::regex_match(text, std::regex(pattern)));
}

constexpr const char* kSyslogHead =
    R"(<30>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ sluice \d+ )";

flow::JournalEntry counted(flow::JournalEntry entry) {
    entry.is_counted = true;
    entry.traffic[0] = {.packets = 3, .bytes = 180};
    entry.traffic[1] = {.packets = 2, .bytes = 2900};
    return entry;
}

}  // namespace

TEST_CASE("lines: JSON has a flow as sluicectl events has it", "[flowlog]") {
    check(text_of({}, {session(Event::Opened), counted(session(Event::Ended))}),
          R"(\{"time":\d+\.\d{6},"id":"0-0","event":"new","protocol":"tcp",.*)"
          R"("original":\{"src":"10\.1\.0\.10","dst":"203\.0\.113\.10","sport":40000,"dport":80\},)"
          R"("reply":\{"src":"203\.0\.113\.10","dst":"198\.51\.100\.1","sport":80,"dport":40001\},)"
          R"([^\n]*\n\{"time":\d+\.\d{6},"id":"0-0","event":"destroy",.*"packets":3,"bytes":180\},)"
          R"(.*"packets":2,"bytes":2900\}[^\n]*\n)");
}

TEST_CASE("lines: text has the lines of conntrack -E", "[flowlog]") {
    check(text_of({.form = LogForm::Text}, {session(Event::Opened)}),
          R"(\[\d+\.\d{6}\]\t    \[NEW\] tcp      6 0 \S+ src=10\.1\.0\.10 dst=203\.0\.113\.10 )"
          R"(sport=40000 dport=80 \[UNREPLIED\] src=203\.0\.113\.10 dst=198\.51\.100\.1 sport=80 )"
          R"(dport=40001\n)");
}

TEST_CASE("lines: a block has its host, its address and its ports in each form", "[flowlog]") {
    const Told told{.block_size = 64};
    flow::JournalEntry zoned = block(Event::Ended, 65472);
    zoned.tuple[0].zone = 5;
    check(text_of({.told = told}, {block(Event::Opened, 2048), zoned}),
          R"(\{"time":\d+\.\d{6},"id":"0-0","event":"new","block":\{"host":"10\.1\.0\.10",)"
          R"("address":"198\.51\.100\.1","first_port":2048,"last_port":2111\}\}\n)"
          R"(\{.*"event":"destroy","block":\{"host":"10\.1\.0\.10","zone":5,)"
          R"("address":"198\.51\.100\.1","first_port":65472,"last_port":65535\}\}\n)");
    check(text_of({.form = LogForm::Text, .told = told}, {block(Event::Opened, 2048), zoned}),
          R"(\[\d+\.\d{6}\]\t    \[NEW\] block    src=10\.1\.0\.10 address=198\.51\.100\.1 )"
          R"(ports=2048-2111\n\[\d+\.\d{6}\]\t\[DESTROY\] block    src=10\.1\.0\.10 )"
          R"(address=198\.51\.100\.1 ports=65472-65535 zone=5\n)");
    check(text_of({.form = LogForm::Syslog, .transport = Transport::Udp, .told = told}, {zoned}),
          std::string(kSyslogHead) +
              R"(block-release \[nat@32473 sourceIPv4Address="10\.1\.0\.10" )"
              R"(postNATSourceIPv4Address="198\.51\.100\.1" portRangeStart="65472" )"
              R"(portRangeEnd="65535" ingressVRFID="5"\] )"
              R"(10\.1\.0\.10 has 198\.51\.100\.1:65472-65535)");
}

TEST_CASE("lines: syslog has a flow as structured data, a datagram each", "[flowlog]") {
    const LinesParams params{.form = LogForm::Syslog, .transport = Transport::Local};
    const auto messages =
        encoded(params, {session(Event::Opened), counted(session(Event::Ended, 7))});
    REQUIRE(messages.size() == 2);
    check(messages[0].bytes,
          std::string(kSyslogHead) +
              R"(create \[nat@32473 protocolIdentifier="6" sourceIPv4Address="10\.1\.0\.10" )"
              R"(sourceTransportPort="40000" destinationIPv4Address="203\.0\.113\.10" )"
              R"(destinationTransportPort="80" postNATSourceIPv4Address="198\.51\.100\.1" )"
              R"(postNAPTSourceTransportPort="40001" )"
              R"(postNATDestinationIPv4Address="203\.0\.113\.10" )"
              R"(postNAPTDestinationTransportPort="80"\] tcp 10\.1\.0\.10:40000 to )"
              R"(203\.0\.113\.10:80 as 198\.51\.100\.1:40001 to 203\.0\.113\.10:80)");
    check(messages[1].bytes,
          std::string(kSyslogHead) +
              R"(delete \[.* initiatorPackets="3" initiatorOctets="180" responderPackets="2" )"
              R"(responderOctets="2900"\] tcp 10\.1\.0\.10:7 to .*)");
}

TEST_CASE("lines: a stream of syslog says the length of each message before it", "[flowlog]") {
    std::string stream = text_of({.form = LogForm::Syslog, .transport = Transport::Tcp},
                                 {session(Event::Opened), session(Event::Ended)});
    for (int i = 0; i < 2; ++i) {
        size_t digits = 0;
        const size_t length = std::stoul(stream, &digits);
        REQUIRE(stream.size() >= digits + 1 + length);
        check(stream.substr(digits + 1, length), std::string(kSyslogHead) + ".*:80");
        stream.erase(0, digits + 1 + length);
    }
    CHECK(stream.empty());
}

TEST_CASE("lines: with blocks flows are told where both are asked for", "[flowlog]") {
    const std::vector entries{block(Event::Opened, 2048), session(Event::Opened),
                              session(Event::Changed)};
    const auto lines = [&](const Told& told) {
        return encoded({.told = told}, entries).at(0).records;
    };
    CHECK(lines({}) == 1);
    CHECK(lines({.block_size = 64}) == 1);
    CHECK(lines({.block_size = 64, .both = &kBoth}) == 2);
}

TEST_CASE("lines: flows are told as their rule says, blocks in any case", "[flowlog]") {
    policy::Logged by_rule;
    by_rule.add(1, policy::Logging::Never);
    by_rule.add(2, policy::Logging::Always);
    const auto lines = [&](uint8_t tuning, const Told& told) {
        flow::JournalEntry flow = session(Event::Opened);
        flow.tuning = tuning;
        const auto messages = encoded({.told = told}, {block(Event::Opened, 2048), flow});
        return messages.empty() ? 0 : messages[0].records;
    };
    CHECK(lines(0, {.by_rule = &by_rule}) == 1);
    CHECK(lines(1, {.by_rule = &by_rule}) == 0);
    CHECK(lines(0, {.block_size = 64, .by_rule = &by_rule}) == 1);
    CHECK(lines(1, {.block_size = 64, .both = &kBoth, .by_rule = &by_rule}) == 1);
    CHECK(lines(2, {.block_size = 64, .by_rule = &by_rule}) == 2);
}

TEST_CASE("lines: a message of many lines ends soon behind its size", "[flowlog]") {
    const std::vector entries(1000, session(Event::Opened));
    const auto messages = encoded({.most_bytes = 4096}, entries);
    uint32_t records = 0;
    for (const Message& message : messages) {
        CHECK((message.bytes.size() >= 4096 || &message == &messages.back()));
        CHECK(message.bytes.size() < 4096 + 512);
        CHECK(message.bytes.ends_with('\n'));
        records += message.records;
    }
    CHECK(records == 1000);
}

TEST_CASE("lines: losses say how many and when", "[flowlog]") {
    const Period period{1'800'000'000'123, 1'800'000'001'456};
    CHECK(Lines({}).losses(7, period).bytes ==
          R"({"event":"lost","count":7,"from":"2027-01-15T08:00:00.123000Z",)"
          R"("to":"2027-01-15T08:00:01.456000Z"})"
          "\n");
    CHECK(Lines({.form = LogForm::Text}).losses(7, period).bytes ==
          "   [LOST] 7 records since the start, the last from 2027-01-15T08:00:00.123000Z to "
          "2027-01-15T08:00:01.456000Z\n");
    const Message syslog =
        Lines({.form = LogForm::Syslog, .transport = Transport::Udp}).losses(7, period);
    CHECK(syslog.kind == Message::Kind::Losses);
    check(syslog.bytes, std::string(kSyslogHead) +
                            R"(lost \[nat@32473 notSentFlowTotalCount="7" from="\S+" to="\S+"\] 7 )"
                            R"(records lost since the start, the last from \S+ to \S+)");
    CHECK(Lines({}).templates().bytes.empty());
}

TEST_CASE("lines: IPv6 hosts have their own addresses in each form", "[flowlog][nat64]") {
    const test::Ipv6Hosts hosts;
    const Told told{.naming = hosts.naming};
    flow::JournalEntry flow = session(Event::Opened);
    flow.tuple[0].source = hosts.number("2001:db8:1::10");
    check(text_of({.told = told}, {flow}),
          R"(.*"original":\{"src":"2001:db8:1::10","dst":"64:ff9b::cb00:710a",.*)"
          R"("reply":\{"src":"203\.0\.113\.10","dst":"198\.51\.100\.1",.*\n)");
    check(text_of({.form = LogForm::Text, .told = told}, {flow}),
          R"(.* src=2001:db8:1::10 dst=64:ff9b::cb00:710a sport=40000 .*\n)");
    check(text_of({.form = LogForm::Syslog, .transport = Transport::Udp, .told = told}, {flow}),
          std::string(kSyslogHead) +
              R"(create \[nat@32473 protocolIdentifier="6" sourceIPv6Address="2001:db8:1::10" )"
              R"(sourceTransportPort="40000" destinationIPv6Address="64:ff9b::cb00:710a" )"
              R"(destinationTransportPort="80" postNATSourceIPv4Address="198\.51\.100\.1" .*)"
              R"( tcp \[2001:db8:1::10\]:40000 to \[64:ff9b::cb00:710a\]:80 as .*)");
    flow::JournalEntry given = block(Event::Opened, 2048);
    given.tuple[0].source = flow.tuple[0].source;
    const Told with_blocks{.block_size = 64, .naming = hosts.naming};
    check(text_of({.told = with_blocks}, {given}), R"(.*"block":\{"host":"2001:db8:1::10",.*\n)");
    check(text_of({.form = LogForm::Text, .told = with_blocks}, {given}),
          R"(.* block    src=2001:db8:1::10 address=198\.51\.100\.1 ports=2048-2111\n)");
    check(text_of({.form = LogForm::Syslog, .transport = Transport::Udp, .told = with_blocks},
                  {given}),
          R"(.*sourceIPv6Address="2001:db8:1::10" .*\] 2001:db8:1::10 has 198\.51.*)");
}

}  // namespace lines_test
