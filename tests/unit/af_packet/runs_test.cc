// SPDX-License-Identifier: BSD-3-Clause
#include "af_packet/runs.h"

#include "af_packet/segments.h"
#include "catch.h"
#include "fake_mbuf.h"
#include "packet_builder.h"
#include "packet_reader.h"

#include <list>

namespace runs_test {

using namespace sluice;
using namespace sluice::af_packet;
using namespace sluice::test;

namespace {

constexpr uint64_t kGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;

/// Segment number `i` of a connection, of `payload` bytes behind full ones of 1000.
Frame segment(unsigned i, size_t payload = 1000) {
    return Frame()
        .ipv4("198.51.100.1", "203.0.113.10")
        .tcp(40000, 80, kAck)
        .seq(0xfffff000 + i * 1000)
        .id(static_cast<uint16_t>(i))
        .payload(payload);
}

struct Packets {
    std::list<FakeMbuf> owned;
    std::vector<rte_mbuf*> mbufs;

    FakeMbuf& add(const Frame& frame) {
        FakeMbuf& mbuf = owned.emplace_back(frame.bytes());
        mbuf->ol_flags = kGood;
        mbufs.push_back(mbuf);
        return mbuf;
    }
};

unsigned run_of(const Frame& first, const Frame& second) {
    Packets packets;
    packets.add(first);
    packets.add(second);
    return run_length(packets.mbufs);
}

}  // namespace

TEST_CASE("runs: the segments of one frame are one run, and become that frame again",
          "[af_packet]") {
    const unsigned count = GENERATE(2U, 3U, 32U);
    const size_t last = GENERATE(size_t{1}, 999, 1000);
    Packets packets;
    std::vector<Bytes> before;
    for (unsigned i = 0; i < count; ++i) {
        const bool is_last = i + 1 == count;
        Frame frame = segment(i, is_last ? last : 1000);
        frame.tcp_options(Bytes(12, 1));
        if (is_last)
            frame.tcp(40000, 80, kAck | kPsh);
        packets.add(frame);
        before.push_back(frame.bytes());
    }
    REQUIRE(run_length(packets.mbufs) == count);

    Bytes frame(kMostRunHeaders);
    VnetHeader offload;
    const size_t headers = write_run_headers(packets.mbufs, frame, offload);
    frame.resize(headers);
    for (const Bytes& segment : before)
        frame.insert(frame.end(), segment.begin() + static_cast<ptrdiff_t>(headers), segment.end());
    CHECK(read(frame).ip_checksum_ok);

    // The kernel's way of finishing the checksum makes it that of the whole frame.
    Bytes finished = frame;
    REQUIRE(finish_checksum(finished, offload));
    CHECK(read(finished).checksums_ok());

    const auto pieces = plan_pieces(frame, static_cast<uint32_t>(frame.size()), offload);
    REQUIRE(pieces);
    REQUIRE(pieces->count == count);
    for (unsigned i = 0; i < count; ++i) {
        Bytes packet(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(headers));
        const auto payload = frame.begin() + static_cast<ptrdiff_t>(headers + i * 1000);
        packet.insert(packet.end(), payload, payload + pieces->payload_of(i));
        finish_piece(packet, *pieces, i);
        CHECK(packet == before[i]);
    }
}

TEST_CASE("runs: what differs in more than a frame's segments do goes alone", "[af_packet]") {
    REQUIRE(run_of(segment(0), segment(1)) == 2);
    CHECK(run_of(segment(0), segment(2)) == 1);  // a gap
    CHECK(run_of(segment(1), segment(0)) == 1);
    CHECK(run_of(segment(0, 500), segment(1)) == 1);
    CHECK(run_of(segment(0), segment(1, 1001)) == 1);  // longer than the first
    CHECK(run_of(segment(0), segment(1, 0)) == 1);
    CHECK(run_of(segment(0), segment(1).ttl(63)) == 1);
    CHECK(run_of(segment(0), segment(1).tos(4)) == 1);
    CHECK(run_of(segment(0), segment(1).ack(7)) == 1);
    CHECK(run_of(segment(0), segment(1).window(7)) == 1);
    CHECK(run_of(segment(0), segment(1).dont_fragment()) == 1);
    CHECK(run_of(segment(0), segment(1).ipv4("198.51.100.2", "203.0.113.10")) == 1);
    CHECK(run_of(segment(0), segment(1).ipv4("198.51.100.1", "203.0.113.11")) == 1);
    CHECK(run_of(segment(0), segment(1).ether(mac(1), mac(3))) == 1);
    CHECK(run_of(segment(0), segment(1).tcp(40001, 80)) == 1);
    CHECK(run_of(segment(0), segment(1).tcp(40000, 81)) == 1);
    CHECK(run_of(segment(0).tcp_options(Bytes(4, 1)), segment(1)) == 1);
    CHECK(run_of(segment(0).tcp_options({1, 1, 1, 1}), segment(1).tcp_options({1, 1, 1, 0})) == 1);
    const unsigned ending = GENERATE(values<unsigned>({kFin, kRst, kSyn, kUrg, 0x80}));
    const auto flags = static_cast<uint8_t>(kAck | ending);
    CAPTURE(ending);
    CHECK(run_of(segment(0), segment(1).tcp(40000, 80, flags)) == 1);
    CHECK(run_of(segment(0).tcp(40000, 80, flags), segment(1)) == 1);
}

TEST_CASE("runs: PSH and a shorter segment end one", "[af_packet]") {
    Packets packets;
    packets.add(segment(0));
    SECTION("PSH") {
        packets.add(segment(1).tcp(40000, 80, kAck | kPsh));
    }
    SECTION("a shorter segment") {
        packets.add(segment(1, 999).seq(0xfffff000 + 1000));
    }
    packets.add(segment(2));
    CHECK(run_length(packets.mbufs) == 2);
}

TEST_CASE("runs: identifications count up, but for packets with DF, where they say nothing",
          "[af_packet]") {
    CHECK(run_of(segment(0), segment(1).id(5)) == 1);
    CHECK(run_of(segment(0).dont_fragment(), segment(1).dont_fragment().id(5)) == 2);
}

TEST_CASE("runs: only segments whose checksums are known to be right are put together",
          "[af_packet]") {
    const uint64_t flags = GENERATE(
        uint64_t{0}, uint64_t{RTE_MBUF_F_RX_IP_CKSUM_GOOD}, uint64_t{RTE_MBUF_F_RX_L4_CKSUM_GOOD},
        uint64_t{RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD});
    Packets packets;
    packets.add(segment(0));
    packets.add(segment(1))->ol_flags = flags;
    CHECK(run_length(packets.mbufs) == 1);
    packets.mbufs[0]->ol_flags = flags;
    CHECK(run_length(packets.mbufs) == 1);
}

TEST_CASE("runs: packets of different tags go alone", "[af_packet]") {
    Packets packets;
    packets.add(segment(0))->vlan_tci = 5;
    packets.add(segment(1))->vlan_tci = 6;
    CHECK(run_length(packets.mbufs) == 2);  // untagged both
    packets.mbufs[1]->ol_flags |= RTE_MBUF_F_TX_VLAN;
    CHECK(run_length(packets.mbufs) == 1);
    packets.mbufs[0]->ol_flags |= RTE_MBUF_F_TX_VLAN;
    CHECK(run_length(packets.mbufs) == 1);
    packets.mbufs[1]->vlan_tci = 5;
    CHECK(run_length(packets.mbufs) == 2);
}

TEST_CASE("runs: no frame is larger than an IP packet can be", "[af_packet]") {
    Packets packets;
    for (unsigned i = 0; i < 64; ++i)
        packets.add(segment(0, 1400).seq(i * 1400).id(static_cast<uint16_t>(i)));
    const unsigned length = run_length(packets.mbufs);
    CHECK(length == (65535 - 40) / 1400);
}

TEST_CASE("runs: what is no whole TCP segment goes alone", "[af_packet]") {
    const Frame udp = Frame().ipv4("198.51.100.1", "203.0.113.10").udp(1, 2).payload(1000);
    CHECK(run_of(udp, udp) == 1);
    CHECK(run_of(segment(0).fragment(0, true), segment(1).fragment(0, true)) == 1);
    CHECK(run_of(segment(0).padding(4), segment(1).padding(4)) == 1);
    CHECK(run_of(segment(0).ip_options(Bytes(4, 1)), segment(1).ip_options(Bytes(4, 1))) == 1);
    Packets packets;
    packets.add(segment(0));
    FakeMbuf& split =
        packets.owned.emplace_back(segment(1).bytes(), std::initializer_list{size_t{60}});
    split->ol_flags = kGood;
    packets.mbufs.push_back(split);
    CHECK(run_length(packets.mbufs) == 1);
}

}  // namespace runs_test
