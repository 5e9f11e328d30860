// SPDX-License-Identifier: BSD-3-Clause
#include "listing/flow_text.h"

#include "net/gre.h"
#include "sample_flows.h"
#include "testing/ipv6_hosts.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace flow_text_test {

using namespace sluice;
using namespace sluice::listing;
using namespace sluice::listing::testing;
using conntrack::kAssured;
using conntrack::kCalls;
using conntrack::kHelped;
using conntrack::kRelated;
using conntrack::kSeenReply;

namespace {

std::string line(const Sample& flow) {
    std::string text;
    append_line(text, entry(flow));
    return text;
}

nlohmann::json json(const Sample& flow) {
    std::string text;
    append_json(text, entry(flow));
    return nlohmann::json::parse(text);
}

}  // namespace

// The lines were printed by conntrack 1.4.7 for flows through an nft masquerade.

TEST_CASE("flow text: TCP flows read as conntrack prints them", "[listing]") {
    CHECK(line({.seconds = 114, .state = TcpState::SynSent, .destination_port = 81}) ==
          "tcp      6 114 SYN_SENT src=10.1.0.10 dst=203.0.113.10 sport=40000 dport=81 "
          "[UNREPLIED] src=203.0.113.10 dst=198.51.100.1 sport=81 dport=40000 mark=0 use=1\n");
    CHECK(line({.seconds = 431995,
                .state = TcpState::Established,
                .status = kSeenReply | kAssured,
                .source_port = 40001}) ==
          "tcp      6 431995 ESTABLISHED src=10.1.0.10 dst=203.0.113.10 sport=40001 dport=80 "
          "src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40001 [ASSURED] mark=0 use=1\n");
    CHECK(line({.seconds = 5,
                .state = TcpState::Close,
                .status = kSeenReply | kAssured,
                .source_port = 40004}) ==
          "tcp      6 5 CLOSE src=10.1.0.10 dst=203.0.113.10 sport=40004 dport=80 "
          "src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40004 [ASSURED] mark=0 use=1\n");
}

TEST_CASE("flow text: UDP flows read as conntrack prints them", "[listing]") {
    CHECK(line({.protocol = Protocol::Udp,
                .seconds = 26,
                .source_port = 5000,
                .destination_port = 54}) ==
          "udp      17 26 src=10.1.0.10 dst=203.0.113.10 sport=5000 dport=54 [UNREPLIED] "
          "src=203.0.113.10 dst=198.51.100.1 sport=54 dport=5000 mark=0 use=1\n");
    CHECK(line({.protocol = Protocol::Udp,
                .seconds = 26,
                .status = kSeenReply,
                .source_port = 5001,
                .destination_port = 53}) ==
          "udp      17 26 src=10.1.0.10 dst=203.0.113.10 sport=5001 dport=53 "
          "src=203.0.113.10 dst=198.51.100.1 sport=53 dport=5001 mark=0 use=1\n");
    CHECK(line({.protocol = Protocol::Udp,
                .seconds = 118,
                .status = kSeenReply | kAssured,
                .source_port = 5002,
                .destination_port = 53}) ==
          "udp      17 118 src=10.1.0.10 dst=203.0.113.10 sport=5002 dport=53 "
          "src=203.0.113.10 dst=198.51.100.1 sport=53 dport=5002 [ASSURED] mark=0 use=1\n");
}

TEST_CASE("flow text: ICMP queries read as conntrack prints them", "[listing]") {
    CHECK(line({.protocol = Protocol::Icmp,
                .seconds = 23,
                .destination = "203.0.113.99",
                .source_port = 777}) ==
          "icmp     1 23 src=10.1.0.10 dst=203.0.113.99 type=8 code=0 id=777 [UNREPLIED] "
          "src=203.0.113.99 dst=198.51.100.1 type=0 code=0 id=777 mark=0 use=1\n");
    CHECK(line({.protocol = Protocol::Icmp,
                .seconds = 23,
                .status = kSeenReply,
                .source_port = 26503}) ==
          "icmp     1 23 src=10.1.0.10 dst=203.0.113.10 type=8 code=0 id=26503 "
          "src=203.0.113.10 dst=198.51.100.1 type=0 code=0 id=26503 mark=0 use=1\n");
}

TEST_CASE("flow text: other protocols read as conntrack prints them", "[listing]") {
    CHECK(line({.protocol = Protocol::UdpLite,
                .seconds = 26,
                .source_port = 5000,
                .destination_port = 54}) ==
          "udplite  136 26 src=10.1.0.10 dst=203.0.113.10 sport=5000 dport=54 [UNREPLIED] "
          "src=203.0.113.10 dst=198.51.100.1 sport=54 dport=5000 mark=0 use=1\n");
    FlowEntry sctp = entry({.protocol = Protocol::Sctp, .seconds = 9});
    sctp.state = conntrack::SctpState::Closed;
    std::string text;
    append_line(text, sctp);
    CHECK(text ==
          "sctp     132 9 CLOSED src=10.1.0.10 dst=203.0.113.10 sport=40000 dport=80 [UNREPLIED] "
          "src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40000 mark=0 use=1\n");
    CHECK(line({.protocol = Protocol::Gre, .seconds = 179, .status = kSeenReply | kAssured}) ==
          "gre      47 179 src=10.1.0.10 dst=203.0.113.10 srckey=0x0 dstkey=0x0 "
          "src=203.0.113.10 dst=198.51.100.1 srckey=0x0 dstkey=0x0 [ASSURED] mark=0 use=1\n");
    CHECK(line({.protocol = Protocol{50}, .seconds = 599}) ==
          "unknown  50 599 src=10.1.0.10 dst=203.0.113.10 [UNREPLIED] "
          "src=203.0.113.10 dst=198.51.100.1 mark=0 use=1\n");
}

TEST_CASE("flow text: a call of PPTP has the IDs of both its ends", "[listing]") {
    FlowEntry flow = entry({.protocol = Protocol::Gre, .seconds = 599, .status = kRelated});
    for (net::Tuple& tuple : flow.tuple)
        tuple = net::by_call(tuple, {});
    flow.tuple[0].destination_port = Be16::from_host(0x63);
    flow.tuple[1].destination_port = Be16::from_host(40'000);
    flow.calls = {Be16::from_host(0x63), Be16::from_host(7)};
    std::string text;
    append_line(text, flow);
    CHECK(text ==
          "gre      47 599 src=10.1.0.10 dst=203.0.113.10 srckey=0x7 dstkey=0x63 [UNREPLIED] "
          "src=203.0.113.10 dst=198.51.100.1 srckey=0x63 dstkey=0x9c40 mark=0 use=1\n");
    text.clear();
    append_json(text, flow);
    CHECK(text.find(R"("srckey":7,"dstkey":99})") != std::string::npos);
    CHECK(text.find(R"("srckey":99,"dstkey":40000})") != std::string::npos);
}

TEST_CASE("flow text: which of TCP's helpers a flow has", "[listing]") {
    FlowEntry flow = entry({.status = kHelped});
    std::string text;
    append_line(text, flow);
    CHECK(text.find("helper=ftp ") != std::string::npos);
    flow.status |= kCalls;
    text.clear();
    append_line(text, flow);
    CHECK(text.find("helper=pptp ") != std::string::npos);
}

TEST_CASE("flow text: in JSON a protocol without a name is a number", "[listing]") {
    const auto esp = json({.protocol = Protocol{50}, .seconds = 599});
    CHECK(esp["protocol"] == "50");
    CHECK_FALSE(esp["original"].contains("sport"));
}

TEST_CASE("flow text: the reply side shows what the NAT made of the flow", "[listing]") {
    FlowEntry flow = entry({.state = TcpState::SynRecv, .status = kSeenReply});
    flow.tuple[1].destination_port = Be16::from_host(61234);
    std::string text;
    append_line(text, flow);
    CHECK(text ==
          "tcp      6 100 SYN_RECV src=10.1.0.10 dst=203.0.113.10 sport=40000 dport=80 "
          "src=203.0.113.10 dst=198.51.100.1 sport=80 dport=61234 mark=0 use=1\n");

    flow = entry({.protocol = Protocol::Icmp, .status = kSeenReply, .source_port = 5});
    flow.tuple[1].destination_port = Be16::from_host(6);
    text.clear();
    append_line(text, flow);
    CHECK(text.find("type=8 code=0 id=5 src=") != std::string::npos);
    CHECK(text.find("type=0 code=0 id=6 mark") != std::string::npos);
}

TEST_CASE("flow text: seconds are cut off, and the longest line fits", "[listing]") {
    FlowEntry flow = entry({.state = TcpState::Established,
                            .source = "255.255.255.255",
                            .destination = "255.255.255.255",
                            .source_port = 65535,
                            .destination_port = 65535});
    flow.left = {std::numeric_limits<int32_t>::max()};
    flow.status = kAssured;
    flow.tuple[1].destination = flow.tuple[0].source;
    std::string text;
    append_line(text, flow);
    CHECK(text.find("tcp      6 2147483 ESTABLISHED ") == 0);
    CHECK(text.find("[UNREPLIED]") != std::string::npos);
    CHECK(text.size() <= 220);
    CHECK(text.ends_with(" dport=65535 [ASSURED] mark=0 use=1\n"));

    text.clear();
    flow.owner = 255;
    append_json(text, flow);
    CHECK(text.size() <= 320);
    CHECK(nlohmann::json::parse(text)["worker"] == 255);

    flow.left = {999};
    text.clear();
    append_line(text, flow);
    CHECK(text.find("tcp      6 0 ESTABLISHED ") == 0);
}

TEST_CASE("flow text: JSON tells the same as the line", "[listing]") {
    const auto tcp = json({.seconds = 114, .state = TcpState::SynSent, .destination_port = 81});
    CHECK(tcp["protocol"] == "tcp");
    CHECK(tcp["timeout"] == 114);
    CHECK(tcp["state"] == "SYN_SENT");
    CHECK(tcp["original"]["src"] == "10.1.0.10");
    CHECK(tcp["original"]["dport"] == 81);
    CHECK(tcp["reply"]["dst"] == "198.51.100.1");
    CHECK(tcp["reply"]["sport"] == 81);
    CHECK(tcp["replied"] == false);
    CHECK(tcp["assured"] == false);
    CHECK(tcp["worker"] == 0);

    const auto icmp = json({.protocol = Protocol::Icmp, .status = kSeenReply, .source_port = 777});
    CHECK(icmp["protocol"] == "icmp");
    CHECK_FALSE(icmp.contains("state"));
    CHECK(icmp["original"]["type"] == 8);
    CHECK(icmp["original"]["id"] == 777);
    CHECK(icmp["reply"]["type"] == 0);
    CHECK_FALSE(icmp["reply"].contains("sport"));
    CHECK(icmp["replied"] == true);
}

TEST_CASE("flow text: a flow's zone stands where conntrack has it", "[listing][zones]") {
    FlowEntry flow = entry({.state = TcpState::Established, .status = kSeenReply});
    flow.tuple[0].zone = 5;
    std::string text;
    append_line(text, flow);
    CHECK(text.ends_with("dport=40000 mark=0 zone=5 use=1\n"));
    text.clear();
    append_event(text, flow::Event::Opened, flow);
    CHECK(text.ends_with("dport=40000 zone=5\n"));
    text.clear();
    append_event(text, flow::Event::Opened, flow, {}, {.has_network_protocol = true, .id = 7});
    CHECK(text.starts_with("    [NEW] ipv4     2 tcp      6 "));
    CHECK(text.ends_with("dport=40000 zone=5 id=7\n"));
    text.clear();
    append_json(text, flow);
    const auto json = nlohmann::json::parse(text);
    CHECK(json["original"]["zone"] == 5);
    CHECK_FALSE(json["reply"].contains("zone"));
}

TEST_CASE("flow text: a flow between two zones has one for each direction", "[listing][zones]") {
    FlowEntry flow = entry({.state = TcpState::Established, .status = kSeenReply});
    flow.tuple[0].zone = 5;
    flow.tuple[1].zone = 6;
    std::string text;
    append_line(text, flow);
    CHECK(text.find("dport=80 zone-orig=5 src=") != std::string::npos);
    CHECK(text.ends_with("dport=40000 zone-reply=6 mark=0 use=1\n"));
}

TEST_CASE("flow text: packets and bytes stand behind each tuple", "[listing][accounting]") {
    FlowEntry flow = entry({.seconds = 431995,
                            .state = TcpState::Established,
                            .status = kSeenReply | kAssured,
                            .source_port = 40001});
    flow.traffic = {{{2, 112}, {1, 60}}};
    std::string text;
    append_line(text, flow);
    CHECK(text ==
          "tcp      6 431995 ESTABLISHED src=10.1.0.10 dst=203.0.113.10 sport=40001 dport=80 "
          "packets=2 bytes=112 src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40001 packets=1 "
          "bytes=60 [ASSURED] mark=0 use=1\n");
    text.clear();
    append_json(text, flow);
    const auto json = nlohmann::json::parse(text);
    CHECK(json["original"]["packets"] == 2);
    CHECK(json["original"]["bytes"] == 112);
    CHECK(json["reply"]["packets"] == 1);
    CHECK(json["reply"]["bytes"] == 60);
}

TEST_CASE("flow text: the longest line there can be is whole", "[listing][accounting]") {
    FlowEntry flow = entry({.seconds = 2'000'000,
                            .state = TcpState::Established,
                            .status = kAssured,
                            .source = "255.255.255.255",
                            .destination = "255.255.255.255",
                            .source_port = 65535,
                            .destination_port = 65535});
    flow.tuple[1].destination = flow.tuple[0].source;
    flow.tuple[0].zone = 4094;
    flow.tuple[1].zone = 4095;
    constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
    flow.traffic = {{{kMost, kMost}, {kMost, kMost}}};
    flow.owner = 255;
    std::string text;
    append_line(text, flow);
    CHECK(text.ends_with("bytes=18446744073709551615 [ASSURED] mark=0 use=1\n"));
    text.clear();
    append_json(text, flow);
    CHECK(nlohmann::json::parse(text)["reply"]["bytes"] == kMost);
}

TEST_CASE("flow text: an IPv6 host's flow has the addresses of both of its sides",
          "[listing][nat64]") {
    const test::Ipv6Hosts hosts;
    const std::string number = net::to_string(hosts.number("2001:db8:1::10"));
    const FlowEntry flow = entry({.protocol = Protocol::Udp, .seconds = 26, .source = number});
    std::string text;
    append_line(text, flow, hosts.naming);
    CHECK(text ==
          "udp      17 26 src=2001:db8:1::10 dst=64:ff9b::cb00:710a sport=40000 dport=80 "
          "[UNREPLIED] src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40000 mark=0 use=1\n");
    std::string json_text;
    append_json(json_text, flow, hosts.naming);
    const auto json = nlohmann::json::parse(json_text);
    CHECK(json["original"]["src"] == "2001:db8:1::10");
    CHECK(json["original"]["dst"] == "64:ff9b::cb00:710a");
    CHECK(json["reply"]["dst"] == "198.51.100.1");
}

TEST_CASE("flow text: the longest lines have room", "[listing][nat64]") {
    const test::Ipv6Hosts hosts;
    const Be32 number = hosts.number("2001:db8:1:ffff:ffff:ffff:ffff:ffff");
    FlowEntry flow =
        entry({.seconds = 2'000'000,
               .state = TcpState::Established,
               .status = kSeenReply | kAssured | conntrack::kHelped | conntrack::kRelated});
    for (net::Tuple& tuple : flow.tuple)
        tuple = {number, number, Be16::from_host(65535), Be16::from_host(65535), Protocol::Tcp};
    flow.tuple[0].zone = 4094;
    flow.tuple[1].zone = 4095;
    constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
    flow.traffic = {{{kMost, kMost}, {kMost, kMost}}};
    std::string line;
    append_line(line, flow, hosts.naming);
    CHECK(line.size() > 400);
    CHECK(line.ends_with("use=1\n"));
    std::string json_text;
    append_json(json_text, flow, hosts.naming);
    CHECK(nlohmann::json::parse(json_text)["reply"]["packets"] == kMost);
}

}  // namespace flow_text_test
