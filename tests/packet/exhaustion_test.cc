// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What happens when ports run out: it is counted, told, and by choice the inside host is answered.

#include "catch.h"
#include "testbed.h"

#include <algorithm>
#include <string>

namespace exhaustion_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
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

/// Opens `count` UDP flows to kServer, port 53.
unsigned open_udp(Testbed& bed, unsigned count) {
    size_t opened = 0;
    for (unsigned i = 0; i < count; ++i)
        opened +=
            bed.from_inside(
                   Frame().ipv4(host(i).c_str(), kServer).udp(static_cast<uint16_t>(5000 + i), 53))
                .size();
    return static_cast<unsigned>(opened);
}

bool has(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
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
    for (uint16_t i = 0; i < 100; ++i)
        REQUIRE(bed.from_inside(Frame()
                                    .ipv4(host(i).c_str(), kServer)
                                    .tcp(static_cast<uint16_t>(5000 + i), 80, kSyn))
                    .size() == 1);
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

TEST_CASE("exhaustion: 64512 ports to one server are used up, to the last one", "[packet]") {
    constexpr uint16_t kLast = 43210;
    Testbed bed({.flows = 70'000});
    for (uint32_t port = 1024; port <= 65535; ++port) {
        if (port != kLast)
            bed.inject(Side::Inside, Frame()
                                         .ipv4(kHost, kServer)
                                         .udp(static_cast<uint16_t>(port), 53)
                                         .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                                         .bytes());
        if (port % 1024 == 1023)
            bed.run();
    }
    CHECK(bed.take_frames(Side::Outside).size() == 64511);
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
