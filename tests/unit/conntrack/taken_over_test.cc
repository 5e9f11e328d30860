// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/taken_over.h"

#include "catch.h"
#include "conntrack/tcp_tracker.h"

#include <array>
#include <cstring>

namespace taken_over_test {

using namespace sluice;
using namespace sluice::conntrack;

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

}  // namespace

TEST_CASE("taken over: how far a connection has come is forgotten, its options are not", "[tcp]") {
    Memory memory(busy());
    REQUIRE(forget_windows(TcpState::Established, memory.bytes));
    const TcpTracker tracker = memory.tracker();
    for (const TcpEnd& end : tracker.ends) {
        CHECK(end.max_window == 0);
        CHECK(end.end == 0);
        CHECK(end.scale == 7);
        CHECK(end.flags == (kOffersScale | kOffersSack | kLiberal));
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

TEST_CASE("taken over: any number is taken of a connection, from either end", "[tcp]") {
    Memory memory(busy());
    forget_windows(TcpState::Established, memory.bytes);
    Tuning tuning;
    tuning.tcp_loose = false;
    const FlowState flow{ProtocolState(static_cast<uint8_t>(TcpState::Established)),
                         kSeenReply | kAssured, Duration::seconds(100), Duration::seconds(100)};
    Segment segment;
    segment.protocol = net::Protocol::Tcp;
    segment.tcp_flags = kAck;
    segment.window = 500;
    segment.payload = 100;
    for (const uint32_t seq : {0u, 3'000'000'000u, 77u, 0x80000000u}) {
        segment.seq = seq;
        segment.ack = ~seq;
        for (const net::Direction direction : {net::Direction::Reply, net::Direction::Original})
            CHECK(track_tcp(tuning, flow, direction, segment, memory.bytes).action == Action::Pass);
    }
}

}  // namespace taken_over_test
