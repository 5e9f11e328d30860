// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Which RSTs end a flow: they are how a connection is attacked, and also how it dies most often.

#include "catch.h"
#include "conntrack/status.h"
#include "tcp_connection.h"

namespace tcp_rst_test {

using namespace sluice;
using namespace sluice::conntrack;
using namespace sluice::test;
using enum TcpState;
using stats::Drop;

namespace {

constexpr Duration kCloseTimeout = Duration::seconds(10);

/// A RST of the end that sends in `direction`, `by` from where the other expects it.
Segment rst(Connection& tcp, net::Direction direction, int32_t by) {
    Segment segment = tcp.next(direction, kRst);
    segment.seq += static_cast<uint32_t>(by);
    return segment;
}

/// Both ends have acknowledged, so that a RST of either has a place where it is due.
Connection settled() {
    return after(kHandshake + Segments{{kReply, kAck}});
}

}  // namespace

TEST_CASE("tcp rst: the exact number closes", "[conntrack][tcp][rfc5961]") {
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp = settled();
    tcp.meet(direction, rst(tcp, direction, 0));
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == Close);
    CHECK(tcp.timeout == kCloseTimeout);
}

TEST_CASE("tcp rst: within the window it passes, keeps the state and leaves ten seconds",
          "[conntrack][tcp][rfc5961]") {
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp = settled();
    tcp.meet(direction, rst(tcp, direction, GENERATE(1, 1000, 8192)));
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == Established);
    CHECK(tcp.timeout == kCloseTimeout);
    tcp.meet(opposite(direction), kAck);  // the challenge ACK
    CHECK(tcp.timeout > kCloseTimeout);
}

TEST_CASE("tcp rst: from before the last ACK it is refused", "[conntrack][tcp]") {
    const bool ignore = GENERATE(false, true);
    const bool liberal = GENERATE(false, true);
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp = settled();
    tcp.tuning.tcp_ignore_invalid_rst = ignore;
    tcp.tuning.tcp_be_liberal = liberal;
    tcp.meet(direction, rst(tcp, direction, -1));
    CHECK(tcp.flow.state == Established);
    if (ignore) {
        CHECK(tcp.last.action == Action::Pass);
        CHECK(tcp.timeout == kCloseTimeout);
    } else {
        CHECK(tcp.last.action == Action::Refuse);
        CHECK(tcp.last.reason == Drop::InvalidRst);
        CHECK_FALSE(tcp.last.refresh);
    }
}

TEST_CASE("tcp rst: beyond the window it is refused, unless liberal", "[conntrack][tcp]") {
    Connection tcp = settled();
    tcp.meet(kReply, rst(tcp, kReply, 100'000));
    CHECK(tcp.last.reason == Drop::InvalidWindowAbove);
    tcp.tuning.tcp_be_liberal = true;
    tcp.meet(kReply, rst(tcp, kReply, 100'000));
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == Established);
}

TEST_CASE("tcp rst: right behind data of its own end it closes", "[conntrack][tcp]") {
    Connection tcp = settled();
    SECTION("not acknowledged yet") {
        tcp.meet(kReply, tcp.peers.send(kReply, kAck, 19));
        tcp.meet(kReply, rst(tcp, kReply, 0));
        CHECK(tcp.flow.state == Close);
    }
    SECTION("but not with a gap") {
        tcp.meet(kReply, tcp.peers.send(kReply, kAck, 19));
        tcp.meet(kReply, rst(tcp, kReply, 1));
        CHECK(tcp.flow.state == Established);
    }
    SECTION("nor when the other end has spoken since") {
        tcp.meet(kReply, tcp.peers.send(kReply, kAck, 19));
        Segment old = tcp.next(kOriginal, kAck);
        old.ack -= 19;
        tcp.meet(kOriginal, old);
        tcp.meet(kReply, rst(tcp, kReply, 0));
        CHECK(tcp.flow.state == Established);
    }
}

TEST_CASE("tcp rst: a flow that closes takes any", "[conntrack][tcp]") {
    const auto segments = GENERATE(kHalfClosed, kBothClosed, kFinished);
    Connection tcp = after(segments);
    tcp.meet(kReply, rst(tcp, kReply, GENERATE(-100'000, 100'000)));
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == Close);
}

TEST_CASE("tcp rst: before the handshake is done, its number is not asked for exactly",
          "[conntrack][tcp]") {
    Connection tcp = after(kAnswered);
    tcp.meet(kOriginal, rst(tcp, kOriginal, 100));
    CHECK(tcp.flow.state == Close);
}

TEST_CASE("tcp rst: what answers an ignored SYN closes, whatever its number", "[conntrack][tcp]") {
    Connection tcp = settled();
    tcp.original(kFinAck);
    tcp = settled();
    Segment syn = tcp.next(kOriginal, kSyn);
    syn.seq += 1'000'000;
    tcp.meet(kOriginal, syn);
    REQUIRE_FALSE(tcp.last.refresh);

    Segment answer = rst(tcp, kReply, 3'000'000);
    answer.tcp_flags |= kAck;
    answer.ack = syn.seq + 1;
    SECTION("from the other end") {
        tcp.meet(kReply, answer);
        CHECK(tcp.flow.state == Close);
    }
    SECTION("not when it acknowledges another") {
        ++answer.ack;
        tcp.meet(kReply, answer);
        CHECK(tcp.last.action == Action::Refuse);
    }
    SECTION("not from the end that sent the SYN") {
        tcp.meet(kOriginal, answer);
        CHECK(tcp.last.action == Action::Refuse);
    }
}

TEST_CASE("tcp rst: a caller may reset what sent it a challenge ACK", "[conntrack][tcp][rfc5961]") {
    Connection tcp = after(kSent);
    Segment challenge = tcp.next(kReply, kAck);
    challenge.ack = 777'000;  // of the connection that the server still knows
    tcp.meet(kReply, challenge);
    REQUIRE(tcp.flow.state == SynSent);
    Segment answer = tcp.next(kOriginal, kRst);
    answer.seq = 777'000;
    tcp.meet(kOriginal, answer);
    CHECK(tcp.last.action == Action::Pass);
    CHECK(tcp.flow.state == Close);
}

TEST_CASE("tcp rst: when both ends in vain close an assured flow, it lives on for 300 s only",
          "[conntrack][tcp]") {
    const auto far = [](Connection& tcp, net::Direction direction, uint8_t flags) {
        Segment segment = tcp.next(direction, flags);
        segment.seq += 1'000'000;
        tcp.meet(direction, segment);
        REQUIRE(tcp.last.action == Action::Refuse);
    };
    const auto flags = GENERATE(int{kFinAck}, kRst | kAck);
    Connection tcp = settled();
    far(tcp, kOriginal, static_cast<uint8_t>(flags));
    CHECK_FALSE(tcp.last.refresh);

    SECTION("one end alone changes nothing") {
        far(tcp, kOriginal, kFinAck);
        CHECK_FALSE(tcp.last.refresh);
    }
    SECTION("the other's does") {
        far(tcp, kReply, static_cast<uint8_t>(flags));
        CHECK(tcp.last.refresh);
        CHECK(tcp.timeout == Duration::seconds(300));
        CHECK(tcp.flow.state == Established);
    }
    SECTION("not when data came in between") {
        tcp.reply(kAck);
        far(tcp, kReply, kFinAck);
        CHECK_FALSE(tcp.last.refresh);
    }
    SECTION("it never prolongs") {
        tcp.flow.remaining = Duration::seconds(GENERATE(1, 119, 120, 299, 300));
        far(tcp, kReply, kFinAck);
        CHECK_FALSE(tcp.last.refresh);
    }
    SECTION("nor does it shorten what is about to end") {
        tcp.tuning.tcp_unacknowledged = Duration::seconds(60);
        tcp.flow.remaining = Duration::seconds(119);
        far(tcp, kReply, kFinAck);
        CHECK_FALSE(tcp.last.refresh);
        far(tcp, kOriginal, kFinAck);
        tcp.flow.remaining = Duration::seconds(120);
        far(tcp, kReply, kFinAck);
        CHECK(tcp.timeout == Duration::seconds(60));
    }
}

}  // namespace tcp_rst_test
