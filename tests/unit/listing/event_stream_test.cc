// SPDX-License-Identifier: BSD-3-Clause
#include "listing/event_stream.h"

#include "sample_flows.h"
#include "testing/ipv6_hosts.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <vector>

namespace event_stream_test {

using namespace sluice;
using namespace sluice::listing;
using namespace sluice::listing::testing;
using conntrack::kAssured;
using conntrack::kSeenReply;
using flow::Event;

namespace {

constexpr Sample kWeb{.seconds = 120, .state = TcpState::SynSent};
constexpr Sample kDns{.protocol = Protocol::Udp, .seconds = 30, .destination_port = 53};

flow::JournalEntry happening(Event event, const Sample& flow) {
    const FlowEntry it = entry(flow);
    flow::JournalEntry result;
    result.tuple = it.tuple;
    result.left = it.left;
    result.event = event;
    result.state = it.state.bits();
    result.status = it.status;
    return result;
}

struct Stream {
    explicit Stream(const EventStreamParams& params) : stream(journal, params) {}

    void write(Event event, const Sample& flow) { journal.write(0, happening(event, flow)); }
    std::string text() {
        std::string out;
        stream.next(out);
        return out;
    }
    std::vector<nlohmann::json> json() {
        std::istringstream lines(text());
        std::vector<nlohmann::json> result;
        for (std::string line; std::getline(lines, line);)
            result.push_back(nlohmann::json::parse(line));
        return result;
    }

    flow::Journal journal{1};
    EventStream stream;
};

}  // namespace

// The lines were printed by conntrack 1.4.7 -E for flows through an nft masquerade.

TEST_CASE("event stream: events read as conntrack prints them", "[listing][events]") {
    Stream stream({});
    stream.write(Event::Opened, kWeb);
    stream.write(Event::Changed, {.seconds = 60, .state = TcpState::SynRecv, .status = kSeenReply});
    stream.write(
        Event::Changed,
        {.seconds = 432000, .state = TcpState::Established, .status = kSeenReply | kAssured});
    stream.write(Event::Ended, {.state = TcpState::TimeWait, .status = kSeenReply | kAssured});
    CHECK(stream.text() ==
          "    [NEW] tcp      6 120 SYN_SENT src=10.1.0.10 dst=203.0.113.10 sport=40000 dport=80 "
          "[UNREPLIED] src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40000\n"
          " [UPDATE] tcp      6 60 SYN_RECV src=10.1.0.10 dst=203.0.113.10 sport=40000 dport=80 "
          "src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40000\n"
          " [UPDATE] tcp      6 432000 ESTABLISHED src=10.1.0.10 dst=203.0.113.10 sport=40000 "
          "dport=80 src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40000 [ASSURED]\n"
          "[DESTROY] tcp      6 TIME_WAIT src=10.1.0.10 dst=203.0.113.10 sport=40000 dport=80 "
          "src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40000 [ASSURED]\n");
    CHECK(stream.text().empty());
}

TEST_CASE("event stream: an end says what went over the flow, where that is counted",
          "[listing][events]") {
    flow::JournalEntry end = happening(Event::Ended, kDns);
    end.is_counted = true;
    end.traffic = {{{2, 112}, {1, 84}}};
    Stream text({});
    text.journal.write(0, end);
    CHECK(text.text() ==
          "[DESTROY] udp      17 src=10.1.0.10 dst=203.0.113.10 sport=40000 dport=53 packets=2 "
          "bytes=112 [UNREPLIED] src=203.0.113.10 dst=198.51.100.1 sport=53 dport=40000 packets=1 "
          "bytes=84\n");
    Stream json({.format = Format::Json});
    json.journal.write(0, end);
    const auto events = json.json();
    REQUIRE(events.size() == 1);
    CHECK(events[0]["original"]["packets"] == 2);
    CHECK(events[0]["reply"]["bytes"] == 84);
}

TEST_CASE("event stream: a filter and timestamps hold for text", "[listing][events]") {
    EventStreamParams params{.timestamps = true};
    params.filter.protocol = Protocol::Udp;
    Stream stream(params);
    stream.write(Event::Opened, kWeb);
    stream.write(Event::Opened, kDns);
    CHECK(std::regex_match(
        stream.text(),
        std::regex(R"(\[\d{10}\.\d{6}\]\t    \[NEW\] udp      17 30 src=10.1.0.10 .*\n)")));
}

TEST_CASE("event stream: what conntrack has behind -o stands where it has it",
          "[listing][events]") {
    Stream stream({.timestamps = true, .shown = {.extended = true, .id = true}});
    flow::JournalEntry opened = happening(Event::Opened, kDns);
    opened.index = 5;
    opened.generation = 3;
    stream.journal.write(0, opened);
    CHECK(std::regex_match(stream.text(),
                           std::regex(R"(\[\d{10}\.\d{6}\]\t    \[NEW\] ipv4     2 udp      17 30 )"
                                      R"(src=10.1.0.10 .* dport=40000 id=12884901893\n)")));
}

TEST_CASE("event stream: JSON is one object a line, with time and name", "[listing][events]") {
    Stream stream({.format = Format::Json});
    stream.write(Event::Opened, kDns);
    stream.write(Event::Changed, kDns);
    stream.write(Event::Ended, kDns);
    const auto events = stream.json();
    REQUIRE(events.size() == 3);
    CHECK(events[0]["event"] == "new");
    CHECK(events[1]["event"] == "update");
    CHECK(events[2]["event"] == "destroy");
    CHECK(events[0]["protocol"] == "udp");
    CHECK(events[0]["original"]["src"] == "10.1.0.10");
    CHECK(events[0]["time"].is_number());
    CHECK(events[0]["id"] == events[2]["id"]);
}

TEST_CASE("event stream: blocks of ports are told in JSON alone", "[listing][events]") {
    flow::JournalEntry block = happening(Event::Opened, kDns);
    for (net::Tuple& tuple : block.tuple)
        tuple.kind = static_cast<uint8_t>(flow::Kind::Block);
    Stream text({});
    text.journal.write(0, block);
    CHECK(text.text().empty());
    Stream json({.format = Format::Json});
    json.journal.write(0, block);
    const auto events = json.json();
    REQUIRE(events.size() == 1);
    CHECK(events[0]["block"]["host"] == "10.1.0.10");
    CHECK(events[0]["block"]["address"] == "198.51.100.1");
    CHECK(events[0]["block"]["first_port"] == 40000);
}

TEST_CASE("event stream: what was lost stands in it", "[listing][events]") {
    const auto format = GENERATE(Format::Text, Format::Json);
    Stream stream({.format = format});
    for (uint64_t n = 0; n < flow::Journal::kEntries + 7; ++n)
        stream.write(Event::Opened, kDns);
    std::string out;
    CHECK(stream.stream.next(out) == 7);
    CHECK(out.starts_with(format == Format::Text ? "   [LOST] 7 events\n"
                                                 : "{\"event\":\"lost\",\"count\":7}\n"));
    CHECK(stream.stream.next(out) == 0);
}

TEST_CASE("event stream: an IPv6 host is told by the address that it had then",
          "[listing][events][nat64]") {
    constexpr int64_t kSecond = 1'000'000'000;
    const test::Ipv6Hosts hosts;
    const std::string number = net::to_string(hosts.number("2001:db8:1::10", Tick{5000}));
    EventStreamParams params;
    params.filter.naming = hosts.naming;
    Stream stream(params);
    params.filter.source6 = net::parse_ipv6_prefix("2001:db8:1::/64");
    EventStream filtered(stream.journal, params);
    flow::JournalEntry event = happening(Event::Opened, {.seconds = 120, .source = number});
    event.time = 5 * kSecond;
    stream.journal.write(0, event);
    event.time = 4 * kSecond;  // when the number was another host's
    stream.journal.write(0, event);
    stream.journal.write(0, happening(Event::Opened, kDns));
    const std::string text = stream.text();
    CHECK(text.find("src=2001:db8:1::10 dst=64:ff9b::cb00:710a") != std::string::npos);
    CHECK(text.find("src=" + number + " dst=203.0.113.10") != std::string::npos);
    std::string out;
    filtered.next(out);
    CHECK(std::ranges::count(out, '\n') == 1);
    CHECK(out.find("src=2001:db8:1::10 ") != std::string::npos);
}

}  // namespace event_stream_test
