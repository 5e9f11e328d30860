// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_builder.h"

#include <random>

namespace verify_checksums_test {

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;
using stats::Drop;

namespace {

Frame from_inside() {
    return Frame().ipv4("10.1.0.10", "203.0.113.10");
}

std::optional<Drop> verdict(FakeMbuf& mbuf, bool trust_nic) {
    Packet packet;
    Tuple tuple;
    REQUIRE_FALSE(parse(mbuf, packet, tuple));
    return verify_checksums(mbuf, packet, trust_nic);
}

std::optional<Drop> in_software(const Bytes& frame, std::initializer_list<size_t> cuts = {}) {
    FakeMbuf mbuf(frame, cuts);
    mbuf->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    return verdict(mbuf, false);
}

std::optional<Drop> with_nic(const Bytes& frame, uint64_t flags) {
    FakeMbuf mbuf(frame);
    mbuf->ol_flags = flags;
    return verdict(mbuf, true);
}

}  // namespace

TEST_CASE("verify checksums: right ones pass, of every protocol and length", "[net]") {
    for (size_t length = 0; length < 70; ++length) {
        CAPTURE(length);
        CHECK_FALSE(in_software(from_inside().tcp(1, 2).payload(length).bytes()));
        CHECK_FALSE(in_software(from_inside().udp(1, 2).payload(length).bytes()));
        CHECK_FALSE(in_software(from_inside().udp_lite(1, 2).payload(length).bytes()));
        CHECK_FALSE(in_software(from_inside().echo_request(1).payload(length).bytes()));
    }
    CHECK_FALSE(in_software(from_inside().udp(1, 2).payload(Bytes(65490, 0xff)).bytes()));
}

TEST_CASE("verify checksums: wrong ones are told apart", "[net]") {
    const Frame frames[] = {from_inside().tcp(1, 2), from_inside().udp(1, 2),
                            from_inside().udp_lite(1, 2), from_inside().echo_reply(1)};
    const Frame& frame = frames[GENERATE(0, 1, 2, 3)];
    CHECK(in_software(Frame(frame).bad_ip_checksum().bytes()) == Drop::IpChecksum);
    CHECK(in_software(Frame(frame).bad_transport_checksum().bytes()) == Drop::TransportChecksum);
    CHECK(in_software(Frame(frame).bad_ip_checksum().bad_transport_checksum().bytes()) ==
          Drop::IpChecksum);
}

TEST_CASE("verify checksums: every flipped bit behind the ports is found", "[net]") {
    Bytes frame = from_inside().tcp(1, 2).payload(20).bytes();
    for (size_t bit = (14 + 20 + 14) * 8; bit < frame.size() * 8; ++bit) {
        CAPTURE(bit);
        frame[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        CHECK(in_software(frame) == Drop::TransportChecksum);
        frame[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
}

TEST_CASE("verify checksums: a UDP checksum of zero is none", "[net][udp]") {
    CHECK_FALSE(in_software(from_inside().udp(1, 2).payload(9).without_udp_checksum().bytes()));
    CHECK_FALSE(with_nic(from_inside().udp(1, 2).payload(9).without_udp_checksum().bytes(),
                         RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD));
    Bytes tcp = from_inside().tcp(1, 2).bytes();
    tcp[14 + 20 + 16] = tcp[14 + 20 + 17] = 0;
    CHECK(in_software(tcp) == Drop::TransportChecksum);
}

TEST_CASE("verify checksums: UDP is summed over its own length", "[net][udp]") {
    const Frame frame = from_inside().udp(1, 2).payload(20).udp_length(17);
    CHECK_FALSE(in_software(frame.bytes()));
    Bytes changed_behind = frame.bytes();
    changed_behind.back() ^= 0xff;
    CHECK_FALSE(in_software(changed_behind));
    CHECK(in_software(Frame(frame).bad_transport_checksum().bytes()) == Drop::TransportChecksum);
}

TEST_CASE("verify checksums: UDP-Lite is summed as far as it says", "[net][udp]") {
    for (const uint16_t coverage : {8, 9, 15, 28}) {
        CAPTURE(coverage);
        const Bytes good = from_inside().udp_lite(1, 2, coverage).payload(20).bytes();
        for (size_t i = 0; i < 28; ++i) {
            if (i == 4 || i == 5)
                continue;  // the coverage itself
            Bytes changed = good;
            changed[14 + 20 + i] ^= 0x40;
            CAPTURE(i);
            CHECK(in_software(changed).has_value() == (i < coverage));
        }
    }
}

TEST_CASE("verify checksums: UDP-Lite is computed whatever the NIC says", "[net][udp]") {
    CHECK(with_nic(from_inside().udp_lite(1, 2).bad_transport_checksum().bytes(),
                   RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD) ==
          Drop::TransportChecksum);
    CHECK_FALSE(with_nic(from_inside().udp_lite(1, 2).bytes(), RTE_MBUF_F_RX_L4_CKSUM_BAD));
}

TEST_CASE("verify checksums: SCTP's covers the whole packet, in segments too", "[net][sctp]") {
    const Frame frame = from_inside().sctp(1, 2, 7).chunk(0, 3, Bytes(90, 0x5a));
    const Bytes good = frame.bytes();
    CHECK_FALSE(in_software(good));
    for (size_t cut = 14 + 20 + 16; cut + 3 < good.size(); cut += 7)
        CHECK_FALSE(in_software(good, {cut, cut + 3}));
    for (size_t i = 14 + 20; i < good.size(); ++i) {
        if (i >= 14 + 20 + 12 && i < 14 + 20 + 16)
            continue;  // the chunk's header, which parse() looks at
        CAPTURE(i);
        Bytes changed = good;
        changed[i] ^= 0x20;
        CHECK(in_software(changed) == Drop::TransportChecksum);
        CHECK(with_nic(changed, RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD) ==
              Drop::TransportChecksum);
    }
}

TEST_CASE("verify checksums: other protocols have only IP's", "[net]") {
    const Frame gre = from_inside().protocol(47).payload(21);
    CHECK_FALSE(in_software(gre.bytes()));
    CHECK_FALSE(with_nic(gre.bytes(), RTE_MBUF_F_RX_L4_CKSUM_BAD));
    CHECK(in_software(Frame(gre).bad_ip_checksum().bytes()) == Drop::IpChecksum);
}

TEST_CASE("verify checksums: segments of any length are summed as one", "[net]") {
    std::mt19937 random{1071};
    for (int i = 0; i < 300; ++i) {
        Bytes payload(200 + random() % 1000);
        for (uint8_t& byte : payload)
            byte = static_cast<uint8_t>(random());
        const Bytes good = from_inside().tcp(1, 2).payload(payload).bytes();
        const size_t first = 54 + random() % 50;
        const size_t second = first + random() % 50;
        const size_t third = second + random() % 50;
        CAPTURE(i, first, second, third);
        REQUIRE_FALSE(in_software(good, {first, second, third}));

        Bytes bad = good;
        bad[first + random() % (bad.size() - first)] ^= static_cast<uint8_t>(1 + random() % 255);
        REQUIRE(in_software(bad, {first, second, third}) == Drop::TransportChecksum);
    }
}

TEST_CASE("verify checksums: the NIC's findings are believed when it is trusted", "[net]") {
    constexpr uint64_t kGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    const Bytes good = from_inside().tcp(1, 2).bytes();
    const Bytes bad_ip = from_inside().tcp(1, 2).bad_ip_checksum().bytes();
    const Bytes bad_tcp = from_inside().tcp(1, 2).bad_transport_checksum().bytes();

    CHECK_FALSE(with_nic(bad_ip, kGood));
    CHECK_FALSE(with_nic(bad_tcp, kGood));
    CHECK(with_nic(good, RTE_MBUF_F_RX_IP_CKSUM_BAD) == Drop::IpChecksum);
    CHECK(with_nic(good, RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD) ==
          Drop::TransportChecksum);
}

TEST_CASE("verify checksums: what the NIC has not looked at is computed", "[net]") {
    const uint64_t flags =
        GENERATE(uint64_t{RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN | RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN},
                 uint64_t{RTE_MBUF_F_RX_IP_CKSUM_NONE | RTE_MBUF_F_RX_L4_CKSUM_NONE});
    CHECK_FALSE(with_nic(from_inside().tcp(1, 2).bytes(), flags));
    CHECK(with_nic(from_inside().tcp(1, 2).bad_ip_checksum().bytes(), flags) == Drop::IpChecksum);
    CHECK(with_nic(from_inside().udp(1, 2).bad_transport_checksum().bytes(), flags) ==
          Drop::TransportChecksum);
}

TEST_CASE("verify checksums: ICMP is computed whatever the NIC says", "[net][icmp]") {
    CHECK(with_nic(from_inside().echo_request(1).bad_transport_checksum().bytes(),
                   RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD) ==
          Drop::TransportChecksum);
    CHECK_FALSE(with_nic(from_inside().echo_request(1).bytes(), RTE_MBUF_F_RX_L4_CKSUM_BAD));
}

}  // namespace verify_checksums_test
