// SPDX-License-Identifier: BSD-3-Clause
#include "net/parse.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "packet_builder.h"

#include <string>

namespace parse_test {

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;
using stats::Drop;

namespace {

Frame from_inside() {
    return Frame().ipv4("10.1.0.10", "203.0.113.10");
}

/// What a fragment carries, of a protocol that has ports.
Frame piece(size_t bytes) {
    return from_inside().protocol(6).payload(bytes);
}

std::optional<Drop> verdict(const Bytes& frame, std::initializer_list<size_t> cuts = {}) {
    FakeMbuf mbuf(frame, cuts);
    Packet packet;
    Tuple tuple;
    return parse(mbuf, packet, tuple);
}

struct Parsed {
    Packet packet;
    Tuple tuple;
    bool ok;
};

Parsed parsed(FakeMbuf& mbuf) {
    Parsed result{};
    result.ok = !parse(mbuf, result.packet, result.tuple);
    return result;
}

}  // namespace

TEST_CASE("parse: a TCP packet yields its headers, flags and tuple", "[net][tcp]") {
    FakeMbuf mbuf(from_inside().tcp(40000, 80, kSyn | kAck).payload(100).bytes());
    const Parsed result = parsed(mbuf);
    REQUIRE(result.ok);
    const auto* start = rte_pktmbuf_mtod(mbuf.get(), uint8_t*);
    CHECK(reinterpret_cast<uint8_t*>(result.packet.ip) == start + 14);
    CHECK(result.packet.transport == start + 34);
    CHECK(result.packet.length == 140);
    CHECK(result.packet.head_bytes == 140);
    CHECK(result.packet.tcp_flags == (kSyn | kAck));
    CHECK(result.tuple == Tuple{ip("10.1.0.10"), ip("203.0.113.10"), Be16::from_host(40000),
                                Be16::from_host(80), Protocol::Tcp});
}

TEST_CASE("parse: a UDP packet yields its tuple", "[net][udp]") {
    FakeMbuf mbuf(from_inside().udp(5353, 53).payload(1).bytes());
    const Parsed result = parsed(mbuf);
    REQUIRE(result.ok);
    CHECK(result.packet.tcp_flags == 0);
    CHECK(result.tuple == Tuple{ip("10.1.0.10"), ip("203.0.113.10"), Be16::from_host(5353),
                                Be16::from_host(53), Protocol::Udp});
}

TEST_CASE("parse: a UDP-Lite packet yields its tuple", "[net][udp]") {
    const auto coverage = static_cast<uint16_t>(GENERATE(0, 8, 9, 18));
    FakeMbuf mbuf(from_inside().udp_lite(5353, 53, coverage).payload(10).bytes());
    const Parsed result = parsed(mbuf);
    REQUIRE(result.ok);
    CHECK(result.tuple == Tuple{ip("10.1.0.10"), ip("203.0.113.10"), Be16::from_host(5353),
                                Be16::from_host(53), Protocol::UdpLite});
}

TEST_CASE("parse: an SCTP packet yields its tuple", "[net][sctp]") {
    FakeMbuf mbuf(from_inside().sctp(5000, 80, 0).init(1, 7).bytes());
    const Parsed result = parsed(mbuf);
    REQUIRE(result.ok);
    CHECK(result.tuple == Tuple{ip("10.1.0.10"), ip("203.0.113.10"), Be16::from_host(5000),
                                Be16::from_host(80), Protocol::Sctp});
}

TEST_CASE("parse: of a protocol that it does not know only the addresses count", "[net]") {
    for (const int number : {0, 2, 4, 33, 41, 47, 50, 51, 115, 253, 255}) {
        CAPTURE(number);
        const auto bytes = static_cast<size_t>(GENERATE(0, 1, 40));
        FakeMbuf mbuf(from_inside().protocol(static_cast<uint8_t>(number)).payload(bytes).bytes());
        const Parsed result = parsed(mbuf);
        REQUIRE(result.ok);
        CHECK(result.tuple == Tuple{ip("10.1.0.10"),
                                    ip("203.0.113.10"),
                                    {},
                                    {},
                                    Protocol{static_cast<uint8_t>(number)}});
        CHECK(result.packet.length == 20 + bytes);
    }
}

TEST_CASE("parse: an echo reply's tuple is its request's, reversed", "[net][icmp]") {
    FakeMbuf request(from_inside().echo_request(77).bytes());
    const Parsed asked = parsed(request);
    REQUIRE(asked.ok);
    CHECK(asked.packet.icmp_type == 8);
    CHECK(asked.tuple == Tuple{ip("10.1.0.10"), ip("203.0.113.10"), Be16::from_host(77),
                               Be16::from_host(0x0800), Protocol::Icmp});

    FakeMbuf reply(Frame().ipv4("203.0.113.10", "10.1.0.10").echo_reply(77).bytes());
    const Parsed answered = parsed(reply);
    REQUIRE(answered.ok);
    CHECK(answered.packet.icmp_type == 0);
    CHECK(answered.tuple == asked.tuple.reversed());
}

TEST_CASE("parse: every ICMP query pairs with its answer, by type, code and identifier",
          "[net][icmp]") {
    struct Row {
        uint8_t query, answer;
    };
    const Row row = GENERATE(values<Row>({{8, 0}, {13, 14}, {15, 16}, {17, 18}}));
    const uint8_t code = GENERATE(0, 1);
    CAPTURE(int{row.query}, int{code});
    FakeMbuf query(from_inside().icmp(row.query, code, 77u << 16 | 5).payload(12).bytes());
    const Parsed asked = parsed(query);
    REQUIRE(asked.ok);
    CHECK(asked.tuple.source_port.host() == 77);
    CHECK(asked.tuple.destination_port.host() == (row.query << 8 | code));
    CHECK_FALSE(asked.packet.is_icmp_error);

    FakeMbuf answer(Frame()
                        .ipv4("203.0.113.10", "10.1.0.10")
                        .icmp(row.answer, code, 77u << 16 | 5)
                        .payload(12)
                        .bytes());
    const Parsed answered = parsed(answer);
    REQUIRE(answered.ok);
    CHECK(answered.packet.icmp_type == row.answer);
    CHECK(answered.tuple == asked.tuple.reversed());
}

TEST_CASE("parse: an ICMP error's tuple is that of its quote, reversed", "[net][icmp][rfc5508]") {
    const auto quoted = from_inside().tcp(40000, 80).payload(30);
    const uint8_t type = GENERATE(3, 4, 11, 12);
    FakeMbuf mbuf(
        Frame().ipv4("192.0.2.9", "10.1.0.10").icmp_error(type, 1, quoted.ip_bytes()).bytes());
    FakeMbuf plain(quoted.bytes());
    const Parsed error = parsed(mbuf);
    REQUIRE(error.ok);
    CHECK(error.packet.is_icmp_error);
    CHECK(error.packet.icmp_type == type);
    CHECK(error.tuple == parsed(plain).tuple.reversed());
}

TEST_CASE("parse: each unsound or unwanted header has its reason", "[net]") {
    const auto tcp = [] { return from_inside().tcp(1, 2); };
    const auto udp = [] { return from_inside().udp(1, 2).payload(10); };
    struct Case {
        std::string what;
        Bytes frame;
        Drop reason;
    };
    const Case cases[] = {
        {"ARP", arp_request(mac(1), ip("10.1.0.10"), ip("10.1.0.1")), Drop::NotIpv4},
        {"IPv6", tcp().ether_type(0x86dd).bytes(), Drop::NotIpv4},
        {"VLAN tag", tcp().vlan(7).bytes(), Drop::NotIpv4},
        {"version 6", tcp().ip_version(6).bytes(), Drop::IpVersion},
        {"version 0", tcp().ip_version(0).bytes(), Drop::IpVersion},
        {"header of 16 bytes", tcp().ip_header_words(4).bytes(), Drop::IpHeaderLength},
        {"header of 0 bytes", tcp().ip_header_words(0).bytes(), Drop::IpHeaderLength},
        {"total length 0", tcp().ip_total_length(0).bytes(), Drop::IpLength},
        {"total length 19", tcp().ip_total_length(19).bytes(), Drop::IpLength},
        {"total length one too many", tcp().ip_total_length(41).bytes(), Drop::Truncated},
        {"total length 65535", tcp().ip_total_length(65535).bytes(), Drop::Truncated},
        {"record route", tcp().ip_options({7, 7, 4, 0, 0, 0, 0, 0}).bytes(), Drop::IpOptions},
        {"source route", tcp().ip_options({131, 7, 4, 9, 9, 9, 9, 0}).bytes(), Drop::IpSourceRoute},
        {"options beyond total length", tcp().ip_options({1, 1, 1, 0}).ip_total_length(20).bytes(),
         Drop::IpLength},
        {"TTL 0", tcp().ttl(0).bytes(), Drop::TtlZero},
        {"UDP-Lite that covers 7 bytes", from_inside().udp_lite(1, 2, 7).payload(8).bytes(),
         Drop::TransportHeader},
        {"UDP-Lite that covers a byte more than there is",
         from_inside().udp_lite(1, 2, 17).payload(8).bytes(), Drop::TransportHeader},
        {"UDP-Lite without checksum",
         from_inside().udp_lite(1, 2).without_udp_checksum().payload(8).bytes(),
         Drop::TransportHeader},
        {"UDP-Lite cut short", from_inside().protocol(136).payload(7).bytes(),
         Drop::TransportHeader},
        {"SCTP of 15 bytes", from_inside().protocol(132).payload(15).bytes(),
         Drop::TransportHeader},
        {"SCTP without chunks", from_inside().sctp(1, 2, 3).bytes(), Drop::TransportHeader},
        {"SCTP with an INIT in company",
         from_inside().sctp(1, 2, 0).init(1, 7).chunk(0, 3, Bytes(13)).bytes(),
         Drop::TransportHeader},
        {"fragment of 12 bytes", piece(12).fragment(800, true).bytes(), Drop::FragmentInvalid},
        {"fragment of none", piece(0).fragment(800, true).bytes(), Drop::FragmentInvalid},
        {"last fragment of none", piece(0).fragment(800, false).bytes(), Drop::FragmentInvalid},
        {"fragment beyond the end", piece(32).fragment(65488, false).bytes(),
         Drop::FragmentInvalid},
        {"first fragment without ports", piece(8).fragment(0, true).bytes(), Drop::FragmentHeader},
        {"first fragment without flags", piece(16).fragment(0, true).bytes(), Drop::FragmentHeader},
        {"first fragment of an error",
         from_inside().icmp(3, 1).payload(64).fragment(0, true).bytes(), Drop::FragmentUnsupported},
        {"first fragment of SCTP",
         from_inside().protocol(132).payload(40).fragment(0, true).bytes(),
         Drop::FragmentUnsupported},
        {"later fragment of SCTP",
         from_inside().protocol(132).payload(40).fragment(80, true).bytes(),
         Drop::FragmentUnsupported},
        {"nothing behind IP", from_inside().protocol(6).bytes(), Drop::TransportHeader},
        {"TCP header of 19 bytes", from_inside().protocol(6).payload(19).bytes(),
         Drop::TransportHeader},
        {"TCP data offset 4", tcp().tcp_header_words(4).bytes(), Drop::TransportHeader},
        {"TCP data offset beyond the packet", tcp().tcp_header_words(6).bytes(),
         Drop::TransportHeader},
        {"UDP header of 7 bytes", from_inside().protocol(17).payload(7).bytes(),
         Drop::TransportHeader},
        {"UDP length 7", udp().udp_length(7).bytes(), Drop::TransportHeader},
        {"UDP length 0", udp().udp_length(0).bytes(), Drop::TransportHeader},
        {"UDP length one too many", udp().udp_length(19).bytes(), Drop::TransportHeader},
        {"ICMP header of 7 bytes", from_inside().protocol(1).payload(7).bytes(),
         Drop::TransportHeader},
        {"ICMP type 1", from_inside().icmp(1, 0).payload(28).bytes(), Drop::IcmpType},
        {"router advertisement", from_inside().icmp(9, 0).payload(28).bytes(), Drop::IcmpType},
        {"ICMP type 19", from_inside().icmp(19, 0).payload(28).bytes(), Drop::IcmpType},
        {"redirect", from_inside().icmp_error(5, 1, tcp().ip_bytes()).bytes(), Drop::IcmpRedirect},
        {"time exceeded about nothing", from_inside().icmp(11, 0).bytes(), Drop::IcmpErrorQuote},
    };
    for (const Case& c : cases) {
        CAPTURE(c.what);
        const auto reason = verdict(c.frame);
        REQUIRE(reason);
        CHECK(stats::drop_name(*reason) == stats::drop_name(c.reason));
    }
}

TEST_CASE("parse: each kind of IP option passes or has its reason", "[net]") {
    struct Row {
        std::string what;
        Bytes options;
        std::optional<Drop> reason;
    };
    const Row rows[] = {
        {"nothing but padding", {1, 1, 1, 0}, {}},
        {"40 bytes", Bytes(40, 1), {}},
        {"router alert", {148, 4, 0, 0}, {}},
        {"security", {130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {}},
        {"a kind nobody knows", {94, 4, 7, 7}, {}},
        {"loose source route", {131, 7, 4, 9, 9, 9, 9, 0}, Drop::IpSourceRoute},
        {"strict source route behind others", {148, 4, 0, 0, 1, 137, 3, 4}, Drop::IpSourceRoute},
        {"record route", {7, 7, 4, 0, 0, 0, 0, 0}, Drop::IpOptions},
        {"timestamp", {68, 8, 5, 0, 0, 0, 0, 0}, Drop::IpOptions},
        {"traceroute", {82, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, Drop::IpOptions},
        {"behind the end of the list", {0, 131, 3, 4}, {}},
        {"length 0", {148, 0, 0, 0}, Drop::IpOptions},
        {"length 1", {148, 1, 0, 0}, Drop::IpOptions},
        {"beyond the end", {148, 5, 0, 0}, Drop::IpOptions},
        {"no length", {1, 1, 1, 148}, Drop::IpOptions},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CHECK(verdict(from_inside().udp(1, 2).ip_options(row.options).bytes()) == row.reason);
    }
}

TEST_CASE("parse: the transport header lies behind the IP options", "[net]") {
    FakeMbuf mbuf(from_inside().udp(5353, 53).ip_options({148, 4, 0, 0}).payload(3).bytes());
    const Parsed result = parsed(mbuf);
    REQUIRE(result.ok);
    CHECK(net::ip_header_bytes(result.packet) == 24);
    CHECK(result.packet.length == 24 + 8 + 3);
    CHECK(result.tuple.source_port.host() == 5353);
    CHECK_FALSE(net::verify_checksums(mbuf, result.packet, false));
}

TEST_CASE("parse: of a fragment only the first has ports, and its length is its own",
          "[net][fragment]") {
    FakeMbuf first(
        from_inside().udp(5000, 53).udp_length(4000).payload(72).fragment(0, true).bytes());
    const Parsed lead = parsed(first);
    REQUIRE(lead.ok);
    CHECK(lead.packet.is_fragment);
    CHECK(lead.packet.length == 100);
    CHECK(lead.tuple.source_port.host() == 5000);
    CHECK_FALSE(verify_checksums(first, lead.packet, false));

    FakeMbuf later(piece(33).fragment(80, false).bytes());
    const Parsed follower = parsed(later);
    REQUIRE(follower.ok);
    CHECK(follower.packet.is_fragment);
    CHECK(follower.tuple == Tuple{ip("10.1.0.10"), ip("203.0.113.10"), {}, {}, Protocol::Tcp});
    CHECK_FALSE(verify_checksums(later, follower.packet, false));

    FakeMbuf whole(from_inside().udp(5000, 53).dont_fragment().bytes());
    CHECK_FALSE(parsed(whole).packet.is_fragment);
    FakeMbuf damaged(piece(33).fragment(80, false).bad_ip_checksum().bytes());
    CHECK(verify_checksums(damaged, parsed(damaged).packet, false) == Drop::IpChecksum);
}

TEST_CASE("parse: the reason is that of the outermost fault", "[net]") {
    const Frame all_wrong = from_inside().tcp(1, 2).ttl(0).fragment(0, true).tcp_header_words(1);
    CHECK(verdict(Frame(all_wrong).ip_version(5).ip_header_words(3).bytes()) == Drop::IpVersion);
    CHECK(verdict(Frame(all_wrong).ip_header_words(3).bytes()) == Drop::IpHeaderLength);
    CHECK(verdict(Frame(all_wrong).ip_total_length(4).bytes()) == Drop::IpLength);
    CHECK(verdict(Frame(all_wrong).bytes()) == Drop::TtlZero);
    CHECK(verdict(Frame(all_wrong).ttl(1).bytes()) == Drop::FragmentInvalid);
    CHECK(verdict(Frame(all_wrong).ttl(1).payload(4).bytes()) == Drop::TransportHeader);
    CHECK(verdict(from_inside().tcp(1, 2).tcp_header_words(1).bytes()) == Drop::TransportHeader);
}

TEST_CASE("parse: what the edges allow is accepted", "[net]") {
    CHECK_FALSE(verdict(from_inside().tcp(1, 2).dont_fragment().bytes()));
    CHECK_FALSE(verdict(from_inside().tcp(1, 2).ttl(1).bytes()));
    CHECK_FALSE(verdict(from_inside().tcp(1, 2, 0).bytes()));
    CHECK_FALSE(verdict(from_inside().tcp(1, 2).tcp_options(Bytes(40, 1)).bytes()));
    CHECK_FALSE(verdict(from_inside().udp(0, 0).bytes()));
    CHECK_FALSE(verdict(from_inside().udp(1, 2).payload(10).udp_length(17).bytes()));
    CHECK_FALSE(verdict(from_inside().echo_request(0).bytes()));
    CHECK_FALSE(verdict(from_inside().udp(1, 2).payload(65000).bytes()));
}

TEST_CASE("parse: a frame cut off anywhere is dropped as truncated", "[net]") {
    const Bytes whole = GENERATE(from_inside().tcp(1, 2).payload(3).bytes(),
                                 from_inside().udp(1, 2).payload(3).bytes(),
                                 from_inside().echo_request(1).payload(3).bytes());
    for (size_t length = 0; length < whole.size(); ++length) {
        CAPTURE(length);
        CHECK(verdict(Bytes(whole.begin(), whole.begin() + static_cast<long>(length))) ==
              Drop::Truncated);
    }
    CHECK_FALSE(verdict(whole));
}

TEST_CASE("parse: headers that cross segments are dropped by name", "[net]") {
    const Bytes frame = from_inside().tcp(1, 2).tcp_options(Bytes(4, 1)).payload(30).bytes();
    constexpr size_t kHeaders = 14 + 20 + 24;
    for (size_t cut = 0; cut < frame.size(); ++cut) {
        CAPTURE(cut);
        if (cut < kHeaders)
            CHECK(verdict(frame, {cut}) == Drop::SplitHeaders);
        else
            CHECK_FALSE(verdict(frame, {cut}));
    }
    CHECK(verdict(from_inside().udp(1, 2).bytes(), {41}) == Drop::SplitHeaders);
    CHECK(verdict(from_inside().echo_request(1).bytes(), {41}) == Drop::SplitHeaders);
    CHECK(verdict(Bytes(10), {4}) == Drop::Truncated);
}

TEST_CASE("parse: a payload in later segments counts toward the length", "[net]") {
    FakeMbuf mbuf(from_inside().tcp(1, 2).payload(300).bytes(), {100, 101, 300});
    const Parsed result = parsed(mbuf);
    REQUIRE(result.ok);
    CHECK(result.packet.length == 340);
    CHECK(result.packet.head_bytes == 86);
    CHECK(mbuf->nb_segs == 4);
}

TEST_CASE("parse: padding behind the packet is cut off", "[net]") {
    const Frame frame = from_inside().udp(1, 2).payload(2);
    FakeMbuf mbuf(Frame(frame).padding(16).bytes());
    REQUIRE(parsed(mbuf).ok);
    CHECK(mbuf->pkt_len == 44);
    CHECK(mbuf->data_len == 44);
    CHECK(bytes_of(mbuf) == frame.bytes());
}

TEST_CASE("parse: padding is cut off segments, and what is empty then is freed", "[net]") {
    const Frame frame = from_inside().udp(1, 2).payload(60);  // 102 bytes
    FakeMbuf mbuf(Frame(frame).padding(50).bytes(), {80, 110, 130});
    REQUIRE(parsed(mbuf).ok);
    CHECK(mbuf->pkt_len == 102);
    CHECK(mbuf->nb_segs == 2);
    CHECK(bytes_of(mbuf) == frame.bytes());
    CHECK_FALSE(mbuf.is_freed(0));
    CHECK_FALSE(mbuf.is_freed(1));
    CHECK(mbuf.is_freed(2));
    CHECK(mbuf.is_freed(3));
}

TEST_CASE("parse: a packet that ends where a segment does keeps that segment", "[net]") {
    FakeMbuf mbuf(from_inside().udp(1, 2).payload(60).padding(8).bytes(), {102});
    REQUIRE(parsed(mbuf).ok);
    CHECK(mbuf->nb_segs == 1);
    CHECK(mbuf->next == nullptr);
    CHECK(mbuf->pkt_len == 102);
    CHECK(mbuf.is_freed(1));
}

TEST_CASE("parse: the EtherType is read where there is one", "[net]") {
    const Bytes arp = arp_request(mac(1), ip("10.1.0.10"), ip("10.1.0.1"));
    FakeMbuf whole(arp);
    CHECK(ether_type(whole) == 0x0806);
    FakeMbuf cut(Bytes(arp.begin(), arp.begin() + 13));
    CHECK(ether_type(cut) == 0);
    FakeMbuf split(arp, {13});
    CHECK(ether_type(split) == 0);
}

}  // namespace parse_test
