// SPDX-License-Identifier: BSD-3-Clause
#include "packet_builder.h"

#include "catch.h"
#include "packet_reader.h"
#include "plain_checksum.h"

#include <stdexcept>

namespace packet_builder_test {

using namespace sluice;
using namespace sluice::test;

namespace {

Frame syn() {
    return Frame().ipv4("10.1.0.10", "203.0.113.10").tcp(40000, 80, kSyn);
}

}  // namespace

TEST_CASE("packet builder: the checksum of RFC 1071's example is right", "[testing][rfc1071]") {
    const Bytes example{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    CHECK(plain_sum(example) == 0xddf2);
    CHECK(plain_checksum(example) == 0x220d);
    CHECK(plain_sum(Bytes{0x12, 0x34, 0x56}) == 0x1234 + 0x5600);
}

TEST_CASE("packet builder: fields stand where RFC 791 and RFC 768 put them", "[testing]") {
    // Written out by hand, checksums left zero.
    const Bytes expected{0x45, 0x00, 0x00, 0x1c, 0xab, 0xcd, 0x40, 0x00, 0x40, 0x11,
                         0x00, 0x00, 0x0a, 0x01, 0x00, 0x0a, 0xcb, 0x00, 0x71, 0x0a,
                         0x9c, 0x40, 0x00, 0x35, 0x00, 0x08, 0x00, 0x00};
    Bytes made = Frame()
                     .ipv4("10.1.0.10", "203.0.113.10")
                     .id(0xabcd)
                     .dont_fragment()
                     .udp(40000, 53)
                     .ip_bytes();
    REQUIRE(made.size() == expected.size());
    CHECK(plain_checksum(std::span(made).first(20)) == 0);
    made[10] = made[11] = made[26] = made[27] = 0;
    CHECK(made == expected);
}

TEST_CASE("packet builder: what is built reads back", "[testing]") {
    const Seen tcp = read(syn().seq(7).ack(9).window(500).ttl(3).tos(0x10).payload(11).bytes());
    CHECK(tcp.checksums_ok());
    CHECK(tcp.source_mac == mac(1));
    CHECK(tcp.destination_mac == mac(2));
    CHECK(tcp.seq == 7);
    CHECK(tcp.ack == 9);
    CHECK(tcp.window == 500);
    CHECK(tcp.tos == 0x10);
    CHECK(tcp.total_length == 51);
    CHECK(summary(tcp) == "tcp 10.1.0.10:40000 > 203.0.113.10:80 flags=S ttl=3 payload=11");

    const Seen udp = read(Frame().ipv4("10.1.0.10", "8.8.8.8").udp(5353, 53).payload(7).bytes());
    CHECK(udp.checksums_ok());
    CHECK(summary(udp) == "udp 10.1.0.10:5353 > 8.8.8.8:53 ttl=64 payload=7");

    const Seen ping = read(Frame().ipv4("10.1.0.10", "8.8.8.8").echo_request(77, 3).bytes());
    CHECK(ping.checksums_ok());
    CHECK(ping.echo_sequence == 3);
    CHECK(summary(ping) == "icmp 10.1.0.10 > 8.8.8.8 type=8 id=77 ttl=64 payload=0");
}

TEST_CASE("packet builder: options, tags and padding stand where they belong", "[testing]") {
    const Seen tagged = read(syn().vlan(42).padding(6).bytes());
    CHECK(tagged.vlan == 42);
    CHECK(tagged.padding == 6);
    CHECK(tagged.checksums_ok());

    const Seen options = read(syn().tcp_options({2, 4, 5, 0xb4}).payload(3).bytes());
    CHECK(options.checksums_ok());
    CHECK(options.payload.size() == 3);

    const Seen routed = read(syn().ip_options({1, 1, 1, 0}).bytes());
    CHECK(routed.checksums_ok());
    CHECK(routed.destination_port == 80);
}

TEST_CASE("packet builder: an ICMP error carries the packet that it is about", "[testing]") {
    Bytes quoted = syn().ttl(1).ip_bytes();
    quoted.resize(28);
    const Seen error =
        read(Frame().ipv4("192.0.2.1", "10.1.0.10").icmp_error(3, 4, quoted, 1400).bytes());
    CHECK(error.checksums_ok());
    CHECK(error.icmp_type == 3);
    CHECK(error.echo_sequence == 1400);

    const Seen about = read_ip(error.payload);
    CHECK_FALSE(about.whole);
    CHECK(about.ip_checksum_ok);
    CHECK(about.source == "10.1.0.10");
    CHECK(about.destination_port == 80);
    CHECK(about.seq == 1000);
}

TEST_CASE("packet builder: a broken checksum reads as broken", "[testing]") {
    const Seen ip_broken = read(syn().bad_ip_checksum().bytes());
    CHECK_FALSE(ip_broken.ip_checksum_ok);
    CHECK(ip_broken.transport_checksum_ok);
    const Seen transport_broken = read(syn().bad_transport_checksum().bytes());
    CHECK(transport_broken.ip_checksum_ok);
    CHECK_FALSE(transport_broken.transport_checksum_ok);

    const Frame udp = Frame().ipv4("10.1.0.10", "8.8.8.8").udp(1, 2).payload(9);
    const Seen without = read(Frame(udp).without_udp_checksum().bytes());
    CHECK(without.transport_checksum == 0);
    CHECK(without.checksums_ok());
}

TEST_CASE("packet builder: a frame that ends early cannot be read", "[testing]") {
    const Bytes whole = syn().bytes();
    CHECK_THROWS_AS(read(std::span(whole).first(13)), std::out_of_range);
    CHECK_THROWS_AS(read(std::span(whole).first(30)), std::out_of_range);
    CHECK_THROWS_AS(ip("10.1.0"), std::invalid_argument);
}

TEST_CASE("packet builder: ARP frames are 42 bytes and name both ends", "[testing]") {
    const Bytes request = arp_request(mac(1), ip("10.1.0.10"), ip("10.1.0.1"));
    CHECK(request.size() == 42);
    CHECK(read(request).ether_type == 0x0806);
    CHECK(read(request).destination_mac == MacAddress{0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    const Bytes reply = arp_reply(mac(2), ip("10.1.0.1"), mac(1), ip("10.1.0.10"));
    CHECK(reply.size() == 42);
    CHECK(read(reply).destination_mac == mac(1));
    CHECK(Bytes(reply.begin() + 20, reply.begin() + 22) == Bytes{0, 2});
}

}  // namespace packet_builder_test
