// SPDX-License-Identifier: BSD-3-Clause
#include "listing/packet_text.h"

#include "catch.h"
#include "conntrack/status.h"
#include "conntrack/tcp_state.h"
#include "ipv6_addresses.h"
#include "net/text.h"

namespace packet_text_test {

using namespace sluice;
using namespace sluice::listing;
using conntrack::TcpState;
using net::Direction;
using net::Protocol;
using observe::Outcome;
using observe::PacketEntry;
using observe::Way;
using test::v6;

namespace {

net::Tuple tuple(const char* source, uint16_t source_port, const char* destination,
                 uint16_t destination_port, Protocol protocol = Protocol::Tcp) {
    net::Tuple result;
    result.source = *net::parse_address(source);
    result.destination = *net::parse_address(destination);
    result.source_port = Be16::from_host(source_port);
    result.destination_port = Be16::from_host(destination_port);
    result.protocol = protocol;
    return result;
}

PacketEntry opening() {
    PacketEntry entry;
    entry.from = 0;
    entry.length = 74;
    entry.has_tuple = entry.has_flow = entry.is_new = true;
    entry.flow = {tuple("10.1.0.5", 4000, "203.0.113.10", 80),
                  tuple("203.0.113.10", 80, "198.51.100.1", 4001)};
    entry.tuple = entry.flow[0];
    entry.state_after = static_cast<uint8_t>(TcpState::SynSent);
    return entry;
}

PacketEntry answer() {
    PacketEntry entry = opening();
    entry.is_new = false;
    entry.direction = Direction::Reply;
    entry.tuple = entry.flow[1];
    entry.from = 1;
    entry.state_before = static_cast<uint8_t>(TcpState::SynSent);
    entry.state_after = static_cast<uint8_t>(TcpState::SynRecv);
    return entry;
}

PacketEntry dropped(stats::Drop reason) {
    PacketEntry entry;
    entry.from = 0;
    entry.has_tuple = true;
    entry.tuple = tuple("10.1.0.5", 4000, "203.0.113.10", 80);
    entry.outcome = Outcome::Dropped;
    entry.reason = reason;
    return entry;
}

std::string trace(const PacketEntry& entry) {
    static const std::vector<InterfaceName> names{{"lan", "inside", {}}, {"wan", "outside", {}}};
    std::string out;
    append_trace(out, entry, 1'700'000'000'000'000'042, {names, 2});
    return out;
}

}  // namespace

TEST_CASE("packet text: a comment says what is translated, and in which direction", "[listing]") {
    CHECK(packet_comment(opening()) == "10.1.0.5:4000 -> 198.51.100.1:4001, new");
    CHECK(packet_comment(answer()) == "198.51.100.1:4001 -> 10.1.0.5:4000, reply");
    PacketEntry later = opening();
    later.is_new = false;
    CHECK(packet_comment(later) == "10.1.0.5:4000 -> 198.51.100.1:4001, original");
    later.outcome = Outcome::Waiting;
    later.next_hop = *net::parse_address("198.51.100.254");
    CHECK(packet_comment(later).ends_with("original, waits for the MAC of 198.51.100.254"));
    later.flow[1].destination = later.flow[0].source;
    later.flow[1].destination_port = later.flow[0].source_port;
    CHECK(packet_comment(later).starts_with("not translated, "));
}

TEST_CASE("packet text: of hairpinning both ends are told, of a query its identifier",
          "[listing]") {
    PacketEntry hairpin = opening();
    hairpin.flow[0].destination = *net::parse_address("198.51.100.1");
    hairpin.flow[1].source = *net::parse_address("10.1.0.7");
    CHECK(packet_comment(hairpin) ==
          "10.1.0.5:4000 -> 198.51.100.1:4001, 198.51.100.1:80 -> 10.1.0.7:80, new");

    PacketEntry query = opening();
    query.flow = {tuple("10.1.0.5", 7, "203.0.113.10", 0x800, Protocol::Icmp),
                  tuple("203.0.113.10", 0x800, "198.51.100.1", 8, Protocol::Icmp)};
    CHECK(packet_comment(query) == "10.1.0.5 -> 198.51.100.1, id 7 -> id 8, new");
}

TEST_CASE("packet text: a drop is told with its reason, meaning and remedy", "[listing]") {
    const std::string comment = packet_comment(dropped(stats::Drop::InvalidUntrackedFin));
    CHECK(
        comment.starts_with("dropped: invalid_untracked_fin. A FIN from inside without a flow. "
                            "A client closes a connection"));
    PacketEntry late = dropped(stats::Drop::NeighbourFailed);
    late.is_translated = true;
    CHECK(packet_comment(late).ends_with("(The frame is as it would have left.)"));
}

TEST_CASE("packet text: of other frames there is little to say", "[listing]") {
    PacketEntry entry;
    CHECK(packet_comment(entry).empty());
    entry.outcome = Outcome::Consumed;
    CHECK(packet_comment(entry) == "ARP, for the control core");
    entry.outcome = Outcome::Answered;
    CHECK(packet_comment(entry) == "a ping to the gateway, answered");
}

TEST_CASE("packet text: a trace tells the way of a packet that passes", "[listing]") {
    PacketEntry entry = answer();
    entry.to = 0;
    entry.status = conntrack::kAssured;
    entry.next_mac = {2, 0, 0, 0, 0, 9};
    entry.was_handed_over = true;
    CHECK(trace(entry) ==
          "1700000000.000000042 worker 0, in by wan (outside), 74 bytes, received by another "
          "worker\n"
          "    tcp 203.0.113.10:80 -> 198.51.100.1:4001\n"
          "    flow: 10.1.0.5:4000 -> 203.0.113.10:80, answers 203.0.113.10:80 -> "
          "198.51.100.1:4001 [ASSURED]\n"
          "    tracker: reply direction, SYN_SENT -> SYN_RECV\n"
          "    translated: 198.51.100.1:4001 -> 10.1.0.5:4000\n"
          "    sent: by lan (inside) to 02:00:00:00:00:09\n");
}

TEST_CASE("packet text: a trace tells why a packet was dropped", "[listing]") {
    const std::string text = trace(dropped(stats::Drop::NoRoute));
    CHECK(text.find("    flow: none\n    dropped: no_route\n        No route leads to the "
                    "destination.\n        Add a --route, or look at --gateway.\n") !=
          std::string::npos);
    PacketEntry by_control = dropped(stats::Drop::NeighbourFailed);
    by_control.thread = 2;
    by_control.from = observe::kNowhere;
    CHECK(trace(by_control).starts_with("1700000000.000000042 control core, 0 bytes\n"));
}

TEST_CASE("packet text: what stays IPv6 is told with its addresses, and what they become",
          "[listing][nptv6]") {
    PacketEntry entry;
    entry.from = 0;
    entry.length = 62;
    entry.is_ipv6 = entry.is_mapped = true;
    entry.tuple.protocol = Protocol::Udp;
    entry.tuple.source_port = Be16::from_host(4000);
    entry.tuple.destination_port = Be16::from_host(53);
    entry.ipv6 = {v6("fd00:1::10"), v6("2001:db8:9::1")};
    entry.mapped = {v6("2001:db8:f:cf3a::10"), entry.ipv6.destination};
    CHECK(packet_comment(entry) == "fd00:1::10 -> 2001:db8:f:cf3a::10");
    std::string text;
    append_trace(text, entry, 0, {});
    CHECK(text.find("    udp [fd00:1::10]:4000 -> [2001:db8:9::1]:53\n"
                    "    translated: fd00:1::10 -> 2001:db8:f:cf3a::10\n") != std::string::npos);
    entry.tuple.protocol = Protocol::Icmp;
    entry.outcome = Outcome::Dropped;
    entry.reason = stats::Drop::Ipv6Destination;
    text.clear();
    append_trace(text, entry, 0, {});
    CHECK(text.find("    icmpv6 fd00:1::10 -> 2001:db8:9::1\n    dropped: ipv6_destination\n") !=
          std::string::npos);
    CHECK(packet_comment(entry).starts_with("dropped: ipv6_destination. "));
}

}  // namespace packet_text_test
