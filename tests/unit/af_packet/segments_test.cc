// SPDX-License-Identifier: BSD-3-Clause
#include "af_packet/segments.h"

#include "catch.h"
#include "packet_builder.h"
#include "packet_reader.h"
#include "plain_checksum.h"

#include <algorithm>

namespace segments_test {

using namespace sluice;
using namespace sluice::af_packet;
using namespace sluice::test;

namespace {

constexpr size_t kIp = 14;
constexpr uint16_t kTransport = kIp + 20;
constexpr uint8_t kEce = 0x40, kCwr = 0x80;

Frame tcp(size_t payload) {
    return Frame()
        .ipv4("10.1.0.10", "203.0.113.10")
        .tcp(40000, 80, kAck)
        .seq(0xffffff00)
        .id(65535)
        .payload(payload);
}

/// What the kernel says of a frame of many TCP segments.
VnetHeader large(uint8_t kind, uint16_t payload) {
    VnetHeader kernel;
    kernel.flags = VnetHeader::kNeedsChecksum;
    kernel.gso = kind;
    kernel.payload_bytes = payload;
    kernel.checksum_start = kTransport;
    return kernel;
}

/// The packets that a large frame becomes.
std::vector<Bytes> cut(const Bytes& frame, const VnetHeader& kernel) {
    const auto pieces = plan_pieces(frame, static_cast<uint32_t>(frame.size()), kernel);
    REQUIRE(pieces);
    std::vector<Bytes> packets;
    auto rest = frame.begin() + pieces->headers;
    for (uint32_t i = 0; i < pieces->count; ++i) {
        Bytes& packet = packets.emplace_back(frame.begin(), frame.begin() + pieces->headers);
        packet.insert(packet.end(), rest, rest + pieces->payload_of(i));
        rest += pieces->payload_of(i);
        finish_piece(packet, *pieces, i);
    }
    CHECK(rest == frame.end());
    return packets;
}

/// The checksum at `place` as the kernel leaves it: the sum of the pseudo-header alone.
void leave_unfinished(Bytes& frame, size_t place) {
    const std::span ip = std::span(frame).subspan(kIp);
    const uint32_t sum = plain_pseudo_sum(ip, frame.size() - kTransport);
    frame[place] = static_cast<uint8_t>(sum >> 8);
    frame[place + 1] = static_cast<uint8_t>(sum);
}

}  // namespace

TEST_CASE("segments: a large TCP frame becomes the packets that a host would send", "[af_packet]") {
    const size_t payload = GENERATE(size_t{1}, 1447, 1448, 1449, 5000, 65480);
    CAPTURE(payload);
    const Bytes whole = tcp(payload).tcp_options(Bytes(12, 1)).dont_fragment().bytes();
    const Seen large_one = read(whole);
    const auto packets = cut(whole, large(VnetHeader::kTcp4, 1448));
    CHECK(packets.size() == (payload + 1447) / 1448);
    Bytes content;
    for (size_t i = 0; i < packets.size(); ++i) {
        const Seen seen = read(packets[i]);
        CHECK(seen.checksums_ok());
        CHECK(seen.seq == static_cast<uint32_t>(0xffffff00 + content.size()));
        CHECK(seen.id == static_cast<uint16_t>(65535 + i));
        CHECK(seen.dont_fragment);
        CHECK(seen.payload.size() <= 1448);
        CHECK((seen.payload.size() == 1448 || i + 1 == packets.size()));
        content.insert(content.end(), seen.payload.begin(), seen.payload.end());
    }
    CHECK(content == large_one.payload);
}

TEST_CASE("segments: FIN and PSH go with the last segment, CWR with the first", "[af_packet]") {
    const auto flags = static_cast<uint8_t>(kAck | kFin | kPsh | kEce | kCwr);
    const Bytes whole = Frame(tcp(3000)).tcp(1, 2, flags).bytes();
    const uint8_t kind = VnetHeader::kTcp4 | VnetHeader::kEcn;
    const auto packets = cut(whole, large(kind, 1000));
    REQUIRE(packets.size() == 3);
    CHECK(packets[0][kTransport + 13] == (kAck | kEce | kCwr));
    CHECK(packets[1][kTransport + 13] == (kAck | kEce));
    CHECK(packets[2][kTransport + 13] == (kAck | kEce | kFin | kPsh));
}

TEST_CASE("segments: a large UDP frame becomes datagrams", "[af_packet]") {
    const Bytes whole =
        Frame().ipv4("10.1.0.10", "203.0.113.10").udp(5000, 443).payload(2500).bytes();
    const auto packets = cut(whole, large(VnetHeader::kUdp, 1200));
    REQUIRE(packets.size() == 3);
    for (const Bytes& packet : packets) {
        const Seen seen = read(packet);
        CHECK(seen.checksums_ok());
        CHECK(seen.payload.size() == (&packet == &packets.back() ? 100 : 1200));
    }
}

TEST_CASE("segments: a large TCP frame over IPv6 is cut likewise", "[af_packet]") {
    Bytes whole(kIp, 0);
    whole[12] = 0x86, whole[13] = 0xdd;
    whole.resize(kIp + 40 + 20 + 250, 7);
    whole[kIp] = 0x60, whole[kIp + 6] = 6;
    whole[kIp + 40 + 12] = 0x50, whole[kIp + 40 + 13] = kAck;
    VnetHeader kernel = large(VnetHeader::kTcp6, 100);
    kernel.checksum_start = kIp + 40;
    const auto packets = cut(whole, kernel);
    REQUIRE(packets.size() == 3);
    for (const Bytes& packet : packets) {
        const std::span ip = std::span(packet).subspan(kIp);
        const size_t length = ip.size() - 40;
        CHECK(ip[4] * 256U + ip[5] == length);
        const uint32_t pseudo = plain_sum(ip.subspan(8, 32), static_cast<uint32_t>(6 + length));
        CHECK(plain_checksum(ip.subspan(40), pseudo) == 0);
    }
    CHECK(packets[2].size() == kIp + 40 + 20 + 50);
}

TEST_CASE("segments: what cannot be cut is refused, not guessed at", "[af_packet]") {
    const Bytes whole = tcp(3000).bytes();
    const auto plan = [](const Bytes& frame, const VnetHeader& kernel) {
        return plan_pieces(frame, static_cast<uint32_t>(frame.size()), kernel);
    };
    REQUIRE(plan(whole, large(VnetHeader::kTcp4, 1000)));

    VnetHeader tunnel = large(VnetHeader::kTcp4, 1000);
    tunnel.checksum_start = kTransport + 24;  // what a tunnel carries
    CHECK_FALSE(plan(whole, tunnel));
    CHECK_FALSE(plan(whole, large(3, 1000)));  // UDP in IP fragments
    CHECK_FALSE(plan(whole, large(VnetHeader::kUdp, 1000)));
    CHECK_FALSE(plan(whole, large(VnetHeader::kTcp4, 0)));
    CHECK_FALSE(plan(Bytes(whole.begin(), whole.begin() + kTransport + 19),
                     large(VnetHeader::kTcp4, 1000)));
    CHECK_FALSE(plan(tcp(0).bytes(), large(VnetHeader::kTcp4, 1000)));
    Bytes short_header = whole;
    short_header[kTransport + 12] = 0x40;
    CHECK_FALSE(plan(short_header, large(VnetHeader::kTcp4, 1000)));
}

TEST_CASE("segments: an unfinished checksum is finished", "[af_packet]") {
    VnetHeader kernel;
    kernel.flags = VnetHeader::kNeedsChecksum;
    kernel.checksum_start = kTransport;
    const size_t payload = GENERATE(size_t{0}, 1, 2, 999, 1000);
    SECTION("of TCP") {
        Bytes frame = tcp(payload).bytes();
        kernel.checksum_offset = 16;
        leave_unfinished(frame, kTransport + 16);
        REQUIRE(finish_checksum(frame, kernel));
        CHECK(frame == tcp(payload).bytes());
    }
    SECTION("of UDP, where 0 is written as all ones") {
        Bytes frame = Frame().ipv4("10.1.0.10", "203.0.113.10").udp(1, 2).payload(2).bytes();
        kernel.checksum_offset = 6;
        // The payload that makes the sum all ones.
        frame[kTransport + 8] = frame[kTransport + 9] = 0;
        leave_unfinished(frame, kTransport + 6);
        const uint16_t rest = plain_checksum(std::span(frame).subspan(kTransport));
        frame[kTransport + 8] = static_cast<uint8_t>(rest >> 8);
        frame[kTransport + 9] = static_cast<uint8_t>(rest);
        REQUIRE(finish_checksum(frame, kernel));
        CHECK(read(frame).transport_checksum == 0xffff);
    }
    SECTION("of SCTP, which is a CRC") {
        const Frame sound =
            Frame().ipv4("10.1.0.10", "203.0.113.10").sctp(1, 2, 3).chunk(0, 3, Bytes(64, 9));
        Bytes frame = sound.bytes();
        kernel.checksum_offset = 8;
        std::fill_n(frame.begin() + kTransport + 8, 4, uint8_t{0xab});
        REQUIRE(finish_checksum(frame, kernel));
        CHECK(frame == sound.bytes());
    }
}

TEST_CASE("segments: a checksum beyond the frame is left alone", "[af_packet]") {
    Bytes frame = tcp(0).bytes();
    const Bytes before = frame;
    VnetHeader kernel;
    kernel.checksum_start = static_cast<uint16_t>(frame.size() - 1);
    kernel.checksum_offset = GENERATE(uint16_t{0}, uint16_t{8}, uint16_t{65535});
    CHECK_FALSE(finish_checksum(frame, kernel));
    CHECK(frame == before);
}

}  // namespace segments_test
