// SPDX-License-Identifier: BSD-3-Clause
#include "nat/translate_error.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_builder.h"
#include "packet_reader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>

namespace translate_error_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Protocol;

namespace {

constexpr auto kHost = "10.1.0.10";
constexpr auto kServer = "203.0.113.10";
constexpr auto kPublic = "198.51.100.1";
constexpr auto kRouter = "192.0.2.9";
constexpr uint16_t kOwn = 40000;       // the host's port or identifier
constexpr uint16_t kExternal = 50001;  // what stands for it outside
constexpr uint16_t kRemote = 80;

enum class Kind { Tcp, Udp, UdpWithoutChecksum, UdpLite, Echo, Timestamp, Gre, IpInIp };
constexpr Kind kKinds[] = {Kind::Tcp,     Kind::Udp,   Kind::UdpWithoutChecksum,
                           Kind::UdpLite, Kind::Echo,  Kind::Timestamp,
                           Kind::Gre,     Kind::IpInIp};

/// A packet from the host to the server, seen on either side; or its answer.
Frame packet(Kind kind, Direction direction, bool outside) {
    const bool there = direction == Direction::Original;
    const auto* host = outside ? kPublic : kHost;
    const uint16_t port = outside ? kExternal : kOwn;
    Frame frame = there ? Frame().ipv4(host, kServer) : Frame().ipv4(kServer, host);
    frame.ttl(9).id(4711).payload(61);
    const uint16_t source = there ? port : kRemote;
    const uint16_t destination = there ? kRemote : port;
    const uint32_t query = uint32_t{port} << 16 | 3;
    switch (kind) {
        case Kind::Tcp:
            return frame.tcp(source, destination);
        case Kind::Udp:
            return frame.udp(source, destination);
        case Kind::UdpWithoutChecksum:
            return frame.udp(source, destination).without_udp_checksum();
        case Kind::UdpLite:
            return frame.udp_lite(source, destination);
        case Kind::Echo:
            return frame.icmp(there ? 8 : 0, 0, query);
        case Kind::Timestamp:
            return frame.icmp(there ? 13 : 14, 0, query);
        case Kind::Gre:
            return frame.protocol(47);
        case Kind::IpInIp:
            return frame.protocol(4).payload(
                Frame().ipv4("192.168.0.1", "192.168.0.2").udp(1, 2).ip_bytes());
    }
    return frame;
}

/// The tuple of what an error quotes.
net::Tuple tuple_of(const Frame& quoted) {
    FakeMbuf mbuf(Frame().ipv4(kRouter, kHost).icmp_error(3, 1, quoted.ip_bytes()).bytes());
    net::Packet packet;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    return tuple.reversed();
}

std::unique_ptr<flow::FlowRecord> record_of(Kind kind) {
    auto record = std::make_unique<flow::FlowRecord>();
    record->tuple = {tuple_of(packet(kind, Direction::Original, false)),
                     tuple_of(packet(kind, Direction::Reply, true))};
    return record;
}

/// The error frame as it leaves.
Bytes translated(const flow::FlowRecord& record, Direction direction, const Bytes& frame) {
    FakeMbuf mbuf(frame);
    net::Packet error;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, error, tuple));
    REQUIRE(tuple == record.key(direction));
    const Be32 source = direction == Direction::Original ? ip(kPublic) : Be32{ip(kRouter)};
    nat::translate_error(record, direction, source, error);
    return bytes_of(mbuf);
}

Bytes cut(Bytes bytes, size_t count) {
    bytes.resize(std::min(bytes.size(), count));
    return bytes;
}

}  // namespace

TEST_CASE("translate error: from outside, it quotes the host's packet as the host sent it",
          "[nat][icmp][rfc5508]") {
    for (const Kind kind : kKinds)
        for (const size_t options : {0u, 8u, 40u})
            for (const size_t bytes : {8u, 17u, 18u, 28u, 1000u}) {
                CAPTURE(static_cast<int>(kind), options, bytes);
                const auto quote = [&](bool outside) {
                    Frame frame = packet(kind, Direction::Original, outside);
                    return cut(frame.ip_options(Bytes(options, 1)).ip_bytes(),
                               20 + options + bytes);
                };
                const Bytes out = translated(
                    *record_of(kind), Direction::Reply,
                    Frame().ipv4(kRouter, kPublic).icmp_error(3, 4, quote(true), 1400).bytes());
                const Seen seen = read(out);
                CHECK(seen.source == kRouter);
                CHECK(seen.destination == kHost);
                CHECK(seen.icmp_type == 3);
                CHECK(seen.icmp_code == 4);
                CHECK(seen.echo_sequence == 1400);
                CHECK(seen.checksums_ok());
                // All but a TCP checksum of which one byte is quoted.
                CHECK((seen.payload == quote(false) || (kind == Kind::Tcp && bytes == 17)));
            }
}

TEST_CASE("translate error: from inside, it quotes the server's packet as the server sent it",
          "[nat][icmp][rfc5508][leak]") {
    for (const Kind kind : kKinds)
        for (const size_t bytes : {8u, 20u, 1000u}) {
            CAPTURE(static_cast<int>(kind), bytes);
            const auto quote = [&](bool outside) {
                return cut(packet(kind, Direction::Reply, outside).ip_bytes(), 20 + bytes);
            };
            const Bytes out = translated(
                *record_of(kind), Direction::Original,
                Frame().ipv4("10.1.0.77", kServer).icmp_error(3, 3, quote(false)).bytes());
            const Seen seen = read(out);
            CHECK(seen.source == kPublic);
            CHECK(seen.destination == kServer);
            CHECK(seen.checksums_ok());
            CHECK(seen.payload == quote(true));
        }
}

TEST_CASE("translate error: extensions behind the quote are hidden, all else stays",
          "[nat][icmp][leak]") {
    const size_t words = GENERATE(0u, 7u, 31u, 32u, 33u, 40u, 255u);
    const size_t bytes = GENERATE(151u, 152u);
    CAPTURE(words, bytes);
    Bytes quote = packet(Kind::Udp, Direction::Reply, false).payload(bytes).ip_bytes();
    quote.resize(bytes);
    const uint32_t rest = static_cast<uint32_t>(words) << 16 | 1400;
    FakeMbuf mbuf(Frame().ipv4(kRouter, kServer).icmp(3, 4, rest).payload(quote).bytes());
    net::Packet error;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, error, tuple));
    nat::hide_extensions(error);

    const Seen seen = read(bytes_of(mbuf));
    const bool has_extensions = words >= 32 && words * 4 < bytes;
    Bytes expected = quote;
    if (has_extensions)
        std::fill(expected.begin() + static_cast<long>(words) * 4, expected.end(), uint8_t{0});
    CHECK(seen.payload == expected);
    CHECK(seen.identifier == (has_extensions ? 0 : words));
    CHECK(seen.echo_sequence == 1400);
    CHECK(seen.checksums_ok());
}

TEST_CASE("translate error: a checksum that was wrong stays wrong", "[nat][icmp][rfc5508]") {
    const auto record = record_of(Kind::Udp);
    const Frame broken =
        packet(Kind::Udp, Direction::Original, true).bad_ip_checksum().bad_transport_checksum();
    const Bytes out =
        translated(*record, Direction::Reply,
                   Frame().ipv4(kRouter, kPublic).icmp_error(11, 0, broken.ip_bytes()).bytes());
    const Seen seen = read(out);
    CHECK(seen.checksums_ok());
    const Seen quoted = read_ip(seen.payload);
    CHECK(quoted.source == kHost);
    CHECK_FALSE(quoted.ip_checksum_ok);
    CHECK_FALSE(quoted.transport_checksum_ok);
}

TEST_CASE("translate error: an identifier that looks like a type is still the identifier",
          "[nat][icmp]") {
    // An echo reply whose identifier is 0x0800, and so looks like "type 8, code 0".
    flow::FlowRecord record;
    record.tuple = {tuple_of(Frame().ipv4(kHost, kServer).echo_request(0x0800)),
                    tuple_of(Frame().ipv4(kServer, kPublic).echo_reply(0x0801))};
    const Bytes quote = Frame().ipv4(kServer, kHost).echo_reply(0x0800).payload(20).ip_bytes();
    const Seen seen = read(translated(
        record, Direction::Original, Frame().ipv4(kHost, kServer).icmp_error(3, 1, quote).bytes()));
    CHECK(seen.checksums_ok());
    CHECK(seen.payload == Frame().ipv4(kServer, kPublic).echo_reply(0x0801).payload(20).ip_bytes());
}

TEST_CASE("translate error: checksums hold for random UDP ports and payloads", "[nat][icmp]") {
    std::mt19937 random(1);
    for (int i = 0; i < 2000; ++i) {
        const auto own = static_cast<uint16_t>(random());
        const auto external = static_cast<uint16_t>(random());
        const size_t bytes = random() % 64;
        const auto sent = [&](const char* host, uint16_t port) {
            return Frame().ipv4(host, kServer).udp(port, 53).payload(bytes);
        };
        flow::FlowRecord record;
        record.tuple = {tuple_of(sent(kHost, own)), tuple_of(sent(kPublic, external)).reversed()};
        const Seen seen = read(translated(record, Direction::Reply,
                                          Frame()
                                              .ipv4(kRouter, kPublic)
                                              .icmp_error(3, 3, sent(kPublic, external).ip_bytes())
                                              .bytes()));
        REQUIRE(seen.checksums_ok());
        REQUIRE(read_ip(seen.payload).checksums_ok());
        REQUIRE(read_ip(seen.payload).source_port == own);
    }
}

}  // namespace translate_error_test
