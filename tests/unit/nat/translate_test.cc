// SPDX-License-Identifier: BSD-3-Clause
#include "nat/translate.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_builder.h"
#include "packet_reader.h"

#include <algorithm>
#include <memory>
#include <random>

namespace translate_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using sluice::test::ip;

namespace {

constexpr auto kInsideHost = "10.1.0.10";
constexpr auto kServer = "203.0.113.10";
constexpr auto kPublic = "198.51.100.1";

net::Tuple reply_tuple(const net::Tuple& original, uint16_t external_port) {
    net::Tuple reply = original.reversed();
    reply.destination = ip(kPublic);
    reply.destination_port = Be16::from_host(external_port);
    return reply;
}

/// A record whose original tuple is that of `frame`.
std::unique_ptr<flow::FlowRecord> record_for(const Bytes& frame, uint16_t external_port) {
    FakeMbuf mbuf(frame);
    net::Packet packet;
    auto record = std::make_unique<flow::FlowRecord>();
    REQUIRE_FALSE(net::parse(mbuf, packet, record->tuple[0]));
    record->tuple[1] = reply_tuple(record->tuple[0], external_port);
    record->rewrite = nat::rewrite_of(record->tuple);
    return record;
}

Seen translated(const flow::FlowRecord& record, Direction direction, const Bytes& frame) {
    FakeMbuf mbuf(frame);
    net::Packet packet;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    REQUIRE(tuple == record.key(direction));
    nat::translate(record, direction, packet);
    const auto* bytes = rte_pktmbuf_mtod(mbuf.get(), const uint8_t*);
    return read({bytes, rte_pktmbuf_data_len(mbuf.get())});
}

}  // namespace

TEST_CASE("translate: an original TCP packet leaves from the external address and port",
          "[nat][tcp]") {
    const auto frame = Frame().ipv4(kInsideHost, kServer).tcp(40000, 80, kSyn).payload(33).bytes();
    const auto record = record_for(frame, 50001);
    const Seen seen = translated(*record, Direction::Original, frame);
    CHECK(seen.source == kPublic);
    CHECK(seen.source_port == 50001);
    CHECK(seen.destination == kServer);
    CHECK(seen.destination_port == 80);
    CHECK(seen.checksums_ok());
}

TEST_CASE("translate: a TCP reply arrives at the inside host", "[nat][tcp]") {
    const auto record =
        record_for(Frame().ipv4(kInsideHost, kServer).tcp(40000, 80, kSyn).bytes(), 50001);
    const Seen seen =
        translated(*record, Direction::Reply,
                   Frame().ipv4(kServer, kPublic).tcp(80, 50001, kSyn | kAck).payload(7).bytes());
    CHECK(seen.source == kServer);
    CHECK(seen.source_port == 80);
    CHECK(seen.destination == kInsideHost);
    CHECK(seen.destination_port == 40000);
    CHECK(seen.checksums_ok());
}

TEST_CASE("translate: a UDP checksum of 0 stays 0 in both directions", "[nat][udp]") {
    const auto frame =
        Frame().ipv4(kInsideHost, kServer).udp(5000, 53).without_udp_checksum().bytes();
    const auto record = record_for(frame, 50001);
    CHECK(translated(*record, Direction::Original, frame).transport_checksum == 0);
    CHECK(translated(*record, Direction::Reply,
                     Frame().ipv4(kServer, kPublic).udp(53, 50001).without_udp_checksum().bytes())
              .transport_checksum == 0);
}

TEST_CASE("translate: UDP-Lite's checksum holds, however far it reaches", "[nat][udp]") {
    for (const uint16_t coverage : {0, 8, 11, 41}) {
        CAPTURE(coverage);
        const auto there =
            Frame().ipv4(kInsideHost, kServer).udp_lite(5000, 53, coverage).payload(33).bytes();
        const auto record = record_for(there, 50001);
        const Seen out = translated(*record, Direction::Original, there);
        CHECK(summary(out) == "udplite 198.51.100.1:50001 > 203.0.113.10:53 ttl=64 payload=33");
        CHECK(out.checksums_ok());
        const auto back =
            Frame().ipv4(kServer, kPublic).udp_lite(53, 50001, coverage).payload(33).bytes();
        const Seen in = translated(*record, Direction::Reply, back);
        CHECK(in.destination_port == 5000);
        CHECK(in.checksums_ok());
    }
}

TEST_CASE("translate: SCTP's CRC32c is what a whole new one would be", "[nat][sctp]") {
    for (const size_t bytes : {0u, 1u, 7u, 100u, 1400u}) {
        CAPTURE(bytes);
        const Frame there =
            Frame().ipv4(kInsideHost, kServer).sctp(5000, 80, 9).chunk(0, 3, Bytes(bytes, 3));
        const auto record = record_for(there.bytes(), 50001);
        const Seen out = translated(*record, Direction::Original, there.bytes());
        CHECK(out.source == kPublic);
        CHECK(out.source_port == 50001);
        CHECK(out.checksums_ok());
        const Frame back =
            Frame().ipv4(kServer, kPublic).sctp(80, 50001, 9).chunk(0, 3, Bytes(bytes, 3));
        const Seen in = translated(*record, Direction::Reply, back.bytes());
        CHECK(in.destination_port == 5000);
        CHECK(in.checksums_ok());
        // What came damaged stays so.
        CHECK_FALSE(
            translated(*record, Direction::Original, Frame(there).bad_transport_checksum().bytes())
                .transport_checksum_ok);
    }
}

TEST_CASE("translate: of a protocol without ports only the addresses change", "[nat]") {
    const auto frame = Frame().ipv4(kInsideHost, kServer).protocol(50).payload(33).bytes();
    const auto record = record_for(frame, 0);
    const Seen out = translated(*record, Direction::Original, frame);
    CHECK(out.source == kPublic);
    CHECK(out.ip_checksum_ok);
    CHECK(out.payload == Bytes(frame.begin() + 34, frame.end()));
}

TEST_CASE("translate: an echo request leaves with the external identifier", "[nat][icmp]") {
    const auto frame = Frame().ipv4(kInsideHost, kServer).echo_request(77).payload(56).bytes();
    const auto record = record_for(frame, 4242);

    const Seen request = translated(*record, Direction::Original, frame);
    CHECK(request.source == kPublic);
    CHECK(request.identifier == 4242);
    CHECK(request.checksums_ok());

    const Seen reply =
        translated(*record, Direction::Reply,
                   Frame().ipv4(kServer, kPublic).echo_reply(4242).payload(56).bytes());
    CHECK(reply.destination == kInsideHost);
    CHECK(reply.identifier == 77);
    CHECK(reply.checksums_ok());
}

TEST_CASE("translate: an echo reply that is all zeros keeps its checksum, as its identifier",
          "[nat][icmp]") {
    const auto record = record_for(Frame().ipv4(kInsideHost, kServer).echo_request(0).bytes(), 0);
    Bytes zeros = Frame().ipv4(kServer, kPublic).echo_reply(0).bytes();
    REQUIRE(zeros.size() >= 42);
    std::fill(zeros.begin() + 34, zeros.end(), uint8_t{0});
    zeros[36] = zeros[37] = 0xff;
    const Seen reply = translated(*record, Direction::Reply, zeros);
    CHECK(reply.destination == kInsideHost);
    CHECK(reply.identifier == 0);
    CHECK(reply.checksums_ok());
}

TEST_CASE("translate: checksums hold for random packets, there and back", "[nat]") {
    std::mt19937 random(1);
    const auto word = [&] { return static_cast<uint16_t>(random()); };
    for (int i = 0; i < 2000; ++i) {
        const uint16_t own = word(), server = word(), external = word();
        const size_t bytes = random() % 64;
        const bool tcp = random() % 2 == 0;
        const Be32 inside = {static_cast<uint32_t>(random())},
                   far = {static_cast<uint32_t>(random())};

        Frame there = Frame().ipv4(inside, far).payload(bytes).id(word());
        Frame back = Frame().ipv4(far, ip(kPublic)).payload(bytes).id(word());
        const auto out = tcp ? there.tcp(own, server).bytes() : there.udp(own, server).bytes();
        const auto in =
            tcp ? back.tcp(server, external).bytes() : back.udp(server, external).bytes();
        const auto record = record_for(out, external);
        REQUIRE(translated(*record, Direction::Original, out).checksums_ok());
        REQUIRE(translated(*record, Direction::Reply, in).checksums_ok());
    }
}

TEST_CASE("decrement ttl: takes one and keeps the header's checksum right", "[nat]") {
    const uint8_t ttl = GENERATE(2, 64, 128, 255);
    FakeMbuf mbuf(Frame().ipv4(kInsideHost, kServer).udp(1, 2).ttl(ttl).bytes());
    net::Packet packet;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    nat::decrement_ttl(packet);
    const auto* bytes = rte_pktmbuf_mtod(mbuf.get(), const uint8_t*);
    const Seen seen = read({bytes, rte_pktmbuf_data_len(mbuf.get())});
    CHECK(seen.ttl == ttl - 1);
    CHECK(seen.checksums_ok());
}

}  // namespace translate_test
