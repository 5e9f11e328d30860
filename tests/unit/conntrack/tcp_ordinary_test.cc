// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_ordinary.h"

#include "catch.h"
#include "tcp_connection.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <random>

namespace tcp_ordinary_test {

using namespace sluice;
using namespace sluice::conntrack;
using namespace sluice::test;

namespace {

constexpr FlowState kStanding{ProtocolState(TcpState::Established), kSeenReply | kAssured, {}, {}};

using Bytes = std::array<std::byte, kTrackerBytes>;

/// A tracker and the same one twice: for the oracle, and for its pupil.
struct Memory {
    alignas(TcpTracker) Bytes bytes{};

    TcpTracker& tracker() { return *std::launder(reinterpret_cast<TcpTracker*>(bytes.data())); }
};

/// Both are given the same segments, and the numbers of most lie where something changes.
class Pair {
public:
    explicit Pair(uint64_t seed) : random_(seed) { new (plain_.bytes.data()) TcpTracker; }

    /// Any state that a tracker may be in, and some that none ever is.
    void scramble() {
        TcpTracker& tracker = plain_.tracker();
        for (TcpEnd& end : tracker.ends) {
            end.end = any_number();
            end.max_end = near(end.end);
            end.max_window = any_window();
            end.max_ack = near(any_number());
            end.scale = static_cast<uint8_t>(random_() % (kMostWindowScale + 1));
            end.flags = static_cast<uint8_t>(random_() % 64);
        }
        tracker.last_segment = static_cast<SegmentClass>(random_() % kSegmentClassCount);
        tracker.last_direction = any_direction();
        tracker.last_window = static_cast<uint16_t>(random_() % 3 == 0 ? 0 : random_());
        tracker.last_seq = any_number();
        tracker.last_ack = any_number();
        tracker.last_length = static_cast<uint16_t>(random_() % 2);
        tracker.repeats = static_cast<uint8_t>(random_() % 2 == 0 ? random_() % 4 : random_());
        tracker.challenge_ack = random_() % 2 != 0;
        tracker.simultaneous_open = random_() % 2 != 0;
        tuning_.tcp_max_retrans = static_cast<uint8_t>(random_() % 5);
        tuning_.tcp_unacknowledged = Duration::seconds(random_() % 2 == 0 ? 300 : 600'000);
        tuning_.tcp_be_liberal = random_() % 2 != 0;
    }

    /// What the tracker may be asked after that, by the same connection.
    void meet() {
        const net::Direction direction = any_direction();
        const OrdinarySegment segment = any_segment(direction);
        const Memory before = plain_;
        Memory quick = plain_;
        const Duration timeout = track_ordinary(tuning_, direction, segment, quick.tracker());
        const Verdict verdict =
            track_tcp(tuning_, kStanding, direction, whole(segment), TrackerMemory(plain_.bytes));
        ++met;
        if (timeout == kLeft) {
            REQUIRE(quick.bytes == before.bytes);
            return;
        }
        ++taken;
        const bool is_same = verdict.action == Action::Pass && verdict.refresh &&
                             verdict.timeout == timeout && verdict.state == kStanding.state &&
                             verdict.status == kStanding.status && quick.bytes == plain_.bytes;
        REQUIRE(is_same);
    }

    uint64_t met = 0;
    uint64_t taken = 0;

private:
    net::Direction any_direction() {
        return random_() % 2 == 0 ? net::Direction::Original : net::Direction::Reply;
    }

    uint32_t any_number() {
        switch (random_() % 4) {
            case 0:
                return near(0);
            case 1:
                return near(0x8000'0000);
            default:
                return static_cast<uint32_t>(random_());
        }
    }

    uint32_t near(uint32_t number) {
        static constexpr std::array<uint32_t, 6> kFar{0,       1,           2 * kLeastAckRange,
                                                      0x10000, 0x7fff'ffff, kLeastAckRange};
        const uint32_t off = kFar[random_() % kFar.size()] + static_cast<uint32_t>(random_() % 3);
        return random_() % 2 == 0 ? number + off : number - off;
    }

    uint32_t any_window() {
        if (random_() % 16 == 0)
            return near(0x8000'0000);
        switch (random_() % 4) {
            case 0:
                return static_cast<uint32_t>(random_() % 2);
            case 1:
                return kLeastAckRange + static_cast<uint32_t>(random_() % 3) - 1;
            default:
                return static_cast<uint32_t>(random_() % (uint32_t{0xffff} << kMostWindowScale));
        }
    }

    OrdinarySegment any_segment(net::Direction direction) {
        const TcpTracker& tracker = plain_.tracker();
        const TcpEnd& sender = tracker.ends[index(direction)];
        const TcpEnd& receiver = tracker.ends[index(opposite(direction))];
        if (random_() % 16 == 0)  // the last one again
            return {tracker.last_seq, tracker.last_ack, tracker.last_window, tracker.last_length};
        OrdinarySegment segment;
        segment.payload = static_cast<uint16_t>(random_() % 4 == 0 ? 0 : random_() % 1461);
        segment.window = static_cast<uint16_t>(random_() % 8 == 0 ? random_() % 2 : random_());
        switch (random_() % 8) {
            case 0:
                segment.seq = near(sender.end);
                break;
            case 1:
                segment.seq = near(sender.max_end);
                break;
            case 2:
                segment.seq = near(sender.end - receiver.max_window - segment.payload);
                break;
            default:
                segment.seq = sender.end;
        }
        switch (random_() % 8) {
            case 0:
                segment.ack = near(receiver.end);
                break;
            case 1:
                segment.ack = near(receiver.end - std::max(sender.max_window, kLeastAckRange));
                break;
            case 2:
                segment.ack = near(sender.max_ack);
                break;
            default:
                segment.ack = receiver.end;
        }
        return segment;
    }

    Segment whole(const OrdinarySegment& ordinary) {
        static constexpr std::array<uint8_t, 4> kFlags{kAck, kAck | kPsh, kAck | kEce, kAck | kCwr};
        Segment segment{net::Protocol::Tcp, kFlags[random_() % kFlags.size()], 0};
        segment.seq = ordinary.seq;
        segment.ack = ordinary.ack;
        segment.window = ordinary.window;
        segment.payload = ordinary.payload;
        segment.options = {.are_present = random_() % 2 == 0, .sack_edge = ordinary.ack};
        return segment;
    }

    std::mt19937_64 random_;
    Tuning tuning_;
    Memory plain_;
};

}  // namespace

TEST_CASE("tcp ordinary: what it takes it leaves as the tracker does, and nothing else touched",
          "[conntrack][tcp][model]") {
    constexpr unsigned kTrackers = 60'000;
    constexpr unsigned kSegments = 40;
    Pair pair(1);
    for (unsigned i = 0; i < kTrackers; ++i) {
        pair.scramble();
        for (unsigned n = 0; n < kSegments; ++n)
            pair.meet();
    }
    CHECK(pair.met == uint64_t{kTrackers} * kSegments);
    CHECK(pair.taken > pair.met / 4);
    CHECK(pair.taken < pair.met * 3 / 4);
}

TEST_CASE("tcp ordinary: of a connection that speaks in order it takes every segment",
          "[conntrack][tcp]") {
    Connection connection(kSyn);
    connection.reply(kSynAck);
    connection.original(kAck);
    connection.reply(kAck);  // the first after the handshake, which assures it
    REQUIRE(connection.flow.state == TcpState::Established);
    REQUIRE(connection.flow.status == (kSeenReply | kAssured));
    auto& tracker = *std::launder(reinterpret_cast<TcpTracker*>(connection.memory.data()));
    for (unsigned i = 0; i < 1000; ++i) {
        const net::Direction direction = i % 3 == 0 ? kReply : kOriginal;
        const Segment segment = connection.peers.send(direction, kAck, 1000);
        const auto timeout_after = [&](net::Direction way, const Segment& sent) {
            const OrdinarySegment ordinary{
                .ack = sent.ack, .seq = sent.seq, .window = sent.window, .payload = sent.payload};
            return track_ordinary(connection.tuning, way, ordinary, tracker);
        };
        REQUIRE(timeout_after(direction, segment) == connection.tuning.tcp_unacknowledged);
        const net::Direction back = opposite(direction);
        REQUIRE(timeout_after(back, connection.peers.send(back, kAck)) ==
                connection.tuning.tcp[TcpState::Established]);
    }
}

TEST_CASE("tcp ordinary: flags are data's and ACKs'", "[conntrack][tcp]") {
    for (const unsigned flags : {kAck + 0, kAck | kPsh, kAck | kEce | kCwr | kPsh})
        CHECK(has_ordinary_flags(static_cast<uint8_t>(flags)));
    for (const unsigned flags : {0, kPsh + 0, kAck | kSyn, kAck | kFin, kAck | kRst, kAck | kUrg})
        CHECK_FALSE(has_ordinary_flags(static_cast<uint8_t>(flags)));
}

}  // namespace tcp_ordinary_test
