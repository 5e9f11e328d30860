// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// NAT64: IPv6 hosts inside reach IPv4 hosts outside, and everything else of theirs ends by name.

#include "bed_with_ipv6.h"
#include "catch.h"
#include "reload.h"

namespace nat64_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

TEST_CASE("nat64: a datagram leaves as IPv4, its answer comes back as IPv6", "[packet][nat64]") {
    Ipv6Bed ipv6;
    Frame6 question = to_server(udp6(5000, 53, Bytes(11, 0x61)));
    question.traffic_class = 0xb9;
    const auto out = ipv6.send(question);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].destination == kServer);
    CHECK(out[0].protocol == 17);
    CHECK(out[0].destination_port == 53);
    CHECK(out[0].payload == Bytes(11, 0x61));
    CHECK(out[0].ttl == 63);
    CHECK(out[0].tos == 0xb9);
    CHECK(out[0].checksums_ok());
    CHECK_FALSE(out[0].dont_fragment);

    const auto in =
        ipv6.answer_from_outside(server_reply(out[0].source_port, 21).tos(0x2e).ttl(50));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == canonical(kServer6));
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].destination_mac == mac_of6(kHost6));
    CHECK(in[0].source_mac == ipv6.gateway_mac());
    CHECK(in[0].protocol == 17);
    CHECK(in[0].word(2) == 5000);
    CHECK(in[0].hop_limit == 49);
    CHECK(in[0].traffic_class == 0x2e);
    CHECK(in[0].payload_length == 29);
    CHECK(in[0].transport.size() == 29);
    CHECK(in[0].checksum_ok);
    CHECK_FALSE(in[0].is_fragment);
}

TEST_CASE("nat64: a host is solicited by its group before the first answer reaches it",
          "[packet][nat64][rfc4861]") {
    Ipv6Bed ipv6;
    ipv6.answer_from_outside(server_reply(ask(ipv6)));
    REQUIRE(ipv6.solicited.size() == 1);
    const Seen6& question = ipv6.solicited[0];
    CHECK(question.source == kOwnLinkLocal);
    CHECK(question.destination == "ff02::1:ff00:10");
    CHECK(question.destination_mac == MacAddress{0x33, 0x33, 0xff, 0, 0, 0x10});
    CHECK(question.hop_limit == 255);
    CHECK(question.checksum_ok);
    CHECK(text6(&question.transport.at(8)) == kHost6);
}

TEST_CASE("nat64: a host that advertises nothing is reported unreachable", "[packet][nat64]") {
    Ipv6Bed ipv6;
    const uint16_t port = ask(ipv6);
    ipv6.bed.silent = {kHost6};
    CHECK(ipv6.answer_from_outside(server_reply(port)).empty());
    ipv6.bed.advance(Duration::seconds(4));
    ipv6.settle();
    CHECK(ipv6.bed.dropped(Drop::NeighbourFailed) == 1);
}

TEST_CASE("nat64: a TCP connection is tracked from SYN to the last ACK", "[packet][nat64][tcp]") {
    Ipv6Bed ipv6;
    const auto send = [&](uint8_t flags, uint32_t seq, uint32_t ack, Bytes payload = {}) {
        return ipv6.send(to_server(tcp6(40000, 80, flags, seq, ack, std::move(payload))));
    };
    const auto syn = send(kSyn, 1000, 0);
    REQUIRE(syn.size() == 1);
    CHECK(syn[0].tcp_flags == kSyn);
    CHECK(syn[0].checksums_ok());
    const uint16_t port = syn[0].source_port;
    const auto back = [&](uint8_t flags, uint32_t seq, uint32_t ack, size_t bytes = 0) {
        return ipv6.answer_from_outside(
            Frame().ipv4(kServer, kPublic).tcp(80, port, flags).seq(seq).ack(ack).payload(bytes));
    };
    const auto syn_ack = back(kSyn | kAck, 7000, 1001);
    REQUIRE(syn_ack.size() == 1);
    CHECK(syn_ack[0].checksum_ok);
    CHECK(syn_ack[0].transport.at(13) == (kSyn | kAck));
    CHECK(send(kAck, 1001, 7001).size() == 1);
    const auto data = send(kAck | kPsh, 1001, 7001, Bytes(1400, 0x42));
    REQUIRE(data.size() == 1);
    CHECK(data[0].payload == Bytes(1400, 0x42));
    CHECK(data[0].dont_fragment);
    CHECK(data[0].checksums_ok());
    CHECK(back(kAck, 7001, 2401, 1000).size() == 1);
    CHECK(send(kFin | kAck, 2401, 8001).size() == 1);
    CHECK(back(kFin | kAck, 8001, 2402).size() == 1);
    CHECK(send(kAck, 2402, 8002).size() == 1);
    CHECK(ipv6.bed.flows() == 1);
    ipv6.bed.advance(Duration::seconds(130));
    CHECK(ipv6.bed.flows() == 0);
}

TEST_CASE("nat64: a FIN of no connection never leaves", "[packet][nat64][tcp]") {
    Ipv6Bed ipv6;
    CHECK(ipv6.send(to_server(tcp6(40000, 80, kFin | kAck, 1, 1))).empty());
    CHECK(ipv6.bed.dropped(Drop::InvalidUntrackedFin) == 1);
}

TEST_CASE("nat64: pings pass both ways, with their identifier translated",
          "[packet][nat64][icmp]") {
    Ipv6Bed ipv6;
    const auto out = ipv6.send(to_server(icmp6(128, 0, 0x1234'0007, Bytes(13, 1))));
    REQUIRE(out.size() == 1);
    CHECK(out[0].protocol == 1);
    CHECK(out[0].icmp_type == 8);
    CHECK(out[0].echo_sequence == 7);
    CHECK(out[0].checksums_ok());
    const auto in = ipv6.answer_from_outside(
        Frame().ipv4(kServer, kPublic).echo_reply(out[0].identifier, 7).payload(Bytes(13, 1)));
    REQUIRE(in.size() == 1);
    CHECK(in[0].protocol == 58);
    CHECK(in[0].transport.at(0) == 129);
    CHECK(in[0].word(4) == 0x1234);
    CHECK(in[0].word(6) == 7);
    CHECK(in[0].checksum_ok);
}

TEST_CASE("nat64: the gateway answers pings to both of its own addresses",
          "[packet][nat64][icmp]") {
    Ipv6Bed ipv6;
    const auto [own, host] = GENERATE(table<std::string, std::string>(
        {{kOwn6, kHost6}, {kOwnLinkLocal, "fe80::10"}, {kOwn6, "fe80::10"}}));
    CHECK(ipv6.send({.source = host, .destination = own, .upper = icmp6(128, 0, 0x10001)}).empty());
    const auto in = ipv6.take();
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == own);
    CHECK(in[0].destination == host);
    CHECK(in[0].destination_mac == mac_of6(host));
    CHECK(in[0].transport.at(0) == 129);
    CHECK(in[0].checksum_ok);
}

TEST_CASE("nat64: an outside host's ping of an IPv6 host has no way in", "[packet][nat64]") {
    Ipv6Bed ipv6;
    ask(ipv6);
    CHECK(ipv6.answer_from_outside(Frame().ipv4(kServer, "198.18.0.20").echo_request(1)).empty());
    CHECK(ipv6.bed.dropped(Drop::Ipv6Number) == 1);
}

TEST_CASE("nat64: a host reaches another by its public endpoint", "[packet][nat64][hairpin]") {
    Ipv6Bed ipv6(ipv6_options({}, [](config::Config& config) {
        config.snat = {
            {.inside = config.lans.back().own.network(),
             .addresses = {{ip(kPublic), ip(kPublic)}},
             .independence = policy::Independence{
                 {{net::Protocol::Udp}}, pool::kAllPorts, policy::Filtering::EndpointIndependent}}};
        config.inside.clear();
        config.pool.clear();
    }));
    const auto out =
        ipv6.send({.source = kOther6, .destination = kServer6, .upper = udp6(7000, 53)});
    REQUIRE(out.size() == 1);
    const uint16_t port = out[0].source_port;
    const auto passed = ipv6.send({.source = kHost6,
                                   .destination = std::string("64:ff9b::") + kPublic,
                                   .upper = udp6(5000, port)});
    CHECK(passed.empty());
    const auto in = ipv6.take();
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == canonical(std::string("64:ff9b::") + kPublic));
    CHECK(in[0].destination == kOther6);
    CHECK(in[0].word(2) == 7000);
    CHECK(in[0].checksum_ok);
}

TEST_CASE("nat64: hosts do not reach one another by their own addresses", "[packet][nat64]") {
    Ipv6Bed ipv6;
    CHECK(ipv6.send({.source = kHost6, .destination = kOther6, .upper = udp6(5000, 53)}).empty());
    CHECK(ipv6.bed.dropped(Drop::Ipv6Destination) == 1);
}

TEST_CASE("nat64: what is too old ends here, and its sender is told in ICMPv6",
          "[packet][nat64][icmp]") {
    Ipv6Bed ipv6;
    Frame6 frame = to_server(udp6(5000, 53));
    frame.hop_limit = 1;
    CHECK(ipv6.send(frame).empty());
    const auto in = ipv6.take();
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kOwn6);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].transport.at(0) == 3);
    CHECK(in[0].transport.at(1) == 0);
    CHECK(in[0].checksum_ok);
    const Seen6 quoted = quote_of6(in[0]);
    CHECK(quoted.source == kHost6);
    CHECK(quoted.destination == canonical(kServer6));
    CHECK(quoted.word(0) == 5000);
    CHECK(quoted.payload_length == 18);
    CHECK(quoted.checksum_ok);  // the quote is what was sent, to the last byte
}

TEST_CASE("nat64: a router's error becomes ICMPv6 about what the host has sent",
          "[packet][nat64][icmp][rfc7915]") {
    Ipv6Bed ipv6;
    const auto out = ipv6.send(to_server(udp6(5000, 53)));
    REQUIRE(out.size() == 1);
    const Bytes quoted = Frame()
                             .ipv4(kPublic, kServer)
                             .udp(out[0].source_port, 53)
                             .payload(Bytes(10, 0x55))
                             .ip_bytes();
    struct Row {
        uint8_t type, code;
        uint16_t mtu;
        uint8_t type6, code6;
        uint32_t rest;
    };
    const Row row = GENERATE(values<Row>({{3, 3, 0, 1, 4, 0},
                                          {3, 1, 0, 1, 0, 0},
                                          {3, 10, 0, 1, 1, 0},
                                          {3, 4, 1400, 2, 0, 1420},
                                          {3, 4, 576, 2, 0, 1280},
                                          {11, 0, 0, 3, 0, 0}}));
    CAPTURE(row.type, row.code, row.mtu);
    const auto in = ipv6.answer_from_outside(
        Frame().ipv4("192.0.2.7", kPublic).icmp_error(row.type, row.code, quoted, row.mtu));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == canonical("64:ff9b::192.0.2.7"));
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].transport.at(0) == row.type6);
    CHECK(in[0].transport.at(1) == row.code6);
    CHECK((in[0].word(4) << 16 | in[0].word(6)) == row.rest);
    CHECK(in[0].checksum_ok);
    const Seen6 quote = quote_of6(in[0]);
    CHECK(quote.source == kHost6);
    CHECK(quote.destination == canonical(kServer6));
    CHECK(quote.word(0) == 5000);
    CHECK(quote.checksum_ok);
}

TEST_CASE("nat64: what a router says beyond its quote is not told as its end",
          "[packet][nat64][icmp][rfc4884]") {
    Ipv6Bed ipv6;
    const uint16_t port = ask(ipv6);
    Bytes rest = Frame().ipv4(kPublic, kServer).udp(port, 53).payload(100).ip_bytes();
    REQUIRE(rest.size() == 128);
    rest.insert(rest.end(), {0x20, 0, 0, 0, 0, 8, 1, 1, 0, 1, 1, 0xff});  // of MPLS (RFC 4950)
    const auto in = ipv6.answer_from_outside(
        Frame().ipv4("192.0.2.7", kPublic).icmp(11, 0, 32u << 16).payload(rest));
    REQUIRE(in.size() == 1);
    CHECK(in[0].checksum_ok);
    CHECK(in[0].word(4) == 0);
    CHECK(in[0].payload_length == 8 + 128 + 20);
    CHECK(quote_of6(in[0]).destination == canonical(kServer6));
}

TEST_CASE("nat64: a host's ICMPv6 error becomes ICMP about what the server has sent",
          "[packet][nat64][icmp][rfc7915]") {
    Ipv6Bed ipv6;
    const uint16_t port = ask(ipv6);
    REQUIRE(ipv6.answer_from_outside(server_reply(port, 1200)).size() == 1);
    const Bytes quoted =
        Frame6{.source = kServer6, .destination = kHost6, .upper = udp6(53, 5000, Bytes(1200, 0))}
            .ip_bytes();
    const auto [type, code, rest, type4, code4, mtu] =
        GENERATE(table<uint8_t, uint8_t, uint32_t, uint8_t, uint8_t, unsigned>(
            {{1, 4, 0, 3, 3, 0}, {1, 1, 0, 3, 10, 0}, {2, 0, 1300, 3, 4, 1280}}));
    const auto out =
        ipv6.send(to_server(icmp6(type, code, rest, Bytes(quoted.begin(), quoted.begin() + 600))));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].destination == kServer);
    CHECK(out[0].icmp_type == type4);
    CHECK(out[0].icmp_code == code4);
    CHECK(out[0].echo_sequence == mtu);
    CHECK(out[0].checksums_ok());
    const Seen quote = read_ip(out[0].payload);
    CHECK(quote.source == kServer);
    CHECK(quote.destination == kPublic);
    CHECK(quote.source_port == 53);
    CHECK(quote.destination_port == port);
    CHECK(quote.ip_checksum_ok);
    CHECK(quote.total_length == 1228);
}

TEST_CASE("nat64: what a host's ICMPv6 error says beyond its quote does not leave",
          "[packet][nat64][icmp][rfc4884]") {
    Ipv6Bed ipv6;
    const uint16_t port = ask(ipv6);
    REQUIRE(ipv6.answer_from_outside(server_reply(port, 200)).size() == 1);
    Bytes rest =
        Frame6{.source = kServer6, .destination = kHost6, .upper = udp6(53, 5000, Bytes(200, 0))}
            .ip_bytes();
    rest.resize(128);
    // Interface information (RFC 5837) with an address.
    rest.insert(rest.end(), {0x20, 0, 0, 0, 0, 12, 2, 4, 0, 1, 0, 0, 10, 1, 0, 77});
    const auto out = ipv6.send(to_server(icmp6(1, 4, 16u << 24, rest)));
    REQUIRE(out.size() == 1);
    CHECK(out[0].icmp_code == 3);
    CHECK(out[0].total_length == 20 + 8 + 108);
    CHECK(out[0].payload.size() == 108);
    CHECK(out[0].padding == 0);
    CHECK(out[0].checksums_ok());
    const Seen quote = read_ip(out[0].payload);
    CHECK(quote.destination == kPublic);
    CHECK(quote.destination_port == port);
}

TEST_CASE("nat64: a damaged ICMPv6 error does not become a sound ICMP one", "[packet][nat64]") {
    Ipv6Bed ipv6;
    ask(ipv6);
    const Bytes quoted =
        Frame6{.source = kServer6, .destination = kHost6, .upper = udp6(53, 5000)}.ip_bytes();
    Frame6 error = to_server(icmp6(1, 4, 0, quoted));
    error.has_checksum = false;
    CHECK(ipv6.send(error).empty());
    CHECK(ipv6.bed.dropped(Drop::TransportChecksum) == 1);
}

TEST_CASE("nat64: a UDP checksum that IPv4 left out is computed", "[packet][nat64][rfc7915]") {
    Ipv6Bed ipv6;
    const uint16_t port = ask(ipv6);
    const auto in = ipv6.answer_from_outside(server_reply(port, 33).without_udp_checksum());
    REQUIRE(in.size() == 1);
    CHECK(in[0].word(6) != 0);
    CHECK(in[0].checksum_ok);
}

TEST_CASE("nat64: by choice UDP without a checksum is dropped, until a reload says otherwise",
          "[packet][nat64][rfc7915]") {
    Ipv6Bed ipv6(ipv6_options(
        {}, [](config::Config& config) { config.zero_checksum = nat64::ZeroChecksum::Drop; }));
    const uint16_t port = ask(ipv6);
    CHECK(ipv6.answer_from_outside(server_reply(port)).size() == 1);  // its MAC is known now
    const Frame without = server_reply(port, 33).without_udp_checksum();
    const auto is_said_to_leave = [&](const Frame& frame) {
        const auto policy = ipv6.bed.gateway().policies().current();
        const why::Answer answer = ipv6.bed.gateway().ask(
            {.frame = frame.bytes(), .side = Side::Outside}, *policy, ipv6.bed.now());
        CHECK((answer.fate == why::Fate::Leaves || answer.reason == Drop::Ipv6NoChecksum));
        return answer.fate == why::Fate::Leaves;
    };
    CHECK_FALSE(is_said_to_leave(without));
    CHECK(is_said_to_leave(server_reply(port, 33)));
    CHECK(ipv6.answer_from_outside(without).empty());
    CHECK(ipv6.bed.dropped(Drop::Ipv6NoChecksum) == 1);
    CHECK(ipv6.answer_from_outside(server_reply(port, 33)).size() == 1);

    config::Config config = ipv6.bed.config();
    config.zero_checksum = nat64::ZeroChecksum::Compute;
    reload(ipv6.bed, config);
    CHECK(is_said_to_leave(without));
    const auto in = ipv6.answer_from_outside(without);
    REQUIRE(in.size() == 1);
    CHECK(in[0].checksum_ok);
}

TEST_CASE("nat64: options before the transport header are skipped", "[packet][nat64]") {
    Ipv6Bed ipv6;
    Frame6 frame = to_server(udp6(5000, 53));
    // Hop-by-hop, destination options of 16 bytes, and a routing header that is used up.
    frame.first_extension = 0;
    frame.extensions = {60, 0, 1, 4, 0, 0, 0, 0, 43, 1, 1, 12, 0, 0, 0, 0,
                        0,  0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0,  0, 0, 0, 0};
    const auto out = ipv6.send(frame);
    REQUIRE(out.size() == 1);
    CHECK(out[0].destination_port == 53);
    CHECK(out[0].total_length == 38);
    CHECK(out[0].checksums_ok());
}

TEST_CASE("nat64: IPv4 hosts of the same wire are served beside", "[packet][nat64]") {
    Ipv6Bed ipv6;
    ask(ipv6);
    const auto out = ipv6.bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53));
    REQUIRE(out.size() == 1);
    ipv6.bed.inject(Side::Outside,
                    Frame()
                        .ether(mac_of(ip(kRouter)), ipv6.bed.port(Side::Outside).mac())
                        .ipv4(kServer, kPublic)
                        .udp(53, out[0].source_port)
                        .payload(1472)
                        .bytes());
    ipv6.bed.run();
    const auto in = ipv6.bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].ether_type == 0x0800);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].total_length == 1500);
    CHECK(ipv6.bed.flows() == 2);
}

TEST_CASE("nat64: what a server gets of one host does not say how much others have sent",
          "[packet][nat64][rfc7915]") {
    constexpr unsigned kPackets = 200;
    Ipv6Bed ipv6;
    std::vector<uint16_t> seen;
    for (unsigned i = 0; i < kPackets; ++i) {
        const auto out = ipv6.send(to_server(udp6(5000, 53)));
        REQUIRE(out.size() == 1);
        REQUIRE_FALSE(out[0].dont_fragment);
        seen.push_back(out[0].id);
    }
    unsigned near = 0;  // by a counter of all packets each is, behind the one before
    for (unsigned i = 1; i < kPackets; ++i)
        near += static_cast<uint16_t>(seen[i] - seen[i - 1]) < 64;
    CHECK(near < 5);
}

TEST_CASE("nat64: many workers give a host one number", "[packet][nat64]") {
    Ipv6Bed ipv6(ipv6_options({.workers = 3}));
    for (uint16_t port = 1; port <= 30; ++port)
        REQUIRE(ipv6.send(to_server(udp6(port, 53))).size() == 1);
    CHECK(ipv6.bed.flows() == 30);
    CHECK(ipv6.bed.gateway().snapshot().dropped() == 0);
    uint32_t hosts = 0;
    const hosts::HostTable& table = ipv6.bed.gateway().hosts();
    table.for_each(0, table.capacity(), ipv6.bed.now(), [&](const hosts::Host&) { ++hosts; });
    CHECK(hosts == 1);
}

}  // namespace nat64_test
