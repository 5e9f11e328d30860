// SPDX-License-Identifier: BSD-3-Clause
#include "tracker.h"

#include "conntrack/tracker.h"
#include "report.h"

#include <rte_cycles.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <tuple>
#include <vector>

namespace sluice::bench {
namespace {

using conntrack::FlowState;
using conntrack::kAck;
using conntrack::kFin;
using conntrack::kSyn;
using conntrack::Segment;
using conntrack::TcpState;
using conntrack::Tuning;
using net::Direction;

constexpr double kDataTarget = 30;  // cycles a segment
constexpr uint16_t kPayload = 1000;
constexpr unsigned kSegments = 512;  // with their flow in the first-level cache
constexpr unsigned kPasses = 2000;

struct Sent {
    Direction direction;
    Segment segment;
};

/// Both ends of a connection, which number what they send in order.
class Ends {
public:
    Sent send(Direction direction, uint8_t tcp_flags, uint16_t payload = 0) {
        Segment segment{net::Protocol::Tcp, tcp_flags};
        segment.window = 65535;
        segment.payload = payload;
        segment.seq = next_[index(direction)];
        if (tcp_flags & kAck)
            segment.ack = next_[index(opposite(direction))];
        segment.options.sack_edge = segment.ack;
        next_[index(direction)] += payload + ((tcp_flags & (kSyn | kFin)) != 0);
        return {direction, segment};
    }

private:
    std::array<uint32_t, 2> next_ = {1'000'000, 5'000'000};
};

/// A flow, without the table.
class Flow {
public:
    void open(const Segment& segment) { keep(conntrack::open(tuning_, segment, memory_)); }
    void meet(std::span<const Sent> segments) {
        for (const Sent& sent : segments)
            keep(track(tuning_, state_, sent.direction, sent.segment, memory_));
    }
    TcpState state() const { return state_.state.tcp(); }

private:
    void keep(const conntrack::Verdict& verdict) {
        state_.state = verdict.state;
        state_.status = verdict.status;
        state_.remaining = verdict.timeout;
    }

    const Tuning tuning_;
    FlowState state_;
    alignas(64) conntrack::TrackerBytes memory_{};
};

std::vector<Sent> handshake(Ends& ends) {
    return {ends.send(Direction::Original, kSyn), ends.send(Direction::Reply, kSyn | kAck),
            ends.send(Direction::Original, kAck)};
}

/// Data one way and its ACKs, two segments for one ACK as receivers do.
void send_data(Ends& ends, std::span<Sent> out) {
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = i % 3 == 2 ? ends.send(Direction::Original, kAck)
                            : ends.send(Direction::Reply, kAck, kPayload);
}

/// A benchmark of what goes wrong would be worth nothing.
void insist(const Flow& flow, TcpState state) {
    if (flow.state() == state)
        return;
    std::fprintf(stderr, "sluice-bench: the flow is not in the state that its segments lead to\n");
    std::exit(2);
}

double data_round() {
    Ends ends;
    const std::vector<Sent> opening = handshake(ends);
    Flow flow;
    flow.open(opening.front().segment);
    flow.meet(std::span(opening).subspan(1));
    std::array<Sent, kSegments> segments;
    uint64_t cycles = 0;
    for (unsigned pass = 0; pass < kPasses; ++pass) {
        send_data(ends, segments);
        const uint64_t start = rte_rdtsc_precise();
        flow.meet(segments);
        cycles += rte_rdtsc_precise() - start;
    }
    insist(flow, TcpState::Established);
    return static_cast<double>(cycles) / (double{kPasses} * kSegments);
}

double life_round() {
    Ends ends;
    std::vector<Sent> life = handshake(ends);
    for (const auto& [direction, flags, payload] :
         {std::tuple{Direction::Original, kAck, kPayload},
          std::tuple{Direction::Reply, kAck, kPayload},
          std::tuple{Direction::Original, kAck, uint16_t{0}}})
        life.push_back(ends.send(direction, flags, payload));
    for (const Direction first : {Direction::Original, Direction::Reply}) {
        life.push_back(ends.send(first, kFin | kAck));
        life.push_back(ends.send(opposite(first), kAck));
    }
    Flow flow;
    const unsigned lives = kPasses * 64;
    const uint64_t start = rte_rdtsc_precise();
    for (unsigned i = 0; i < lives; ++i) {
        flow.open(life.front().segment);
        flow.meet(std::span(life).subspan(1));
    }
    const uint64_t cycles = rte_rdtsc_precise() - start;
    insist(flow, TcpState::TimeWait);
    return static_cast<double>(cycles) / (static_cast<double>(lives) * double(life.size()));
}

Figure figure_of(const char* operation) {
    Figure figure;
    figure.of = {{"op", operation}, {"flows", 1}, {"load", 0}};
    figure.unit = "cycles/segment";
    return figure;
}

}  // namespace

int run_tracker(const TrackerOptions& options) {
    Report report("tracker", options.json);
    Figure data = figure_of("data in order");
    Figure lives = figure_of("SYN to TIME_WAIT");
    for (unsigned round = 0; round < options.rounds; ++round) {
        data.ours.add(data_round());
        lives.ours.add(life_round());
    }
    data.at_most(kDataTarget);
    report.add(data);
    report.add(lives);
    return 0;
}

}  // namespace sluice::bench
