// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What happens when ports run out: who has not been answered gives way, and where nobody does it
/// is counted, told, and by choice the inside host is answered.

#include "catch.h"
#include "testbed.h"
#include "unit/testing/has.h"

#include <algorithm>
#include <string>

namespace exhaustion_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using sluice::testing::has;
using stats::Count;
using stats::Drop;

namespace {

TestbedOptions few_ports(uint32_t addresses, config::OnExhaustion what) {
    return {.configure = [=](config::Config& config) {
        const Be32 last = Be32::from_host(ip("198.51.100.10").host() + addresses - 1);
        config.inside.clear();
        config.pool.clear();
        config.snat.push_back(
            {{ip("10.1.0.0"), 24}, {{ip("198.51.100.10"), last}}, {40000, 40099}});
        config.on_exhaustion = what;
    }};
}

std::string host(unsigned number) {
    return "10.1.0." + std::to_string(2 + number % 3);
}

/// The n-th question to kServer, port 53, as it came out.
std::vector<Seen> ask_once(Testbed& bed, unsigned n) {
    return bed.from_inside(
        Frame().ipv4(host(n).c_str(), kServer).udp(static_cast<uint16_t>(5000 + n), 53));
}

/// So many of them. Nobody answers yet.
std::vector<Seen> ask(Testbed& bed, unsigned count) {
    std::vector<Seen> questions;
    for (unsigned n = 0; n < count; ++n)
        for (const Seen& seen : ask_once(bed, n))
            questions.push_back(seen);
    return questions;
}

/// The answers that come in to hosts.
std::vector<Seen> answer(Testbed& bed, const Seen& question) {
    return bed.from_outside(Frame().ipv4(kServer, question.source).udp(53, question.source_port));
}

/// Opens `count` UDP flows to kServer, port 53, each of which is answered at once.
unsigned open_udp(Testbed& bed, unsigned count) {
    size_t opened = 0;
    for (unsigned n = 0; n < count; ++n)
        for (const Seen& question : ask_once(bed, n))
            opened += answer(bed, question).size();
    return static_cast<unsigned>(opened);
}

/// Of an honest host each question is answered, while others pour in some from forged sources, the
/// n-th to `server(n)`.
void check_answers_in_flood(Testbed& bed, std::string (*server)(unsigned)) {
    unsigned sent = 0;
    const auto pour = [&](unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            const std::string forged = "10.1.0." + std::to_string(50 + ++sent % 200);
            bed.from_inside(Frame()
                                .ipv4(forged.c_str(), server(sent).c_str())
                                .udp(static_cast<uint16_t>(1024 + sent / 200), 53));
            bed.tick(Duration{1});
        }
    };
    const auto first = bed.from_inside(Frame().ipv4(kHost, kServer).udp(6000, 53));
    REQUIRE((first.size() == 1 && answer(bed, first[0]).size() == 1));
    pour(300);
    for (uint16_t port = 7000; port < 7020; ++port) {
        const auto question = bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53));
        REQUIRE(question.size() == 1);
        pour(50);  // each of the flood's own lasts for some hundred of them
        CHECK(answer(bed, question[0]).size() == 1);
    }
    CHECK(bed.dropped(Drop::PortsExhausted) == 0);
    CHECK(bed.count(Count::EarlyDropped) > 1000);
}

}  // namespace

TEST_CASE("exhaustion: it is counted for each address, and the log says toward whom", "[packet]") {
    Testbed bed(few_ports(2, config::OnExhaustion::Drop));
    CHECK(open_udp(bed, 200) == 200);
    CHECK(bed.count(Count::AddressChanged) > 0);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(7000, 53)).empty());
    CHECK(bed.take(Side::Inside).empty());
    CHECK(bed.dropped(Drop::PortsExhausted) == 1);
    const pool::Exhaustion& exhaustion = bed.gateway().exhaustion();
    uint64_t packets = 0;
    for (uint32_t slot = 0; slot < exhaustion.size(); ++slot)
        packets += exhaustion.read(slot).packets;
    CHECK(packets == 2 + bed.count(Count::AddressChanged));

    bed.advance(Duration::seconds(2));
    const auto told = [&](const char* address) {
        return std::count_if(bed.notices.begin(), bed.notices.end(), [&](const auto& line) {
            return has(line, address) && has(line, "203.0.113.10:53 (udp)");
        });
    };
    CHECK(told("198.51.100.10 ") == 1);
    CHECK(told("198.51.100.11 ") == 1);
    for (int i = 0; i < 50; ++i) {
        bed.from_inside(Frame().ipv4(kHost, kServer).udp(7000, 53));
        bed.advance(Duration{100});
    }
    CHECK(told("198.51.100.10 ") == 1);  // not again within ten seconds
    bed.advance(Duration::seconds(6));
    CHECK(told("198.51.100.10 ") == 2);
}

TEST_CASE("exhaustion: other servers and other protocols are not touched by it", "[packet]") {
    Testbed bed(few_ports(1, config::OnExhaustion::Drop));
    CHECK(open_udp(bed, 101) == 100);
    CHECK(bed.dropped(Drop::PortsExhausted) == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(7000, 54)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, "203.0.113.11").udp(7000, 53)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(7000, 53, kSyn)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).echo_request(7000)).size() == 1);
}

TEST_CASE("exhaustion: by choice a UDP sender is told, and no more often than --icmp-rate",
          "[packet][icmp]") {
    Testbed bed(few_ports(1, config::OnExhaustion::Reject));
    REQUIRE(open_udp(bed, 100) == 100);
    const Frame late = Frame().ipv4(kHost, kServer).udp(7000, 53).payload(20);
    CHECK(bed.from_inside(late).empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == "10.1.0.1");
    CHECK(in[0].destination == kHost);
    CHECK(in[0].icmp_type == 3);
    CHECK(in[0].icmp_code == 13);
    CHECK(in[0].payload == late.ip_bytes());
    CHECK(in[0].checksums_ok());
    for (int i = 0; i < 99; ++i)
        bed.from_inside(late);
    CHECK(bed.take(Side::Inside).size() == 9);
    CHECK(bed.count(Count::IcmpSuppressed) == 90);
    CHECK(bed.dropped(Drop::PortsExhausted) == 100);
}

TEST_CASE("exhaustion: by choice a TCP client gets a RST", "[packet][tcp]") {
    Testbed bed(few_ports(1, config::OnExhaustion::Reject));
    for (uint16_t i = 0; i < 100; ++i) {
        const auto out = bed.from_inside(Frame()
                                             .ipv4(host(i).c_str(), kServer)
                                             .tcp(static_cast<uint16_t>(5000 + i), 80, kSyn)
                                             .seq(1000));
        REQUIRE(out.size() == 1);
        REQUIRE(bed.from_outside(Frame()
                                     .ipv4(kServer, out[0].source)
                                     .tcp(80, out[0].source_port, kSyn | kAck)
                                     .ack(1001))
                    .size() == 1);
    }
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(7000, 80, kSyn).seq(1000)).empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kServer);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].tcp_flags == (kRst | kAck));
    CHECK(in[0].ack == 1001);
    CHECK(in[0].checksums_ok());
    CHECK(bed.count(Count::TcpResets) == 1);
}

TEST_CASE("exhaustion: a host reaches a server whose ports unanswered flows of others hold",
          "[packet][fairness]") {
    Testbed bed(few_ports(1, config::OnExhaustion::Reject));
    REQUIRE(ask(bed, 100).size() == 100);
    bed.tick(Duration{10});
    for (uint16_t port = 7000; port < 7020; ++port) {
        const auto question = bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53));
        REQUIRE(question.size() == 1);
        CHECK(question[0].source_port >= 40000);
        CHECK(question[0].source_port <= 40099);
        const auto in = answer(bed, question[0]);
        REQUIRE(in.size() == 1);
        CHECK(in[0].destination == kHost);
        CHECK(in[0].destination_port == port);
    }
    CHECK(bed.take(Side::Inside).empty());
    CHECK(bed.count(Count::EarlyDropped) == 20);
    CHECK(bed.flows() == 100);
    CHECK(bed.dropped(Drop::PortsExhausted) == 0);
}

TEST_CASE("exhaustion: what has been answered gives way to nobody, whatever waits beside it",
          "[packet][fairness]") {
    Testbed bed(few_ports(1, config::OnExhaustion::Drop));
    std::vector<Seen> questions = ask(bed, 100);
    REQUIRE(questions.size() == 100);
    const Seen unlucky = questions.back();
    questions.pop_back();
    for (const Seen& question : questions)
        REQUIRE(answer(bed, question).size() == 1);
    bed.tick(Duration{10});
    // Its port is among those that are drawn for one packet or another.
    std::vector<Seen> out;
    for (uint16_t port = 7000; out.empty() && port < 7200; ++port)
        out = bed.from_inside(Frame().ipv4("10.1.0.99", kServer).udp(port, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port == unlucky.source_port);
    REQUIRE(answer(bed, out[0]).size() == 1);
    CHECK(bed.count(Count::EarlyDropped) == 1);
    // Now nobody waits.
    for (uint16_t port = 7200; port < 7300; ++port)
        CHECK(bed.from_inside(Frame().ipv4("10.1.0.99", kServer).udp(port, 53)).empty());
    CHECK(bed.count(Count::EarlyDropped) == 1);
    for (const Seen& question : questions)
        CHECK(answer(bed, question).size() == 1);
}

TEST_CASE("exhaustion: a flood of forged questions to a server costs no honest one its answer",
          "[packet][fairness]") {
    Testbed bed(few_ports(1, config::OnExhaustion::Drop));
    check_answers_in_flood(bed, [](unsigned) { return std::string(kServer); });
}

TEST_CASE("exhaustion: of a server's ports those go first of which a host has too many",
          "[packet][fairness]") {
    Testbed bed({.flows = 70'000});
    const auto pour = [&](const char* host, uint32_t from, uint32_t to) {
        for (uint32_t port = from; port < to; ++port) {
            bed.inject(Side::Inside, Frame()
                                         .ipv4(host, kServer)
                                         .udp(static_cast<uint16_t>(port), 53)
                                         .ether(mac_of(ip(host)), bed.port(Side::Inside).mac())
                                         .bytes());
            if (port % 1024 == 1023)
                bed.run();
        }
        bed.run();
    };
    pour("10.1.0.22", 1024, 1056);  // older, and few
    pour("10.1.0.20", 1056, 33'280);
    pour("10.1.0.21", 33'280, 65'536);
    bed.take_frames(Side::Outside);
    bed.tick(Duration{10});
    for (uint16_t port = 7000; port < 7100; ++port) {
        const auto question = bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53));
        REQUIRE(question.size() == 1);
        CHECK(answer(bed, question[0]).size() == 1);
    }
    CHECK(bed.count(Count::EarlyDropped) == 100);
    for (uint16_t port = 1024; port < 1056; ++port)
        CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, port)).size() == 1);
}

TEST_CASE(
    "exhaustion: without ports the place is its host's, whom nobody has answered, for two "
    "seconds",
    "[packet][fairness]") {
    constexpr uint8_t kEsp = 50;
    Testbed bed(few_ports(1, config::OnExhaustion::Drop));
    const auto send = [&](const char* host) {
        return bed.from_inside(Frame().ipv4(host, kServer).protocol(kEsp)).size();
    };
    REQUIRE(send("10.1.0.66") == 1);
    bed.tick(Duration{1999});
    CHECK(send(kHost) == 0);
    CHECK(bed.dropped(Drop::AddressesExhausted) == 1);
    bed.tick(Duration{1});
    CHECK(send(kHost) == 1);
    // Of a host that has been answered it is not taken, however long it waits.
    const auto question = bed.from_inside(Frame().ipv4(kHost, kServer).udp(7000, 53));
    REQUIRE((question.size() == 1 && answer(bed, question[0]).size() == 1));
    bed.tick(Duration::seconds(5));
    CHECK(send("10.1.0.66") == 0);
    CHECK(send(kHost) == 1);
}

TEST_CASE("exhaustion: ICMP identifiers are won as ports are", "[packet][fairness][icmp]") {
    Testbed bed(few_ports(1, config::OnExhaustion::Drop));
    for (uint16_t id = 0; id < 100; ++id)
        REQUIRE(bed.from_inside(Frame().ipv4(host(id).c_str(), kServer).echo_request(id)).size() ==
                1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).echo_request(7000)).size() == 1);
    CHECK(bed.count(Count::EarlyDropped) == 1);
}

namespace {

/// All endpoints of UDP are mapped, to so many ports.
TestbedOptions few_mappings(uint16_t ports,
                            nat::Filtering filtering = nat::Filtering::EndpointDependent) {
    return {.configure = [=](config::Config& config) {
        const auto last = static_cast<uint16_t>(40000 + ports - 1);
        config.inside.clear();
        config.pool.clear();
        config.snat.push_back(
            {.inside = {ip("10.1.0.0"), 24},
             .addresses = {{ip(kPublic), ip(kPublic)}},
             .independence = nat::Independence{{{net::Protocol::Udp}}, {40000, last}, filtering}});
    }};
}

const std::vector<const char*> kForged{"10.1.0.50", "10.1.0.51", "10.1.0.52", "10.1.0.53"};

}  // namespace

TEST_CASE("exhaustion: a mapping is won when no flow goes by it any more",
          "[packet][fairness][mapping]") {
    Testbed bed(few_mappings(4));
    for (const char* forged : kForged)
        REQUIRE(bed.from_inside(Frame().ipv4(forged, kServer).udp(5000, 53)).size() == 1);
    bed.advance(Duration::seconds(40));
    const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).udp(7000, 53));
    REQUIRE(out.size() == 1);
    CHECK(answer(bed, out[0]).size() == 1);
    CHECK(bed.count(Count::EarlyDropped) == 1);
}

TEST_CASE("exhaustion: a mapping is won with the flows that go by it, if nobody has answered one",
          "[packet][fairness][mapping]") {
    const auto filtering =
        GENERATE(nat::Filtering::EndpointDependent, nat::Filtering::AddressDependent,
                 nat::Filtering::EndpointIndependent);
    CAPTURE(static_cast<int>(filtering));
    Testbed bed(few_mappings(4, filtering));
    for (const char* forged : kForged)
        for (const char* server : {kServer, "203.0.113.11", "203.0.113.12"})
            REQUIRE(bed.from_inside(Frame().ipv4(forged, server).udp(5000, 53)).size() == 1);
    bed.tick(Duration{10});
    // Toward another server than theirs: a mapping has its port toward all.
    for (uint16_t port = 7000; port < 7003; ++port) {
        const auto out = bed.from_inside(Frame().ipv4(kHost, "203.0.113.99").udp(port, 53));
        REQUIRE(out.size() == 1);
        const auto in = bed.from_outside(
            Frame().ipv4("203.0.113.99", out[0].source).udp(53, out[0].source_port));
        REQUIRE(in.size() == 1);
        CHECK(in[0].destination == kHost);
        CHECK(in[0].destination_port == port);
    }
    const bool has_contacts = filtering == nat::Filtering::AddressDependent;
    CHECK(bed.count(Count::EarlyDropped) == (has_contacts ? 3 * 7 : 3 * 4));
    CHECK(bed.dropped(Drop::PortsExhausted) == 0);
}

TEST_CASE("exhaustion: a mapping by which one flow has been answered gives way to nobody",
          "[packet][fairness][mapping]") {
    Testbed bed(few_mappings(4));
    for (const char* host : kForged) {
        const auto first = bed.from_inside(Frame().ipv4(host, kServer).udp(5000, 53));
        REQUIRE((first.size() == 1 && answer(bed, first[0]).size() == 1));
        REQUIRE(bed.from_inside(Frame().ipv4(host, "203.0.113.11").udp(5000, 53)).size() == 1);
    }
    bed.tick(Duration{10});
    for (uint16_t port = 7000; port < 7020; ++port)
        CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).empty());
    CHECK(bed.count(Count::EarlyDropped) == 0);
    CHECK(bed.dropped(Drop::PortsExhausted) == 20);
}

TEST_CASE("exhaustion: a mapping by which more than eight flows go keeps its port while they last",
          "[packet][fairness][mapping]") {
    const unsigned flows = GENERATE(8U, 9U);
    CAPTURE(flows);
    Testbed bed(few_mappings(1));
    for (unsigned n = 0; n < flows; ++n) {
        const std::string server = "203.0.113." + std::to_string(10 + n);
        REQUIRE(bed.from_inside(Frame().ipv4("10.1.0.50", server.c_str()).udp(5000, 53)).size() ==
                1);
    }
    bed.tick(Duration{10});
    const auto ask = [&] { return bed.from_inside(Frame().ipv4(kHost, kServer).udp(7000, 53)); };
    CHECK(ask().size() == (flows == 8 ? 1 : 0));
    bed.advance(Duration::seconds(40));
    CHECK(ask().size() == 1);
}

TEST_CASE("exhaustion: a flood of forged mappings costs no honest host its answer",
          "[packet][fairness][mapping]") {
    Testbed bed(few_mappings(100));
    check_answers_in_flood(bed,
                           [](unsigned n) { return "203.0.113." + std::to_string(10 + n % 200); });
}

TEST_CASE("exhaustion: 64512 ports to one server are used up, to the last one", "[packet]") {
    constexpr uint16_t kLast = 43210;
    Testbed bed({.flows = 70'000});
    const auto send_all = [&](Side side, auto frame_of) {
        const auto from = ip(side == Side::Inside ? kHost : kRouter);
        for (uint32_t port = 1024; port <= 65535; ++port) {
            if (port != kLast)
                bed.inject(side, frame_of(static_cast<uint16_t>(port))
                                     .ether(mac_of(from), bed.port(side).mac())
                                     .bytes());
            if (port % 1024 == 1023)
                bed.run();
        }
    };
    send_all(Side::Inside,
             [](uint16_t port) { return Frame().ipv4(kHost, kServer).udp(port, 53); });
    CHECK(bed.take_frames(Side::Outside).size() == 64511);
    // Who has been answered gives way to nobody.
    send_all(Side::Outside,
             [](uint16_t port) { return Frame().ipv4(kServer, kPublic).udp(53, port); });
    CHECK(bed.take_frames(Side::Inside).size() == 64511);
    const auto knock = [&](const char* from, unsigned& packets) {
        for (++packets; packets < 1000; ++packets) {
            const auto out = bed.from_inside(Frame().ipv4(from, kServer).udp(5000, 53));
            if (!out.empty() || bed.dropped(Drop::PortsExhausted) != 0)
                return out;
        }
        return std::vector<Seen>();
    };
    unsigned packets = 0;
    const auto last = knock("10.1.0.20", packets);
    REQUIRE(last.size() == 1);
    CHECK(last[0].source_port == kLast);
    CHECK(bed.dropped(Drop::PortsUnsearched) == packets - 1);
    CHECK(knock("10.1.0.21", packets).empty());
    CHECK(bed.dropped(Drop::PortsExhausted) == 1);
    CHECK(packets < 310);

    // One flow goes, and its port is found.
    flow::FlowTable& table = bed.gateway().table();
    flow::Member member(table);
    const net::Tuple gone{ip(kHost),           ip(kServer),        Be16::from_host(2000),
                          Be16::from_host(53), net::Protocol::Udp, {}};
    const flow::FlowRef flow = table.find(gone, bed.now());
    REQUIRE(flow);
    REQUIRE(member.kill(flow.index(), table.record(flow).life.load()));
    member.offline();
    std::vector<Seen> out;
    for (packets = 0; out.empty() && packets < 310; ++packets)
        out = bed.from_inside(Frame().ipv4("10.1.0.21", kServer).udp(5000, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port == 2000);
}

}  // namespace exhaustion_test
