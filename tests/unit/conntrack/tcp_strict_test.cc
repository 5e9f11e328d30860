// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --tcp-strict: what who does not see a connection could have sent ends it no more.

#include "catch.h"
#include "conntrack/status.h"
#include "tcp_connection.h"

using namespace sluice;
using namespace sluice::conntrack;
using namespace sluice::test;
using enum TcpState;
using stats::Drop;

namespace {

constexpr Tuning kStrict{.tcp_strict = true};

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
    CHECK(tcp.last.action == Action::Delete);
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
    CHECK(tcp.last.action == Action::Pass);  // its receiver asks back
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
