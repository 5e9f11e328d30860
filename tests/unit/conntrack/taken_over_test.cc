// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/taken_over.h"

#include "catch.h"
#include "conntrack/tcp_tracker.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <vector>

namespace taken_over_test {

using namespace sluice;
using namespace sluice::conntrack;
using net::Direction;

namespace {

struct Memory {
    std::array<std::byte, kTrackerBytes> bytes{};

    explicit Memory(const TcpTracker& tracker) {
        std::memcpy(bytes.data(), &tracker, sizeof tracker);
    }
    TcpTracker tracker() const {
        TcpTracker tracker;
        std::memcpy(&tracker, bytes.data(), sizeof tracker);
        return tracker;
    }
};

TcpTracker busy() {
    TcpTracker tracker;
    for (TcpEnd& end : tracker.ends)
        end = {1000, 70000, 65535,
               900,  7,     kOffersScale | kOffersSack | kUnacknowledged | kHasAcknowledged};
    tracker.last_seq = 77;
    tracker.repeats = 3;
    return tracker;
}

/// A connection that stands, after it was taken over.
class TakenOver {
public:
    explicit TakenOver(std::array<uint8_t, 2> scales = {7, 7}) : memory_(with(scales)) {
        REQUIRE(forget_windows(TcpState::Established, memory_.bytes));
        tuning_.tcp_loose = false;
    }
    bool passes(Direction direction, const Segment& segment) {
        const FlowState flow{ProtocolState(static_cast<uint8_t>(TcpState::Established)),
                             kSeenReply | kAssured, Duration::seconds(100), Duration::seconds(100)};
        return track_tcp(tuning_, flow, direction, segment, memory_.bytes).action == Action::Pass;
    }
    TcpEnds ends() const { return memory_.tracker().ends; }
    bool is_followed() const { return !ends()[0].has(kLiberal) && !ends()[1].has(kLiberal); }

private:
    static TcpTracker with(std::array<uint8_t, 2> scales) {
        TcpTracker tracker = busy();
        for (size_t i = 0; i < scales.size(); ++i)
            tracker.ends[i].scale = scales[i];
        return tracker;
    }

    Memory memory_;
    Tuning tuning_;
};

Segment data(uint32_t seq, uint32_t ack) {
    Segment segment;
    segment.protocol = net::Protocol::Tcp;
    segment.tcp_flags = kAck;
    segment.window = 500;
    segment.payload = 100;
    segment.seq = seq;
    segment.ack = segment.options.sack_edge = ack;
    return segment;
}

/// Two ends that send data both ways, in pieces of one size, over a path that loses some of it on
/// either side of the gateway, and brings some of it late.
class Ends {
public:
    explicit Ends(unsigned seed) : random_(seed) {
        for (End& end : ends_) {
            end.first = static_cast<uint32_t>(random_());
            end.scale = static_cast<uint8_t>(chance(9));
            end.offered = room(end);
        }
        for (size_t i = 0; i < 2; ++i)
            ends_[i].edge = ends_[1 - i].offered;
    }
    std::array<uint8_t, 2> scales() const { return {ends_[0].scale, ends_[1].scale}; }

    /// One of them sends something, and something arrives; false where the gateway refuses it.
    bool step(TakenOver* gateway) {
        const size_t from = chance(2);
        for (unsigned count = chance(8) + 1; count != 0; --count)
            send(from);
        for (unsigned count = chance(16); count != 0; --count)
            if (!arrive(chance(2), gateway))
                return false;
        return true;
    }

private:
    static constexpr uint64_t kPiece = 1000;

    struct End {
        uint32_t first = 0;  ///< The number of its first byte.
        uint8_t scale = 0;
        uint64_t acknowledged = 0;  // of what it has sent
        uint64_t next = 0;
        uint64_t edge = 0;  // of what it may send
        uint64_t received = 0;
        std::set<uint64_t> beyond;  // pieces that have come before others
        uint64_t offered = 0;       // of what it has room for; never less than it was
    };
    struct Packet {
        Segment segment;
        uint64_t begin = 0;
        uint64_t ack = 0;
        uint64_t edge = 0;
    };

    unsigned chance(unsigned count) { return static_cast<unsigned>(random_() % count); }
    /// Whoever reads slowly has less.
    uint64_t room(const End& end) {
        const uint64_t most = uint64_t{UINT16_MAX} << end.scale;
        return chance(2) == 0 ? most : most * chance(100) / 100;
    }

    void send(size_t from) {
        End& end = ends_[from];
        const unsigned what = chance(10);
        if (what < 6 && end.next + kPiece <= end.edge) {
            put(from, end.next, kPiece);
            end.next += kPiece;
        } else if (what < 8 && end.acknowledged != end.next) {
            put(from, end.acknowledged, kPiece);
        } else {
            put(from, end.next, 0);
        }
    }

    void put(size_t from, uint64_t begin, uint64_t bytes) {
        End& end = ends_[from];
        End& other = ends_[1 - from];
        end.offered = std::max(end.offered, end.received + room(end));
        Packet packet;
        packet.begin = begin;
        packet.ack = end.received;
        Segment& segment = packet.segment = data(end.first + static_cast<uint32_t>(begin),
                                                 other.first + static_cast<uint32_t>(packet.ack));
        segment.payload = static_cast<uint16_t>(bytes);
        const uint64_t window =
            std::min<uint64_t>((end.offered - end.received) >> end.scale, UINT16_MAX);
        segment.window = static_cast<uint16_t>(window);
        packet.edge = packet.ack + (window << end.scale);
        if (!end.beyond.empty())
            segment.options.sack_edge =
                other.first + static_cast<uint32_t>(*end.beyond.rbegin() + kPiece);
        path_[from].push_back(packet);
    }

    bool arrive(size_t from, TakenOver* gateway) {
        std::vector<Packet>& path = path_[from];
        if (path.empty())
            return true;
        const size_t place = chance(8) == 0 ? chance(3) % path.size() : 0;
        const Packet packet = path[place];
        path.erase(path.begin() + static_cast<ptrdiff_t>(place));
        if (chance(20) == 0)
            return true;
        const auto direction = static_cast<Direction>(from);
        if (gateway != nullptr && !gateway->passes(direction, packet.segment))
            return false;
        if (chance(20) != 0)
            hear(ends_[1 - from], packet);
        return true;
    }

    void hear(End& end, const Packet& packet) {
        end.acknowledged = std::max(end.acknowledged, packet.ack);
        end.edge = std::max(end.edge, packet.edge);
        if (packet.segment.payload != 0 && packet.begin >= end.received)
            end.beyond.insert(packet.begin);
        while (end.beyond.erase(end.received) != 0)
            end.received += kPiece;
    }

    std::mt19937 random_;
    std::array<End, 2> ends_;
    std::array<std::vector<Packet>, 2> path_;  // by who has sent it
};

}  // namespace

TEST_CASE("taken over: how far a connection has come is forgotten, its options are not", "[tcp]") {
    Memory memory(busy());
    REQUIRE(forget_windows(TcpState::Established, memory.bytes));
    const TcpTracker tracker = memory.tracker();
    for (const TcpEnd& end : tracker.ends) {
        CHECK(end.max_window == 0);
        CHECK(end.end == 0);
        CHECK(end.scale == 7);
        CHECK(end.flags == (kOffersScale | kOffersSack | kLiberal | kTakenOver));
    }
    CHECK(tracker.last_seq == 0);
    CHECK(tracker.repeats == 0);
}

TEST_CASE("taken over: a handshake goes on with what is known", "[tcp]") {
    for (const TcpState state : {TcpState::SynSent, TcpState::SynRecv, TcpState::SynSent2}) {
        Memory memory(busy());
        CHECK_FALSE(forget_windows(state, memory.bytes));
        CHECK(memory.tracker().ends[0].max_window == 65535);
    }
}

TEST_CASE("taken over: any number is taken of a connection until both ends have spoken", "[tcp]") {
    for (const Direction direction : {Direction::Reply, Direction::Original}) {
        TakenOver flow;
        for (const uint32_t seq : {0u, 3'000'000'000u, 77u, 0x80000000u})
            CHECK(flow.passes(direction, data(seq, ~seq)));
    }
}

TEST_CASE("taken over: when both ends have spoken of the same, numbers far off are refused",
          "[tcp]") {
    constexpr uint32_t kFar = 2 * (uint32_t{65536} << 7);
    TakenOver flow;
    REQUIRE(flow.passes(Direction::Original, data(1000, 5000)));
    REQUIRE(flow.passes(Direction::Reply, data(5000, 1100)));
    CHECK_FALSE(flow.passes(Direction::Original, data(1100 + kFar, 5100)));
    CHECK_FALSE(flow.passes(Direction::Original, data(1100, 5100 + kFar)));
    CHECK_FALSE(flow.passes(Direction::Reply, data(5100 + kFar, 1100)));
    CHECK_FALSE(flow.passes(Direction::Reply, data(5100, 1100 + kFar)));
    CHECK(flow.passes(Direction::Original, data(1100, 5100)));
    CHECK(flow.passes(Direction::Reply, data(5100, 1200)));
}

TEST_CASE("taken over: what an end has sent before is known by what the other acknowledges",
          "[tcp]") {
    TakenOver flow({0, 0});
    REQUIRE(flow.passes(Direction::Original, data(1000, 5000)));  // again, for it was not answered
    REQUIRE(flow.passes(Direction::Reply, data(5000, 66'000)));
    CHECK(flow.passes(Direction::Original, data(131'000, 5100)));
    CHECK_FALSE(flow.passes(Direction::Original, data(300'000, 5100)));
}

TEST_CASE("taken over: an ICMP error quotes what another gateway may have seen, or nothing",
          "[tcp][icmp]") {
    constexpr uint32_t kReach = uint32_t{65536} << 7;
    TakenOver flow;
    CHECK(may_be_in_flight(flow.ends(), Direction::Original, 0x80000000));
    REQUIRE(flow.passes(Direction::Original, data(1000, 5000)));
    REQUIRE(flow.passes(Direction::Reply, data(5000, 1100)));
    for (const uint32_t seq : {1100 - kReach, 1000u, 1100 + kReach})
        CHECK(may_be_in_flight(flow.ends(), Direction::Original, seq));
    for (const uint32_t seq : {1099 - kReach, 1101 + kReach, 0x80000000u})
        CHECK_FALSE(may_be_in_flight(flow.ends(), Direction::Original, seq));
}

TEST_CASE("taken over: where ends speak of different numbers neither is judged by them", "[tcp]") {
    TakenOver flow;
    REQUIRE(flow.passes(Direction::Original, data(0x80000000, 0x90000000)));  // somebody else's
    CHECK(flow.passes(Direction::Reply, data(5000, 1100)));
    CHECK(flow.passes(Direction::Original, data(1100, 5100)));
    CHECK(flow.passes(Direction::Reply, data(5100, 1200)));
}

TEST_CASE("taken over: what its ends do by chance is never refused", "[tcp]") {
    for (unsigned seed = 0; seed < 400; ++seed) {
        Ends ends(seed);
        for (int i = 0; i < 200; ++i)
            ends.step(nullptr);  // by the other gateway
        TakenOver flow(ends.scales());
        for (int i = 0; i < 400; ++i) {
            INFO("seed " << seed << ", step " << i);
            REQUIRE(ends.step(&flow));
        }
        INFO("seed " << seed);
        CHECK(flow.is_followed());
    }
}

}  // namespace taken_over_test
