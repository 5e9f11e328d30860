// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --tcp-strict: what who does not see a connection could have sent ends it no more.

#include "catch.h"
#include "conntrack/status.h"
#include "tcp_connection.h"

#include <utility>

namespace tcp_strict_test {

using namespace sluice;
using namespace sluice::conntrack;
using namespace sluice::test;
using enum TcpState;
using stats::Drop;

namespace {

constexpr Tuning kStrict{.tcp_strict = true};

/// What each end says next, once it has been spoken to.
const Segments kExchange = {{kReply, kAck}, {kOriginal, kAck}};

Segment shifted(Connection& tcp, net::Direction direction, uint8_t flags, int32_t by) {
    Segment segment = tcp.next(direction, flags);
    segment.seq += static_cast<uint32_t>(by);
    return segment;
}

}  // namespace

TEST_CASE("tcp strict: a RST answers a SYN only by acknowledging it", "[conntrack][tcp][rfc9293]") {
    Connection loose = after(kSent);
    loose.meet(kReply, kRst);
    CHECK(loose.last.action == Action::Delete);

    Connection tcp = after(kSent, kStrict);
    tcp.meet(kReply, tcp.next(kReply, kRst));
    CHECK(tcp.last.action == Action::Refuse);
    CHECK(tcp.last.reason == Drop::InvalidRst);
    Segment wrong = tcp.next(kReply, kRst | kAck);
    wrong.ack += 1;
    tcp.meet(kReply, wrong);
    CHECK(tcp.last.reason == Drop::InvalidRst);
    CHECK(tcp.flow.state == SynSent);
    Segment right = tcp.next(kReply, kRst | kAck);
    right.seq = 0;
    tcp.meet(kReply, right);
    CHECK(tcp.flow.state == Close);
}

TEST_CASE("tcp strict: a refused attempt keeps its port for a while, its host may try again",
          "[conntrack][tcp]") {
    Connection tcp = after(kSent, kStrict);
    tcp.meet(kReply, tcp.next(kReply, kRst | kAck));
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == Close);
    CHECK(tcp.timeout == kStrict.tcp[Close]);
    tcp.original(kSyn);
    CHECK(tcp.last.action == Action::Pass);
    tcp.reply(kSynAck);
    tcp.original(kAck);
    CHECK(tcp.flow.state == Established);
}

TEST_CASE("tcp strict: of a connection that stands only an exact RST is believed",
          "[conntrack][tcp][rfc5961]") {
    // In SYN_RECV the server has been offered no window that is more than its SYN.
    const std::pair<Segments, net::Direction> rows[] = {{kAnswered, kOriginal},
                                                        {kHandshake, kOriginal},
                                                        {kHandshake, kReply},
                                                        {kHandshake + kExchange, kOriginal},
                                                        {kHandshake + kExchange, kReply}};
    const auto& [course, direction] = rows[GENERATE(0u, 1u, 2u, 3u, 4u)];
    CAPTURE(course.size());
    Connection tcp = after(course, kStrict);
    const TcpState before = tcp.flow.state.tcp();
    const Duration left = tcp.timeout;
    tcp.meet(direction, shifted(tcp, direction, kRst, 100));
    CHECK(tcp.last.action == Action::Refuse);
    CHECK(tcp.last.reason == Drop::RstChallenged);  // its sender is asked back
    CHECK(tcp.flow.state == before);
    CHECK(tcp.timeout == left);
    tcp.meet(direction, shifted(tcp, direction, kRst, 1'000'000));
    CHECK(tcp.last.reason == Drop::InvalidWindowAbove);
    tcp.meet(direction, shifted(tcp, direction, kRst, 0));
    CHECK(tcp.flow.state == Close);

    Connection loose = after(course);
    loose.meet(direction, shifted(loose, direction, kRst, 100));
    // Linux asks back too where data has gone both ways, but gives the connection ten seconds.
    CHECK(loose.timeout == loose.tuning.tcp[Close]);
}

TEST_CASE("tcp strict: an old RST at a connection that stands is refused", "[conntrack][tcp]") {
    Connection tcp = after(kHandshake + kExchange, kStrict);
    tcp.meet(kReply, shifted(tcp, kReply, kRst, -1));
    CHECK(tcp.last.reason == Drop::InvalidRst);
    CHECK(tcp.flow.state == Established);

    Connection ignoring =
        after(kHandshake + kExchange, {.tcp_ignore_invalid_rst = true, .tcp_strict = true});
    ignoring.meet(kReply, shifted(ignoring, kReply, kRst, -1));
    CHECK(ignoring.last.reason == Drop::RstChallenged);
    CHECK(ignoring.flow.state == Established);
}

TEST_CASE("tcp strict: a RST that answers a SYN which was let through is believed",
          "[conntrack][tcp][rfc9293]") {
    Connection tcp = after(kHandshake + kExchange, kStrict);
    const Segment syn = shifted(tcp, kOriginal, kSyn, 5'000'000);  // its host has begun anew
    tcp.meet(kOriginal, syn);
    Segment rst = tcp.next(kReply, kRst | kAck);
    rst.seq = 0;
    rst.ack = syn.seq + 2;
    tcp.meet(kReply, rst);
    CHECK(tcp.flow.state == Established);
    rst.ack = syn.seq + 1;
    tcp.meet(kReply, rst);
    CHECK(tcp.flow.state == Close);
}

TEST_CASE("tcp strict: of a connection that was picked up a RST is believed as by Linux",
          "[conntrack][tcp]") {
    const Segments course = {{kOriginal, kAck}, {kReply, kAck}};
    Connection tcp = after(course, kStrict);
    tcp.meet(kReply, shifted(tcp, kReply, kRst, 100));
    Connection loose = after(course);
    loose.meet(kReply, shifted(loose, kReply, kRst, 100));
    CHECK(tcp.flow.state == loose.flow.state);
    CHECK(tcp.timeout == loose.timeout);
}

TEST_CASE("tcp strict: a bare SYN does not answer a SYN, the server still does",
          "[conntrack][tcp]") {
    Connection tcp = after(kSent, kStrict);
    tcp.meet(kReply, tcp.next(kReply, kSyn));
    CHECK(tcp.last.action == Action::Refuse);
    CHECK(tcp.last.reason == Drop::InvalidTransition);
    tcp.reply(kSynAck);
    tcp.original(kAck);
    CHECK(tcp.flow.state == Established);
}

TEST_CASE("tcp strict: a forged ACK before them makes neither RST nor SYN an answer",
          "[conntrack][tcp]") {
    const uint8_t flags = GENERATE(kRst, kSyn);
    Connection tcp = after(kSent, kStrict);
    Segment forged = tcp.next(kReply, kAck);
    forged.seq = forged.ack = 12345;
    tcp.meet(kReply, forged);
    Segment blind = tcp.next(kReply, flags);
    blind.seq = forged.ack;
    tcp.meet(kReply, blind);
    CHECK(tcp.last.action == Action::Refuse);
    CHECK(tcp.flow.state == SynSent);
    tcp.reply(kSynAck);
    tcp.original(kAck);
    CHECK(tcp.flow.state == Established);
}

TEST_CASE("tcp strict: of a connection that closes only an exact RST is believed",
          "[conntrack][tcp][rfc5961]") {
    const Segments& course = GENERATE(kHalfClosed, kBothClosed, kFinished);
    const auto direction = GENERATE(kOriginal, kReply);
    Connection loose =
        after(kHandshake + Segments{{kReply, kAck}} + Segments(course.begin() + 3, course.end()));
    loose.meet(direction, shifted(loose, direction, kRst, 100));
    CHECK(loose.flow.state == Close);

    Connection tcp =
        after(kHandshake + Segments{{kReply, kAck}} + Segments(course.begin() + 3, course.end()),
              kStrict);
    const TcpState before = tcp.flow.state.tcp();
    tcp.meet(direction, shifted(tcp, direction, kRst, 100));
    CHECK(tcp.last.action == Action::Refuse);
    CHECK(tcp.last.reason == Drop::RstChallenged);  // its sender is asked back
    CHECK(tcp.flow.state == before);
    tcp.meet(direction, shifted(tcp, direction, kRst, 0));
    CHECK(tcp.flow.state == Close);
}

TEST_CASE("tcp strict: the server opens nothing anew, the client does", "[conntrack][tcp]") {
    Connection loose = after(kFinished);
    loose.meet(kReply, shifted(loose, kReply, kSyn, 100'000));
    CHECK(loose.last.action == Action::Reopen);

    Connection tcp = after(kFinished, kStrict);
    tcp.meet(kReply, shifted(tcp, kReply, kSyn, 100'000));
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == TimeWait);
    tcp.meet(kOriginal, shifted(tcp, kOriginal, kSyn, 100'000));
    CHECK(tcp.last.action == Action::Reopen);
}

TEST_CASE(
    "tcp strict: the sender of a RST is asked by where its receiver stands, and who means it "
    "answers exactly",
    "[conntrack][tcp][rfc5961]") {
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp = after(kHandshake + kExchange, kStrict);
    tcp.meet(opposite(direction), tcp.peers.send(opposite(direction), kAck, 300));
    const auto before = tcp.peers.peers;
    tcp.meet(direction, shifted(tcp, direction, kRst, 100));
    REQUIRE(tcp.last.reason == Drop::RstChallenged);

    const Question question = question_to(tcp.tracker(), direction);
    CHECK(question.seq == before[index(opposite(direction))].next);
    CHECK(question.ack == before[index(direction)].next);
    CHECK(question.window == 8192);
    Segment answer{net::Protocol::Tcp, kRst,
                   0};  // RFC 9293 §3.10.7.1: at what the ACK acknowledges
    answer.seq = question.ack;
    tcp.meet(direction, answer);
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == Close);
}

TEST_CASE("tcp strict: who is asked back is told of a window in its asker's scale",
          "[conntrack][tcp][rfc7323]") {
    Connection tcp = after(kHandshake, kStrict);
    TcpTracker tracker = tcp.tracker();
    tracker.ends[index(kOriginal)].scale = 7;
    tracker.ends[index(kReply)].max_end = tracker.ends[index(kOriginal)].max_ack + (1 << 20);
    CHECK(question_to(tracker, kReply).window == (1 << 20) >> 7);
    tracker.ends[index(kOriginal)].scale = 0;
    CHECK(question_to(tracker, kReply).window == UINT16_MAX);
}

TEST_CASE("tcp strict: a RST whose connection is not known well enough to ask goes on",
          "[conntrack][tcp]") {
    const Segments course = {{kOriginal, kAck}, {kReply, kAck}, {kOriginal, kFinAck}};
    Connection tcp = after(course, kStrict);  // picked up midway, and closing
    tcp.meet(kReply, shifted(tcp, kReply, kRst, 100));
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == FinWait);
}

TEST_CASE("tcp tracker: a connection that a RST ends lasts --reset-hold longer, by choice",
          "[conntrack][tcp]") {
    Tuning holding;
    holding.tcp_reset_hold = Duration::seconds(60);
    Connection refused = after(kSent, holding);
    refused.meet(kReply, kRst | kAck);
    CHECK(refused.last.action == Action::Pass);
    CHECK(refused.flow.state == Close);
    CHECK(refused.timeout == holding.tcp_reset_hold);

    Connection ended = after(kHandshake + kExchange, holding);
    ended.meet(kReply, kRst);
    CHECK(ended.flow.state == Close);
    CHECK(ended.timeout == holding.tcp_reset_hold);

    holding.tcp_reset_hold = Duration::seconds(5);  // no shorter than without it
    Connection shortly = after(kHandshake + kExchange, holding);
    shortly.meet(kReply, kRst);
    CHECK(shortly.timeout == holding.tcp[Close]);
}

TEST_CASE("tcp tracker: what comes after the RST does not make --reset-hold longer",
          "[conntrack][tcp]") {
    const int seconds = GENERATE(0, 60);
    const uint8_t flags = GENERATE(kRst, kAck, kFinAck);
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp = after(kHandshake + kExchange, {.tcp_reset_hold = Duration::seconds(seconds)});
    tcp.meet(kReply, kRst);
    REQUIRE(tcp.flow.state == Close);
    REQUIRE(tcp.last.refresh);
    tcp.meet(direction, flags);
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == Close);
    CHECK(tcp.last.refresh == (seconds == 0));  // without it as Linux
}

}  // namespace tcp_strict_test
