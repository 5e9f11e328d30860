// SPDX-License-Identifier: BSD-3-Clause
#include "answer/icmp_error.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_builder.h"
#include "packet_reader.h"

namespace icmp_error_test {

using namespace sluice;
using namespace sluice::answer;
using namespace sluice::test;
using sluice::test::ip;

namespace {

net::Packet parsed(FakeMbuf& mbuf) {
    net::Packet packet;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    return packet;
}

/// The error about `frame`, from the gateway, as bytes.
Bytes error_about(FakeMbuf& mbuf, IcmpError error) {
    Bytes out(kIcmpErrorBytes, 0xee);
    out.resize(write_icmp_error(out, error, ip("10.1.0.1"), parsed(mbuf)));
    return out;
}

bool may_answer(const Frame& frame) {
    FakeMbuf mbuf(frame.bytes());
    return may_answer_with_error(parsed(mbuf));
}

}  // namespace

TEST_CASE("icmp error: quotes the packet as it arrived, to its source", "[answer][icmp]") {
    const Frame frame = Frame().ipv4("10.1.0.10", "203.0.113.10").tcp(40000, 80).ttl(1).payload(5);
    FakeMbuf mbuf(frame.bytes());
    const Seen seen = read_ip(error_about(mbuf, kTimeExceeded));
    CHECK(seen.checksums_ok());
    CHECK(seen.source == "10.1.0.1");
    CHECK(seen.destination == "10.1.0.10");
    CHECK(seen.ttl == 64);
    CHECK(seen.id == 0);  // it tells of no other packets
    CHECK(seen.dont_fragment);
    CHECK(seen.icmp_type == 11);
    CHECK(seen.icmp_code == 0);
    CHECK(seen.identifier == 0);
    CHECK(seen.echo_sequence == 0);
    CHECK(seen.payload == frame.ip_bytes());
    CHECK(bytes_of(mbuf) == frame.bytes());
}

TEST_CASE("icmp error: fragmentation needed names the MTU", "[answer][icmp]") {
    FakeMbuf mbuf(Frame().ipv4("10.1.0.10", "203.0.113.10").udp(1, 2).payload(1400).bytes());
    const Seen seen = read_ip(error_about(mbuf, fragmentation_needed(1280)));
    CHECK(seen.checksums_ok());
    CHECK(seen.icmp_type == 3);
    CHECK(seen.icmp_code == 4);
    CHECK(seen.echo_sequence == 1280);
}

TEST_CASE("icmp error: is never longer than 576 bytes", "[answer][icmp]") {
    const size_t payload = GENERATE(519u, 520u, 521u, 1400u);  // 28 bytes of headers
    const Frame frame = Frame().ipv4("10.1.0.10", "203.0.113.10").udp(1, 2).payload(payload);
    FakeMbuf mbuf(frame.bytes());
    const Bytes error = error_about(mbuf, kHostUnreachable);
    CAPTURE(payload);
    CHECK(error.size() == std::min<size_t>(28 + 28 + payload, 576));
    const Seen seen = read_ip(error);
    CHECK(seen.checksums_ok());
    const Bytes whole = frame.ip_bytes();
    CHECK(std::equal(seen.payload.begin(), seen.payload.end(), whole.begin()));
}

TEST_CASE("icmp error: quotes only what lies in the first segment", "[answer][icmp]") {
    FakeMbuf mbuf(Frame().ipv4("10.1.0.10", "203.0.113.10").udp(1, 2).payload(300).bytes(), {101});
    const Seen seen = read_ip(error_about(mbuf, kTimeExceeded));
    CHECK(seen.checksums_ok());
    CHECK(seen.payload.size() == 101 - 14);
}

TEST_CASE("icmp error: may be sent about TCP, UDP and queries", "[answer][icmp][rfc1812]") {
    const auto frame = [] { return Frame().ipv4("10.1.0.10", "203.0.113.10"); };
    CHECK(may_answer(frame().tcp(1, 2)));
    CHECK(may_answer(frame().udp(1, 2)));
    CHECK(may_answer(frame().echo_request(1)));
    CHECK(may_answer(frame().echo_reply(1)));
}

TEST_CASE("icmp error: is not sent to or about what is no single host", "[answer][icmp][rfc1812]") {
    const auto source = GENERATE(as<std::string>{}, "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1",
                                 "240.0.0.1", "255.255.255.255");
    CAPTURE(source);
    CHECK_FALSE(may_answer(Frame().ipv4(source, "203.0.113.10").udp(1, 2)));
    const auto destination =
        GENERATE(as<std::string>{}, "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255");
    CAPTURE(destination);
    CHECK_FALSE(may_answer(Frame().ipv4("10.1.0.10", destination).udp(1, 2)));
}

TEST_CASE("icmp error: is not sent about an error or a later fragment", "[answer][icmp][rfc1812]") {
    // parse() refuses both today, so the packets are put together from their bytes.
    const auto may_answer_bytes = [](Bytes bytes) {
        return may_answer_with_error({reinterpret_cast<rte_ipv4_hdr*>(bytes.data()),
                                      bytes.data() + 20, static_cast<uint16_t>(bytes.size()),
                                      static_cast<uint16_t>(bytes.size())});
    };
    const auto frame = [] { return Frame().ipv4("10.1.0.10", "203.0.113.10"); };
    const uint8_t error = GENERATE(uint8_t{3}, uint8_t{4}, uint8_t{5}, uint8_t{11}, uint8_t{12});
    CHECK_FALSE(may_answer_bytes(frame().icmp(error, 0).payload(28).ip_bytes()));
    CHECK_FALSE(may_answer_bytes(frame().udp(1, 2).payload(8).fragment(8, true).ip_bytes()));
    CHECK(may_answer_bytes(frame().udp(1, 2).payload(8).fragment(0, true).ip_bytes()));
    CHECK(may_answer_bytes(frame().icmp(13, 0).payload(12).ip_bytes()));
}

TEST_CASE("icmp error: an echo request becomes its reply", "[answer][icmp]") {
    const size_t payload = GENERATE(0u, 1u, 56u, 1400u);
    FakeMbuf mbuf(
        Frame().ipv4("10.1.0.10", "10.1.0.1").echo_request(77, 5).ttl(1).payload(payload).bytes());
    net::Packet packet = parsed(mbuf);
    const Bytes before = bytes_of(mbuf);
    turn_echo_request(packet);
    const Seen seen = read(bytes_of(mbuf));
    CHECK(seen.checksums_ok());
    CHECK(seen.source == "10.1.0.1");
    CHECK(seen.destination == "10.1.0.10");
    CHECK(seen.ttl == 64);
    CHECK(seen.icmp_type == 0);
    CHECK(seen.identifier == 77);
    CHECK(seen.echo_sequence == 5);
    CHECK(seen.payload == read(before).payload);
    CHECK(packet.icmp_type == 0);
}

TEST_CASE("icmp error: an echo reply does not hide a damaged payload", "[answer][icmp]") {
    FakeMbuf mbuf(Frame()
                      .ipv4("10.1.0.10", "10.1.0.1")
                      .echo_request(77)
                      .payload(8)
                      .bad_transport_checksum()
                      .bytes());
    net::Packet packet = parsed(mbuf);
    turn_echo_request(packet);
    CHECK_FALSE(read(bytes_of(mbuf)).transport_checksum_ok);
}

}  // namespace icmp_error_test
