// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_tracker.h"

#include "catch.h"
#include "conntrack/status.h"
#include "tcp_connection.h"

namespace tcp_tracker_test {

using namespace sluice;
using namespace sluice::conntrack;
using namespace sluice::test;
using enum TcpState;
using net::Direction;
using stats::Drop;

namespace {

constexpr Duration kDay = Duration::seconds(24 * 3600);

Segment opener(uint8_t tcp_flags) {
    return TcpPeers().send(kOriginal, tcp_flags);
}

Verdict opened_by(const Segment& first, const Tuning& tuning) {
    TcpTracker tracker;
    return open_tcp(tuning, first, tracker);
}

TcpTracker tracker_of(const Segment& first) {
    TcpTracker tracker;
    open_tcp({}, first, tracker);
    return tracker;
}

struct Expected {
    TcpState state;
    Duration timeout;
};

/// Passed, moved or stayed, and lives on for this long.
void check(const Connection& tcp, const Expected& expected) {
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.last.refresh);
    CHECK(tcp.flow.state == expected.state);
    CHECK(tcp.timeout == expected.timeout);
}

/// Passed, and changed neither state nor timeout.
void check_ignored(const Connection& tcp, TcpState state) {
    CHECK(tcp.last.action == Action::Pass);
    CHECK_FALSE(tcp.last.refresh);
    CHECK(tcp.flow.state == state);
}

void check_refused(const Connection& tcp, TcpState state, Drop reason) {
    CHECK(tcp.last.action == Action::Refuse);
    CHECK(tcp.last.reason == reason);
    CHECK_FALSE(tcp.last.refresh);
    CHECK(tcp.flow.state == state);
}

}  // namespace

TEST_CASE("tcp tracker: only SYN, and a loose ACK, open a flow", "[conntrack][tcp]") {
    struct Case {
        uint8_t flags;
        Drop reason;
    };
    const auto [flags, reason] = GENERATE(
        Case{kSynAck, Drop::InvalidUntrackedSynAck}, Case{kFinAck, Drop::InvalidUntrackedFin},
        Case{kFinAck | kUrg, Drop::InvalidUntrackedFin}, Case{kRst, Drop::InvalidUntrackedRst},
        Case{kRst | kAck, Drop::InvalidUntrackedRst}, Case{0, Drop::InvalidFlags},
        Case{kFin, Drop::InvalidFlags}, Case{kFin | kPsh | kUrg, Drop::InvalidFlags},
        Case{kSyn | kFin, Drop::InvalidFlags}, Case{kSyn | kRst, Drop::InvalidFlags});
    CAPTURE(int(flags));
    const Verdict verdict = opened_by(opener(flags), Tuning{});
    CHECK(verdict.action == Action::Refuse);
    CHECK(verdict.reason == reason);
    CHECK_FALSE(verdict.refresh);
}

TEST_CASE("tcp tracker: a SYN opens a flow, whatever PSH, ECE and CWR say", "[conntrack][tcp]") {
    const auto more = GENERATE(0, kUrg, kPsh, kEce | kCwr);
    check(Connection(static_cast<uint8_t>(kSyn | more)), {SynSent, Duration::seconds(120)});
}

TEST_CASE("tcp tracker: what opened the flow is its last segment", "[conntrack][tcp]") {
    CHECK(tracker_of(opener(kSyn | kEce)).last_segment == SegmentClass::Syn);
    CHECK(tracker_of(opener(kAck | kPsh)).last_segment == SegmentClass::Ack);
    CHECK(tracker_of(opener(kSyn)).last_direction == kOriginal);
}

TEST_CASE("tcp tracker: an ACK opens a flow only where tcp_loose is set", "[conntrack][tcp]") {
    Tuning tuning;
    CHECK(opened_by(opener(kAck), tuning).action == Action::Pass);
    tuning.tcp_loose = false;
    const Verdict verdict = opened_by(opener(kAck), tuning);
    CHECK(verdict.action == Action::Refuse);
    CHECK(verdict.reason == Drop::InvalidUntrackedAck);
    CHECK(opened_by(opener(kSyn), tuning).action == Action::Pass);
}

TEST_CASE("tcp tracker: a connection opens, closes and ends in TIME_WAIT", "[conntrack][tcp]") {
    Connection tcp(kSyn);
    check(tcp, {SynSent, Duration::seconds(120)});
    CHECK(tcp.flow.status == 0);
    tcp.reply(kSynAck);
    check(tcp, {SynRecv, Duration::seconds(60)});
    CHECK(tcp.flow.status == kSeenReply);
    tcp.original(kAck);
    check(tcp, {Established, Duration::seconds(5 * 24 * 3600)});
    CHECK(tcp.flow.status == (kSeenReply | kAssured));

    // Either end may close first.
    const auto first = GENERATE(kOriginal, kReply);
    tcp.meet(first, kFinAck);
    check(tcp, {FinWait, Duration::seconds(120)});
    tcp.meet(opposite(first), kAck);
    check(tcp, {CloseWait, Duration::seconds(60)});
    tcp.meet(opposite(first), kFinAck);
    check(tcp, {LastAck, Duration::seconds(30)});
    tcp.meet(first, kAck);
    check(tcp, {TimeWait, Duration::seconds(120)});
    CHECK(tcp.flow.status == (kSeenReply | kAssured));
}

TEST_CASE("tcp tracker: a RST leaves ten seconds", "[conntrack][tcp]") {
    const auto segments = GENERATE(kHandshake, kHalfClosed, kBothClosed, kFinished);
    const auto direction = GENERATE(kOriginal, kReply);
    const auto flags = GENERATE(kRst, kRst | kAck);
    Connection tcp = after(segments);
    tcp.meet(direction, static_cast<uint8_t>(flags));
    check(tcp, {Close, Duration::seconds(10)});
    tcp.meet(opposite(direction), kAck);  // in flight behind it
    check(tcp, {Close, Duration::seconds(10)});
}

TEST_CASE("tcp tracker: each state has the timeout that the tuning gives it", "[conntrack][tcp]") {
    Connection tcp(kSyn);
    for (size_t i = 0; i < kTcpStateCount; ++i)
        tcp.tuning.tcp.values[i] = Duration::seconds(1000 + static_cast<int>(i));
    tcp.tuning.tcp_unacknowledged = tcp.tuning.tcp_max_retrans_timeout = kDay;
    for (const auto& [direction, flags] : Segments{{kReply, kSynAck},
                                                   {kOriginal, kAck},
                                                   {kOriginal, kFinAck},
                                                   {kReply, kAck},
                                                   {kReply, kFinAck},
                                                   {kOriginal, kAck},
                                                   {kReply, kRst}}) {
        tcp.meet(direction, flags);
        check(tcp, {tcp.flow.state.tcp(),
                    Duration::seconds(1000 + static_cast<int>(index(tcp.flow.state.tcp())))});
    }
    CHECK(tcp.flow.state == Close);
}

TEST_CASE("tcp tracker: a RST before any reply ends the flow at once", "[conntrack][tcp]") {
    const auto opener = GENERATE(kSyn, kAck);
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp(static_cast<uint8_t>(opener));
    const int flags = direction == kReply ? kRst | kAck : kRst;
    CHECK(tcp.meet(direction, static_cast<uint8_t>(flags)).action == Action::Delete);
}

TEST_CASE("tcp tracker: a SYN sent again does not prolong a flow without reply",
          "[conntrack][tcp]") {
    Connection tcp = after(kSent);
    tcp.original(kSyn);
    check_ignored(tcp, SynSent);

    tcp.reply(kAck);  // of an older connection: passes, and counts as a reply
    check_ignored(tcp, SynSent);
    CHECK(tcp.flow.status == kSeenReply);
    tcp.original(kSyn);
    check(tcp, {SynSent, Duration::seconds(120)});
}

TEST_CASE("tcp tracker: a connection picked up is held back until both ends spoke",
          "[conntrack][tcp]") {
    Connection tcp(kAck);
    check(tcp, {Established, Duration::seconds(300)});
    tcp.original(kAck);
    check(tcp, {Established, Duration::seconds(300)});
    tcp.reply(kAck);
    check(tcp, {Established, Duration::seconds(300)});
    CHECK(tcp.flow.status == kSeenReply);

    tcp.meet(GENERATE(kOriginal, kReply), kAck);
    check(tcp, {Established, Duration::seconds(5 * 24 * 3600)});
    CHECK(tcp.flow.status == (kSeenReply | kAssured));
}

TEST_CASE("tcp tracker: tcp_unacknowledged caps, it does not prolong", "[conntrack][tcp]") {
    Tuning tuning;
    tuning.tcp[Established] = Duration::seconds(100);
    CHECK(opened_by(opener(kAck), tuning).timeout == Duration::seconds(100));
    tuning.tcp[Established] = kDay;
    tuning.tcp_unacknowledged = Duration::seconds(200);
    CHECK(opened_by(opener(kAck), tuning).timeout == Duration::seconds(200));
}

TEST_CASE("tcp tracker: illegal flags are refused and change nothing", "[conntrack][tcp]") {
    const auto direction = GENERATE(kOriginal, kReply);
    const auto flags = GENERATE(0, kFin, kPsh, kSyn | kFin, kFin | kRst | kAck);
    Connection tcp = after(kSent);
    tcp.meet(direction, static_cast<uint8_t>(flags));
    check_refused(tcp, SynSent, Drop::InvalidFlags);
    CHECK(tcp.flow.status == 0);
}

TEST_CASE("tcp tracker: a refused reply is no reply", "[conntrack][tcp]") {
    Connection tcp = after(kSent);
    tcp.reply(kFinAck);
    check_refused(tcp, SynSent, Drop::InvalidTransition);
    CHECK(tcp.flow.status == 0);
}

TEST_CASE("tcp tracker: a refused segment is forgotten", "[conntrack][tcp]") {
    Connection tcp = after(kHandshake);
    tcp.original(kSyn);
    tcp.reply(kSyn);
    check_refused(tcp, Established, Drop::InvalidTransition);
    tcp.reply(kSynAck);  // still answers the SYN
    check(tcp, {SynRecv, Duration::seconds(60)});
}

TEST_CASE("tcp tracker: a SYN after an orderly close begins a new flow", "[conntrack][tcp]") {
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp = after(kFinished);
    CHECK(tcp.meet(direction, kSyn).action == Action::Reopen);
}

TEST_CASE("tcp tracker: a SYN after a RST begins a new flow for who sent the RST",
          "[conntrack][tcp]") {
    Connection tcp = after(kHandshake);
    SECTION("the client reset, and calls again") {
        tcp.original(kRst);
        CHECK(tcp.original(kSyn).action == Action::Reopen);
    }
    SECTION("the server reset: the client's SYN must show what it is worth") {
        tcp.reply(kRst);
        tcp.original(kSyn);
        check_ignored(tcp, Close);
        tcp.reply(kSynAck);
        check(tcp, {SynRecv, Duration::seconds(60)});
        tcp.original(kAck);
        check(tcp, {Established, Duration::seconds(5 * 24 * 3600)});
    }
    SECTION("the client reset, but something of the server came after it") {
        tcp.original(kRst);
        tcp.reply(kAck);
        tcp.original(kSyn);
        check_ignored(tcp, Close);
    }
    SECTION("either, when a FIN had been seen before") {
        tcp.reply(kFinAck);
        tcp.reply(kRst);
        CHECK(tcp.original(kSyn).action == Action::Reopen);
    }
}

TEST_CASE("tcp tracker: a SYN/ACK that answers an ignored SYN puts the flow in step",
          "[conntrack][tcp]") {
    const auto segments = GENERATE(kAnswered, kHandshake, kHalfClosed, kBothClosed);
    Connection tcp = after(segments);
    const TcpState before = tcp.flow.state.tcp();

    tcp.reply(kSynAck);  // answers nothing that we know of
    check_ignored(tcp, before);
    tcp.original(kSyn);
    check_ignored(tcp, before);
    tcp.reply(kSynAck);
    check(tcp, {SynRecv, Duration::seconds(60)});

    // The close of the connection before it is forgotten.
    tcp.original(kAck);
    tcp.reply(kRst);
    tcp.original(kSyn);
    check_ignored(tcp, Close);
}

TEST_CASE("tcp tracker: a challenge ACK does not acknowledge the last FIN",
          "[conntrack][tcp][rfc5961]") {
    // Out of nowhere: the ends go on as if it had not been.
    const auto stray_syn = [](Connection& tcp) {
        const TcpPeers before = tcp.peers;
        const TcpState state = tcp.flow.state.tcp();
        tcp.original(kSyn);
        check_ignored(tcp, state);
        tcp.peers = before;
    };
    Connection tcp = after(kBothClosed);
    SECTION("the ACK that answers a SYN") {
        stray_syn(tcp);
        tcp.reply(kAck);
        check_ignored(tcp, LastAck);
        tcp.reply(kAck);
        check(tcp, {TimeWait, Duration::seconds(120)});
    }
    SECTION("not the ACK of who sent the SYN") {
        stray_syn(tcp);
        tcp.original(kAck);
        check(tcp, {TimeWait, Duration::seconds(120)});
    }
    SECTION("not the ACK that answers a SYN from before LAST_ACK") {
        Connection early = after(kHalfClosed);
        stray_syn(early);
        early.reply(kFinAck);
        early.reply(kAck);
        check(early, {TimeWait, Duration::seconds(120)});
    }
}

TEST_CASE("tcp tracker: both ends may open at once", "[conntrack][tcp][rfc9293]") {
    Connection tcp = after(kSent);
    tcp.reply(kSyn);
    check_ignored(tcp, SynSent2);  // moved, but not prolonged
    CHECK(tcp.flow.status == kSeenReply);

    SECTION("the reply's ACK completes the handshake") {
        tcp.original(kSynAck);
        check(tcp, {SynRecv, Duration::seconds(60)});
        tcp.reply(kAck);
        check(tcp, {Established, Duration::seconds(5 * 24 * 3600)});
        CHECK(tcp.flow.status == (kSeenReply | kAssured));
    }
    SECTION("the original's ACK does too") {
        tcp.reply(kSynAck);
        check(tcp, {SynRecv, Duration::seconds(60)});
        tcp.original(kAck);
        check(tcp, {Established, Duration::seconds(5 * 24 * 3600)});
    }
    SECTION("an ACK alone is too early") {
        tcp.reply(kAck);
        check_ignored(tcp, SynSent2);
        tcp.original(kAck);
        check_refused(tcp, SynSent2, Drop::InvalidTransition);
    }
    SECTION("SYNs sent again are in order") {
        tcp.reply(kSyn);
        check(tcp, {SynSent2, Duration::seconds(120)});
        tcp.original(kSyn);
        check(tcp, {SynSent2, Duration::seconds(120)});
    }
}

TEST_CASE("tcp tracker: without a second SYN, the reply's ACK completes nothing",
          "[conntrack][tcp]") {
    Connection tcp = after(kAnswered);
    tcp.reply(kAck);
    check(tcp, {SynRecv, Duration::seconds(60)});
    CHECK(tcp.flow.status == kSeenReply);
}

}  // namespace tcp_tracker_test
