// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tracker.h"

#include "catch.h"
#include "conntrack/status.h"
#include "tcp_peers.h"

#include <array>

namespace tracker_test {

using namespace sluice;
using namespace sluice::conntrack;
using net::Direction;
using net::Protocol;
using stats::Drop;

namespace {

constexpr Segment kDatagram{Protocol::Udp, 0, 0};
constexpr Segment kEcho{Protocol::Icmp, 0, 8};
constexpr Segment kEchoReply{Protocol::Icmp, 0, 0};

constexpr Segment tcp(uint8_t flags) {
    return {Protocol::Tcp, flags, 0};
}

Verdict opened_by(const Segment& first, const Tuning& tuning) {
    alignas(64) TrackerBytes memory;
    return open(tuning, first, memory);
}

/// A flow that a packet has opened, at age 0.
struct Flow {
    explicit Flow(const Segment& segment) {
        const Verdict verdict = open(tuning, segment, memory);
        REQUIRE(verdict.action == Action::Pass);
        keep(verdict);
    }

    Verdict meet(Direction direction, const Segment& segment, Duration age = {}) {
        state.age = age;
        return keep(track(tuning, state, direction, segment, memory));
    }
    Verdict keep(const Verdict& verdict) {
        state.state = verdict.state;
        state.status = verdict.status;
        return verdict;
    }

    Tuning tuning;
    FlowState state;
    alignas(64) std::array<std::byte, kTrackerBytes> memory;
};

}  // namespace

TEST_CASE("udp: a flow without reply lives 30 s from each datagram", "[conntrack][udp]") {
    const Verdict opened = opened_by(kDatagram, Tuning{});
    CHECK(opened.action == Action::Pass);
    CHECK(opened.refresh);
    CHECK(opened.timeout == Duration::seconds(30));
    CHECK(opened.status == 0);

    Flow flow(kDatagram);
    for (const int age : {1, 2, 20, 45}) {
        const Verdict verdict = flow.meet(Direction::Original, kDatagram, Duration::seconds(age));
        CHECK(verdict.action == Action::Pass);
        CHECK(verdict.refresh);
        CHECK(verdict.timeout == Duration::seconds(30));
        CHECK(verdict.status == 0);
    }
}

TEST_CASE("udp: question and answer never make a stream", "[conntrack][udp]") {
    Flow flow(kDatagram);
    flow.meet(Direction::Reply, kDatagram, Duration{20});
    for (int i = 0; i < 10; ++i) {
        const auto direction = i % 2 ? Direction::Reply : Direction::Original;
        const Verdict verdict = flow.meet(direction, kDatagram, Duration{200 * i});
        CHECK(verdict.timeout == Duration::seconds(30));
        CHECK(verdict.status == kSeenReply);
    }
}

TEST_CASE("udp: after two seconds both ways it is an assured stream", "[conntrack][udp]") {
    Flow flow(kDatagram);
    const auto direction = GENERATE(Direction::Original, Direction::Reply);
    flow.meet(Direction::Reply, kDatagram, Duration{20});
    CHECK(flow.meet(direction, kDatagram, Duration{2000}).status == kSeenReply);

    const Verdict verdict = flow.meet(direction, kDatagram, Duration{2001});
    CHECK(verdict.refresh);
    CHECK(verdict.timeout == Duration::seconds(120));
    CHECK(verdict.status == (kSeenReply | kAssured));
}

TEST_CASE("udp: a late first reply makes no stream, what follows it does", "[conntrack][udp]") {
    Flow flow(kDatagram);
    const Verdict reply = flow.meet(Direction::Reply, kDatagram, Duration::seconds(10));
    CHECK(reply.timeout == Duration::seconds(30));
    CHECK(reply.status == kSeenReply);
    const Verdict next = flow.meet(Direction::Reply, kDatagram, Duration::seconds(10));
    CHECK(next.timeout == Duration::seconds(120));
    CHECK(next.status == (kSeenReply | kAssured));
}

TEST_CASE("udp: a stream stays one when its age has run over", "[conntrack][udp]") {
    Flow flow(kDatagram);
    flow.meet(Direction::Reply, kDatagram, Duration::seconds(1));
    flow.meet(Direction::Original, kDatagram, Duration::seconds(3));
    const Duration run_over = Tick{0x9000'0000} - Tick{0};
    REQUIRE(run_over.milliseconds < 0);
    CHECK(flow.meet(Direction::Original, kDatagram, run_over).timeout == Duration::seconds(120));
}

TEST_CASE("udp: the first reply after weeks makes a stream at once", "[conntrack][udp]") {
    Flow flow(kDatagram);
    const Duration weeks = Tick{0x9000'0000} - Tick{0};
    REQUIRE(weeks.milliseconds < 0);
    flow.meet(Direction::Reply, kDatagram, weeks);
    const Verdict next = flow.meet(Direction::Original, kDatagram, weeks);
    CHECK(next.timeout == Duration::seconds(120));
    CHECK(next.status == (kSeenReply | kAssured));
}

TEST_CASE("udp: the tuning gives the timeouts", "[conntrack][udp]") {
    Flow flow(kDatagram);
    flow.tuning.udp = Duration::seconds(7);
    flow.tuning.udp_stream = Duration::seconds(9);
    CHECK(opened_by(kDatagram, flow.tuning).timeout == Duration::seconds(7));
    CHECK(flow.meet(Direction::Reply, kDatagram).timeout == Duration::seconds(7));
    const Verdict verdict = flow.meet(Direction::Reply, kDatagram, Duration::seconds(3));
    CHECK(verdict.timeout == Duration::seconds(9));
}

TEST_CASE("icmp: only a query opens a flow", "[conntrack][icmp]") {
    for (int type = 0; type < 256; ++type) {
        CAPTURE(type);
        const Segment segment{Protocol::Icmp, 0, static_cast<uint8_t>(type)};
        const Verdict verdict = opened_by(segment, Tuning{});
        if (type == 8 || type == 13 || type == 15 || type == 17) {
            CHECK(verdict.action == Action::Pass);
            CHECK(verdict.refresh);
            CHECK(verdict.timeout == Duration::seconds(30));
        } else {
            CHECK(verdict.action == Action::Refuse);
            CHECK(verdict.reason == Drop::InvalidUntrackedIcmp);
        }
    }
}

TEST_CASE("icmp: requests and replies prolong a flow and never assure it", "[conntrack][icmp]") {
    Flow flow(kEcho);
    for (int i = 1; i < 10; ++i) {
        const Verdict reply = flow.meet(Direction::Reply, kEchoReply, Duration::seconds(i));
        CHECK(reply.action == Action::Pass);
        CHECK(reply.refresh);
        CHECK(reply.timeout == Duration::seconds(30));
        CHECK(reply.status == kSeenReply);
        const Verdict request = flow.meet(Direction::Original, kEcho, Duration::seconds(i));
        CHECK(request.action == Action::Pass);
        CHECK(request.refresh);
        CHECK(request.status == kSeenReply);
    }
}

TEST_CASE("icmp: a reply among the requests, and the reverse, is refused", "[conntrack][icmp]") {
    Flow flow(kEcho);
    const bool reply = GENERATE(true, false);
    const Verdict verdict =
        reply ? flow.meet(Direction::Reply, kEcho) : flow.meet(Direction::Original, kEchoReply);
    CHECK(verdict.action == Action::Refuse);
    CHECK(verdict.reason == Drop::InvalidUntrackedIcmp);
    CHECK_FALSE(verdict.refresh);
    CHECK(verdict.status == 0);
}

TEST_CASE("tracker: TCP remembers in the flow's memory, whatever lay there", "[conntrack][tcp]") {
    const auto litter = GENERATE(0x00, 0xff);
    const Verdict opened = opened_by(tcp(kSyn), Tuning{});
    CHECK(opened.state == TcpState::SynSent);
    CHECK(opened.timeout == Duration::seconds(120));

    test::TcpPeers segments;
    Flow flow(segments.send(Direction::Original, kSyn));
    flow.memory.fill(static_cast<std::byte>(litter));
    open(flow.tuning, segments.send(Direction::Original, kSyn), flow.memory);
    const auto meet = [&](Direction direction, uint8_t flags) {
        return flow.meet(direction, segments.send(direction, flags));
    };
    meet(Direction::Reply, kSyn | kAck);
    meet(Direction::Original, kAck);
    meet(Direction::Original, kRst);
    CHECK(flow.state.state == TcpState::Close);
    CHECK(meet(Direction::Original, kSyn).action == Action::Reopen);
}

TEST_CASE("udp-lite: a stream from the packet after its first reply", "[conntrack][udp]") {
    const Segment lite{Protocol::UdpLite, 0, 0};
    Flow flow(lite);
    flow.tuning.udp_lite = Duration::seconds(7);
    flow.tuning.udp_lite_stream = Duration::seconds(9);
    CHECK(opened_by(lite, Tuning{}).timeout == Duration::seconds(30));
    CHECK(opened_by(lite, flow.tuning).timeout == Duration::seconds(7));
    CHECK(flow.meet(Direction::Reply, lite).timeout == Duration::seconds(7));
    const Verdict stream = flow.meet(Direction::Reply, lite);
    CHECK(stream.timeout == Duration::seconds(9));
    CHECK(stream.status == (kSeenReply | kAssured));
}

TEST_CASE("gre: a tunnel is a stream from the packet after its first reply", "[conntrack][gre]") {
    const Segment gre{Protocol::Gre, 0, 0};
    CHECK(opened_by(gre, Tuning{}).timeout == Duration::seconds(30));
    Flow flow(gre);
    CHECK(flow.meet(Direction::Original, gre).timeout == Duration::seconds(30));
    const Verdict reply = flow.meet(Direction::Reply, gre);
    CHECK(reply.timeout == Duration::seconds(30));
    CHECK(reply.status == kSeenReply);
    const Verdict next = flow.meet(Direction::Original, gre);
    CHECK(next.timeout == Duration::seconds(180));
    CHECK(next.status == (kSeenReply | kAssured));
}

TEST_CASE("gre: a call that a control connection has foretold lasts longer", "[conntrack][gre]") {
    const Segment gre{Protocol::Gre, 0, 0};
    const Tuning tuning;
    const auto meet = [&](uint8_t status) {
        alignas(64) TrackerBytes memory{};
        return track(tuning, {{}, status, {}, {}}, Direction::Original, gre, memory);
    };
    CHECK(meet(kRelated).timeout == Duration::seconds(600));
    const Verdict stream = meet(kRelated | kSeenReply);
    CHECK(stream.timeout == Duration::seconds(18'000));
    CHECK(stream.status == (kRelated | kSeenReply | kAssured));
}

TEST_CASE("generic: every packet prolongs the flow, none assures it", "[conntrack]") {
    const Segment esp{Protocol{50}, 0, 0};
    const Verdict opened = opened_by(esp, Tuning{});
    CHECK(opened.action == Action::Pass);
    CHECK(opened.timeout == Duration::seconds(600));
    Flow flow(esp);
    flow.tuning.generic = Duration::seconds(8);
    for (const int age : {0, 1, 5, 100}) {
        const auto direction = age % 2 == 0 ? Direction::Original : Direction::Reply;
        const Verdict verdict = flow.meet(direction, esp, Duration::seconds(age));
        CHECK(verdict.action == Action::Pass);
        CHECK(verdict.refresh);
        CHECK(verdict.timeout == Duration::seconds(8));
        CHECK((verdict.status & kAssured) == 0);
    }
    CHECK(flow.state.status == kSeenReply);
}

}  // namespace tracker_test
