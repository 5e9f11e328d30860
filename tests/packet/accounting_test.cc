// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --accounting: packets and bytes of each flow and direction, as Linux counts them. Figures that
/// are no matter of course were read from conntrack -L of a Linux 6.18 with nf_conntrack_acct=1.

#include "active_and_standby.h"
#include "any_workers.h"
#include "catch.h"
#include "flow/journal.h"
#include "listing/traffic_totals.h"
#include "testbed.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace accounting_test {

using namespace sluice;
using namespace sluice::test;
using flow::BothTraffic;
using flow::Event;
using net::Protocol;
using net::Side;

namespace {

constexpr unsigned kIp = 20;
constexpr unsigned kUdp = kIp + 8;
constexpr unsigned kTcp = kIp + 20;

TestbedOptions counting(TestbedOptions options = {}) {
    options.configure = [configure = options.configure](config::Config& config) {
        configure(config);
        config.accounting = true;
    };
    return options;
}

/// Of the only flow from this port.
BothTraffic traffic_of(Testbed& bed, uint16_t port) {
    std::optional<BothTraffic> result;
    flow::FlowTable& table = bed.gateway().table();
    table.for_each_live(0, table.capacity(), [&](uint32_t index, const flow::FlowRecord& record) {
        if (record.kind() == flow::Kind::Flow && record.tuple[0].source_port.host() == port)
            result = table.accounts().read(index);
    });
    REQUIRE(result);
    return *result;
}

/// What the ends of flows say, by the port that they came from.
std::map<uint16_t, std::vector<BothTraffic>> ends(flow::Journal::Reader& reader) {
    std::vector<flow::JournalEntry> entries;
    reader.read(entries);
    std::map<uint16_t, std::vector<BothTraffic>> result;
    for (const flow::JournalEntry& entry : entries) {
        CHECK(entry.is_counted == (entry.event == Event::Ended));
        if (entry.event == Event::Ended)
            result[entry.tuple[0].source_port.host()].push_back(entry.traffic);
    }
    return result;
}

Frame out(uint16_t port, size_t payload) {
    return Frame().ipv4(kHost, kServer).udp(port, 53).payload(payload);
}
Frame back(uint16_t port, size_t payload) {
    return Frame().ipv4(kServer, kPublic).udp(53, port).payload(payload);
}
Frame segment(uint8_t flags, uint32_t seq, uint32_t ack, size_t payload = 0) {
    return Frame().ipv4(kHost, kServer).tcp(40000, 80, flags).seq(seq).ack(ack).payload(payload);
}
Frame response(uint8_t flags, uint32_t seq, uint32_t ack, size_t payload = 0) {
    return Frame().ipv4(kServer, kPublic).tcp(80, 40000, flags).seq(seq).ack(ack).payload(payload);
}

void handshake(Testbed& bed) {
    REQUIRE(bed.from_inside(segment(kSyn, 1000, 0)).size() == 1);
    REQUIRE(bed.from_outside(response(kSyn | kAck, 5000, 1001)).size() == 1);
    REQUIRE(bed.from_inside(segment(kAck, 1001, 5001)).size() == 1);
}

}  // namespace

TEST_CASE("accounting: packets and bytes are counted from the first on, whoever receives them",
          "[packet][accounting]") {
    Testbed bed(counting(any_workers()));
    for (size_t n = 0; n < 8; ++n)
        REQUIRE(bed.from_inside(out(5000, 10 + n)).size() == 1);
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{8, 8 * kUdp + 108}, {}}});
    for (size_t n = 0; n < 5; ++n)
        REQUIRE(bed.from_outside(back(5000, 1000)).size() == 1);
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{8, 8 * kUdp + 108}, {5, 5 * (kUdp + 1000)}}});
}

TEST_CASE(
    "accounting: hosts and public addresses have what went over all their flows, ended or not",
    "[packet][accounting]") {
    Testbed bed(counting(any_workers()));
    const auto totals = [&bed](listing::SumsOf what) {
        return listing::TrafficTotals(*bed.gateway().totals(), bed.gateway().table(), what);
    };
    const auto of_host = [&] {
        return totals(listing::SumsOf::Hosts).of(net::InsideAddress(ip(kHost)));
    };
    const auto of_address = [&] { return totals(listing::SumsOf::Addresses).of(ip(kPublic)); };
    for (const uint16_t port : {5000, 5001}) {
        REQUIRE(bed.from_inside(out(port, 10)).size() == 1);
        REQUIRE(bed.from_outside(back(port, 1000)).size() == 1);
    }
    const hosts::SideTraffic both{{2, 2 * kUdp + 20}, {2, 2 * kUdp + 2000}};
    CHECK(of_host() == both);
    CHECK(of_address() == both);
    CHECK(bed.gateway().totals()->hosts().read().empty());
    bed.advance(Duration::seconds(20));
    REQUIRE(bed.from_inside(out(5001, 10)).size() == 1);
    bed.advance(Duration::seconds(20));
    REQUIRE(bed.flows() == 1);  // the first has ended
    const hosts::SideTraffic more{{3, 3 * kUdp + 30}, both.in};
    CHECK(of_host() == more);
    CHECK(of_address() == more);
    CHECK(bed.gateway().totals()->hosts().read().size() == 1);
    bed.advance(Duration::seconds(200));
    REQUIRE(bed.flows() == 0);
    CHECK(of_host() == more);
    CHECK(totals(listing::SumsOf::Addresses).addresses().size() == 1);
    CHECK(totals(listing::SumsOf::Hosts).hosts().size() == 1);
}

TEST_CASE("accounting: many flows in one burst are counted apart", "[packet][accounting]") {
    Testbed bed(counting(any_workers()));
    for (unsigned round = 0; round < 3; ++round)
        for (uint16_t port = 5000; port < 5040; ++port)
            bed.inject(Side::Inside, out(port, port - 5000u)
                                         .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                                         .bytes());
    bed.run();
    for (uint16_t port = 5000; port < 5040; ++port)
        CHECK(traffic_of(bed, port) == BothTraffic{{{3, 3 * (kUdp + port - 5000u)}, {}}});
}

TEST_CASE("accounting: a process that takes over what another has left counts on", "[restart]") {
    Restarts<> life(
        [](TestbedOptions each, const auto&) { return std::make_unique<Testbed>(std::move(each)); },
        counting());
    REQUIRE(life.bed().from_inside(out(5000, 10)).size() == 1);
    REQUIRE(life.bed().from_outside(back(5000, 100)).size() == 1);
    Testbed& bed = life.restart();
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{1, kUdp + 10}, {1, kUdp + 100}}});
    REQUIRE(bed.from_outside(back(5000, 1000)).size() == 1);
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{1, kUdp + 10}, {2, 2 * kUdp + 1100}}});
}

TEST_CASE("accounting: a flow of the other gateway's counts from its taking over on", "[pair]") {
    Both both(counting());
    REQUIRE(both.active.from_inside(out(5000, 10)).size() == 1);
    REQUIRE(both.tell());
    both.take_over();
    CHECK(traffic_of(both.standby, 5000) == BothTraffic{});
    REQUIRE(both.standby.from_outside(back(5000, 100)).size() == 1);
    CHECK(traffic_of(both.standby, 5000) == BothTraffic{{{}, {1, kUdp + 100}}});
}

TEST_CASE("accounting: IP options count, padding of the frame does not", "[packet][accounting]") {
    Testbed bed(counting());
    REQUIRE(bed.from_inside(out(5000, 1).padding(17)).size() == 1);
    REQUIRE(bed.from_inside(out(5000, 1).ip_options({1, 1, 1, 1})).size() == 1);
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{2, kUdp + 1 + kUdp + 4 + 1}, {}}});
}

TEST_CASE("accounting: a record's next flow starts at its own first packet",
          "[packet][accounting]") {
    Testbed bed(counting({.flows = 2}));
    flow::Journal::Reader reader(bed.gateway().table().journal());
    constexpr uint16_t kRounds = 60;  // more than there are records, with every worker's reserve
    for (uint16_t n = 0; n < kRounds; ++n) {
        const auto port = static_cast<uint16_t>(5000 + n);
        for (unsigned packet = 0; packet < 3; ++packet)
            REQUIRE(bed.from_inside(out(port, 7)).size() == 1);
        REQUIRE(bed.from_outside(back(port, 9)).size() == 1);
        bed.advance(Duration::seconds(40));
    }
    const auto ended = ends(reader);
    REQUIRE(ended.size() == kRounds);
    for (const auto& [port, traffic] : ended)
        CHECK(traffic == std::vector{BothTraffic{{{3, 3 * (kUdp + 7)}, {1, kUdp + 9}}}});
}

TEST_CASE("accounting: a SYN that is sent again before an answer does not count",
          "[packet][accounting][tcp]") {
    Testbed bed(counting());
    for (unsigned n = 0; n < 3; ++n)
        REQUIRE(bed.from_inside(segment(kSyn, 1000, 0)).size() == 1);
    CHECK(traffic_of(bed, 40000) == BothTraffic{{{1, kTcp}, {}}});
}

TEST_CASE("accounting: what is refused, or passes ignored, does not count",
          "[packet][accounting][tcp]") {
    Testbed bed(counting());
    handshake(bed);
    REQUIRE(bed.from_inside(segment(kAck | kPsh, 1001, 5001, 100)).size() == 1);
    const BothTraffic before{{{3, 3 * kTcp + 100}, {1, kTcp}}};
    CHECK(traffic_of(bed, 40000) == before);
    CHECK(bed.from_inside(segment(kAck, 900'000'000, 5001)).empty());    // out of window
    CHECK(bed.from_inside(segment(kSyn, 700, 0)).size() == 1);           // ignored
    CHECK(bed.from_outside(response(kSyn | kFin, 5001, 1101)).empty());  // no such flags
    CHECK(traffic_of(bed, 40000) == before);
}

TEST_CASE("accounting: FINs that are refused, though they change the timeout, do not count",
          "[packet][accounting][tcp]") {
    Testbed bed(counting());
    handshake(bed);
    CHECK(bed.from_inside(segment(kFin | kAck, 900'000'000, 5001)).empty());
    CHECK(bed.from_outside(response(kFin | kAck, 900'000'000, 1001)).empty());
    CHECK(bed.only_flow().deadline.load() - bed.now() <= Duration::seconds(300));
    CHECK(traffic_of(bed, 40000) == BothTraffic{{{2, 2 * kTcp}, {1, kTcp}}});
}

TEST_CASE("accounting: the RST that ends an unanswered flow counts, and its end says so",
          "[packet][accounting][tcp]") {
    Testbed bed(counting(any_workers()));
    flow::Journal::Reader reader(bed.gateway().table().journal());
    REQUIRE(bed.from_inside(segment(kSyn, 1000, 0)).size() == 1);
    REQUIRE(bed.from_outside(response(kRst | kAck, 0, 1001)).size() == 1);
    std::vector<flow::JournalEntry> entries;
    reader.read(entries);
    REQUIRE(entries.size() == 2);
    CHECK(entries[1].traffic == BothTraffic{{{1, kTcp}, {1, kTcp}}});
    CHECK(entries[1].state == conntrack::ProtocolState(conntrack::TcpState::Close).bits());
}

TEST_CASE("accounting: a SYN on a finished connection is the next flow's first packet",
          "[packet][accounting][tcp]") {
    Testbed bed(counting());
    flow::Journal::Reader reader(bed.gateway().table().journal());
    handshake(bed);
    REQUIRE(bed.from_inside(segment(kFin | kAck, 1001, 5001)).size() == 1);
    REQUIRE(bed.from_outside(response(kFin | kAck, 5001, 1002)).size() == 1);
    REQUIRE(bed.from_inside(segment(kAck, 1002, 5002)).size() == 1);
    REQUIRE(bed.from_inside(segment(kSyn, 90000, 0)).size() == 1);
    CHECK(traffic_of(bed, 40000) == BothTraffic{{{1, kTcp}, {}}});
    CHECK(ends(reader)[40000] == std::vector{BothTraffic{{{4, 4 * kTcp}, {2, 2 * kTcp}}}});
}

TEST_CASE("accounting: a packet that ends at the gateway by its TTL has been counted",
          "[packet][accounting]") {
    Testbed bed(counting());
    REQUIRE(bed.from_inside(out(5000, 1)).size() == 1);
    REQUIRE(bed.from_inside(out(5000, 1).ttl(1)).empty());
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{2, 2 * (kUdp + 1)}, {}}});
}

TEST_CASE("accounting: ICMP errors about a flow do not count", "[packet][accounting][icmp]") {
    Testbed bed(counting());
    const Frame first = out(5000, 30);
    REQUIRE(bed.from_inside(first).size() == 1);
    const Frame error = Frame()
                            .ipv4("192.0.2.9", kPublic)
                            .icmp_error(3, 1, Frame(first).ipv4(kPublic, kServer).ip_bytes());
    REQUIRE(bed.from_outside(error).size() == 1);
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{1, kUdp + 30}, {}}});
}

TEST_CASE("accounting: pings count as any flow does", "[packet][accounting][icmp]") {
    Testbed bed(counting());
    for (uint16_t n = 1; n <= 2; ++n)
        REQUIRE(
            bed.from_inside(Frame().ipv4(kHost, kServer).echo_request(77, n).payload(56)).size() ==
            1);
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).echo_reply(77).payload(56)).size() ==
            1);
    CHECK(traffic_of(bed, 77) == BothTraffic{{{2, 2 * (kUdp + 56)}, {1, kUdp + 56}}});
}

TEST_CASE("accounting: a datagram in fragments is one packet, with one IP header",
          "[packet][accounting][fragment]") {
    Testbed bed(counting(any_workers()));
    REQUIRE(bed.from_inside(out(5000, 1)).size() == 1);
    REQUIRE(bed.from_outside(back(5000, 1)).size() == 1);
    const bool is_reversed = GENERATE(false, true);
    const size_t payload = GENERATE(size_t{2000}, size_t{6000});
    for (const Side side : {Side::Inside, Side::Outside}) {
        const Frame whole = side == Side::Inside ? out(5000, payload) : back(5000, payload);
        const auto sender = mac_of(ip(side == Side::Inside ? kHost : kRouter));
        auto pieces = fragments_of(Frame(whole).id(7).ether(sender, bed.port(side).mac()), 1480);
        if (is_reversed)
            std::reverse(pieces.begin(), pieces.end());
        for (const Bytes& piece : pieces)
            bed.inject(side, piece);
        bed.run();
        REQUIRE(bed.take_frames(opposite(side)).size() == pieces.size());
    }
    const flow::Traffic each{2, kUdp + 1 + kUdp + payload};
    CHECK(traffic_of(bed, 5000) == BothTraffic{{each, each}});
}

TEST_CASE("accounting: a later fragment that comes twice counts once",
          "[packet][accounting][fragment]") {
    Testbed bed(counting(any_workers()));
    constexpr size_t kPayload = 4000;
    const auto pieces = fragments_of(
        out(5000, kPayload).id(7).ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()), 1480);
    REQUIRE(pieces.size() == 3);
    for (const size_t number : {0, 1, 1, 2}) {
        bed.inject(Side::Inside, pieces[number]);
        bed.run();
    }
    CHECK(bed.take_frames(Side::Outside).size() == 4);
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{1, kUdp + kPayload}, {}}});
}

TEST_CASE("accounting: fragments of a TCP segment are one packet too",
          "[packet][accounting][fragment][tcp]") {
    Testbed bed(counting(any_workers()));
    handshake(bed);
    const auto pieces = fragments_of(segment(kAck | kPsh, 1001, 5001, 3000)
                                         .id(9)
                                         .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()),
                                     1480);
    for (const Bytes& piece : pieces)
        bed.inject(Side::Inside, piece);
    bed.run();
    REQUIRE(bed.take_frames(Side::Outside).size() == pieces.size());
    CHECK(traffic_of(bed, 40000) == BothTraffic{{{3, 3 * kTcp + 3000}, {1, kTcp}}});
}

TEST_CASE("accounting: of a segment in fragments that passes ignored no part counts",
          "[packet][accounting][fragment][tcp]") {
    Testbed bed(counting(any_workers()));
    handshake(bed);
    const BothTraffic before = traffic_of(bed, 40000);
    const auto pieces = fragments_of(
        segment(kSyn, 700, 0, 3000).id(9).ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()),
        1480);
    for (const Bytes& piece : pieces)
        bed.inject(Side::Inside, piece);
    bed.run();
    REQUIRE(bed.take_frames(Side::Outside).size() == pieces.size());
    CHECK(traffic_of(bed, 40000) == before);
}

TEST_CASE("accounting: fragments that come after their flow's end count for no other",
          "[packet][accounting][fragment]") {
    Testbed bed(counting({.flows = 2}));
    const auto pieces = fragments_of(
        out(5000, 6000).id(7).ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()), 1480);
    bed.inject(Side::Inside, pieces[0]);
    bed.run();
    flow::FlowTable& table = bed.gateway().table();
    const auto index = static_cast<uint32_t>(&bed.only_flow() - &table.record(0));
    {
        flow::Member operators(table);
        REQUIRE(operators.kill(index, bed.only_flow().life.load()));
    }
    // New flows until one has that record.
    uint16_t port = 6000;
    const auto is_used = [&] { return table.record(index).life.load().life() == flow::Life::Live; };
    for (; !is_used() && port < 6100; ++port)
        bed.from_inside(out(port, 1));
    REQUIRE(is_used());
    for (size_t n = 1; n < pieces.size(); ++n)
        bed.inject(Side::Inside, pieces[n]);
    bed.run();
    CHECK(table.accounts().read(index) == BothTraffic{{{1, kUdp + 1}, {}}});
}

TEST_CASE("accounting: a flow between two inside hosts is one, counted once",
          "[packet][accounting][hairpin]") {
    constexpr auto kWeb = "10.1.0.20";
    const unsigned workers = GENERATE(1U, 2U);
    Testbed bed(counting({.workers = workers, .configure = [](config::Config& config) {
                              config.forwards = {{Protocol::Udp,
                                                  {ip(kPublic), Be16::from_host(8080)},
                                                  {ip(kWeb), Be16::from_host(80)}}};
                          }}));
    for (unsigned n = 0; n < 3; ++n) {
        bed.from_inside(Frame().ipv4(kHost, kPublic).udp(40000, 8080).payload(5));
        REQUIRE(bed.take(Side::Inside).size() == 1);
    }
    bed.from_inside(Frame().ipv4(kWeb, kPublic).udp(80, 40000).payload(6));
    REQUIRE(bed.take(Side::Inside).size() == 1);
    CHECK(traffic_of(bed, 40000) == BothTraffic{{{3, 3 * (kUdp + 5)}, {1, kUdp + 6}}});
}

TEST_CASE("accounting: while somebody watches, packets count as well", "[packet][accounting]") {
    Testbed bed(counting(any_workers()));
    auto reader = bed.gateway().watches().open({});
    REQUIRE(reader);
    for (size_t n = 0; n < 4; ++n)
        REQUIRE(bed.from_inside(out(5000, 3)).size() == 1);
    CHECK(traffic_of(bed, 5000) == BothTraffic{{{4, 4 * (kUdp + 3)}, {}}});
}

TEST_CASE("accounting: without the flag nothing is counted", "[packet][accounting]") {
    Testbed bed;
    flow::FlowTable& table = bed.gateway().table();
    flow::Journal::Reader reader(table.journal());
    REQUIRE(bed.from_inside(out(5000, 3)).size() == 1);
    bed.advance(Duration::seconds(40));
    std::vector<flow::JournalEntry> entries;
    reader.read(entries);
    REQUIRE(entries.size() == 2);
    CHECK_FALSE(entries[1].is_counted);
    CHECK_FALSE(table.accounts().is_on());
}

}  // namespace accounting_test
