// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_window.h"

#include "catch.h"
#include "tcp_connection.h"

namespace tcp_window_test {

using namespace sluice;
using namespace sluice::conntrack;
using namespace sluice::test;
using enum TcpState;
using stats::Drop;

namespace {

constexpr uint32_t kWindow = 8192;  // of both ends, see TcpPeers
constexpr uint32_t kAckRange = 66000;

/// What a segment came to.
enum class Fate : uint8_t { Counted, Ignored, Above, Unsent, Other };

Fate fate(const Verdict& verdict) {
    if (verdict.action == Action::Pass)
        return verdict.refresh ? Fate::Counted : Fate::Ignored;
    if (verdict.reason == Drop::InvalidWindowAbove)
        return Fate::Above;
    return verdict.reason == Drop::InvalidAckUnsent ? Fate::Unsent : Fate::Other;
}

/// A handshake whose SYNs carry these options, from these numbers on.
Connection established(const conntrack::TcpOptions& call = {},
                       const conntrack::TcpOptions& answer = {}, const TcpPeers& peers = {}) {
    TcpPeers ends = peers;
    Segment syn = ends.send(kOriginal, kSyn);
    syn.options = call;
    Connection tcp(syn);
    tcp.peers = ends;
    Segment syn_ack = tcp.peers.send(kReply, kSynAck);
    syn_ack.options = answer;
    syn_ack.options.sack_edge = syn_ack.ack;
    tcp.meet(kReply, syn_ack);
    tcp.original(kAck);
    REQUIRE(tcp.flow.state == Established);
    return tcp;
}

conntrack::TcpOptions scale(uint8_t shift) {
    conntrack::TcpOptions options;
    options.are_present = options.window_scale_offered = true;
    options.window_scale = shift;
    return options;
}

conntrack::TcpOptions sack_permitted() {
    conntrack::TcpOptions options;
    options.are_present = options.sack_permitted = true;
    return options;
}

struct Shift {
    int64_t by;
    Fate fate;
};

Segment moved(Segment segment, int64_t seq, int64_t ack) {
    segment.seq += static_cast<uint32_t>(seq);
    segment.ack += static_cast<uint32_t>(ack);
    segment.options.sack_edge = segment.ack;
    return segment;
}

}  // namespace

TEST_CASE("tcp window: data may begin where the window ends, and be a window ahead of it",
          "[conntrack][tcp]") {
    const auto direction = GENERATE(kOriginal, kReply);
    const auto [by, expected] = GENERATE(
        Shift{0, Fate::Counted}, Shift{kWindow, Fate::Counted}, Shift{kWindow + 1, Fate::Ignored},
        Shift{2 * kWindow - 1, Fate::Ignored}, Shift{2 * kWindow, Fate::Above},
        Shift{1'000'000, Fate::Above}, Shift{0x7000'0000, Fate::Above});
    CAPTURE(by);
    Connection tcp = established();
    CHECK(fate(tcp.meet(direction, moved(tcp.next(direction, kAck), by, 0))) == expected);
    CHECK(tcp.flow.state == Established);
}

TEST_CASE("tcp window: where data ends does not matter, where it begins does", "[conntrack][tcp]") {
    Connection tcp = established();
    CHECK(fate(tcp.meet(kOriginal, tcp.next(kOriginal, kAck, 60000))) == Fate::Counted);
}

TEST_CASE("tcp window: what was sent ahead moves the sender's end, so that it may be acknowledged",
          "[conntrack][tcp]") {
    Connection tcp = established();
    const Segment ahead = moved(tcp.next(kOriginal, kAck, 100), kWindow + 1, 0);
    CHECK(fate(tcp.meet(kOriginal, ahead)) == Fate::Ignored);
    CHECK(fate(tcp.meet(kReply, moved(tcp.next(kReply, kAck), 0, kWindow + 101))) == Fate::Counted);
    CHECK(fate(tcp.meet(kReply, moved(tcp.next(kReply, kAck), 0, kWindow + 102))) == Fate::Unsent);
}

TEST_CASE("tcp window: old data passes without counting", "[conntrack][tcp]") {
    const auto direction = GENERATE(kOriginal, kReply);
    const auto [by, expected] =
        GENERATE(Shift{-1, Fate::Counted}, Shift{-kWindow, Fate::Counted},
                 Shift{-int64_t{kWindow} - 1, Fate::Ignored}, Shift{-1'000'000, Fate::Ignored});
    CAPTURE(by);
    Connection tcp = established();
    const int64_t shift = by < 0 ? by : by - (int64_t{1} << 32);
    CHECK(fate(tcp.meet(direction, moved(tcp.next(direction, kAck), shift, 0))) == expected);
}

TEST_CASE("tcp window: what was never sent is not acknowledged", "[conntrack][tcp]") {
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp = established();
    tcp.meet(opposite(direction), tcp.peers.send(opposite(direction), kAck, 500));
    const auto [by, expected] =
        GENERATE(Shift{0, Fate::Counted}, Shift{1, Fate::Unsent}, Shift{100'000, Fate::Unsent},
                 Shift{0x7fff'fff0, Fate::Unsent});
    CAPTURE(by);
    CHECK(fate(tcp.meet(direction, moved(tcp.next(direction, kAck), 0, by))) == expected);
}

TEST_CASE("tcp window: an ACK may be 66000 bytes late", "[conntrack][tcp]") {
    const auto [late, expected] =
        GENERATE(Shift{500, Fate::Counted}, Shift{kAckRange, Fate::Counted},
                 Shift{kAckRange + 1, Fate::Ignored}, Shift{1'000'000, Fate::Ignored});
    CAPTURE(late);
    Connection tcp = established();
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 0, -late))) == expected);
}

TEST_CASE("tcp window: the numbers may run round at any place", "[conntrack][tcp]") {
    const auto first = GENERATE(0xffff'fffeu, 0xffff'ffffu, 0x7fff'ffffu, 0xffff'f000u);
    Connection tcp = established({}, {}, TcpPeers{{{{first}, {first + 77}}}});
    for (int i = 0; i < 200; ++i) {
        const auto direction = i % 2 ? kReply : kOriginal;
        CAPTURE(first, i);
        CHECK(fate(tcp.meet(direction, tcp.peers.send(direction, kAck, 1000))) == Fate::Counted);
    }
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 3 * kWindow, 0))) ==
          Fate::Above);
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 0, 1))) == Fate::Unsent);
}

TEST_CASE("tcp window: windows are scaled only where both SYNs offer it", "[conntrack][tcp]") {
    struct Row {
        conntrack::TcpOptions call, answer;
        unsigned shift;  // of the server's window
    };
    const auto row = GENERATE(Row{scale(2), scale(7), 7}, Row{scale(0), scale(3), 3},
                              Row{scale(7), {}, 0}, Row{{}, scale(7), 0},
                              Row{scale(14), scale(15), 14}, Row{scale(14), scale(255), 14});
    Connection tcp = established(row.call, row.answer);
    tcp.reply(kAck);  // the window of a SYN/ACK is never scaled
    const int64_t window = int64_t{kWindow} << row.shift;
    CAPTURE(row.shift);
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 2 * window, 0))) ==
          Fate::Above);
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), window, 0))) == Fate::Counted);
}

TEST_CASE("tcp window: before its first ACK a server's window is that of its SYN/ACK",
          "[conntrack][tcp]") {
    Connection tcp = established(scale(7), scale(7));
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 2 * kWindow, 0))) ==
          Fate::Above);
}

TEST_CASE("tcp window: a SYN sent again without options takes back no offer", "[conntrack][tcp]") {
    TcpPeers peers;
    Segment syn = peers.send(kOriginal, kSyn);
    syn.options = scale(7);
    Connection tcp(syn);
    syn.options = {};
    ++syn.seq;
    tcp.meet(kOriginal, syn);
    CHECK(tcp.tracker().ends[0].scale == 7);
    syn.options = sack_permitted();
    ++syn.seq;
    tcp.meet(kOriginal, syn);
    CHECK(tcp.tracker().ends[0].scale == 0);
}

TEST_CASE("tcp window: where SACK is permitted, its edge is what is acknowledged",
          "[conntrack][tcp][sack]") {
    const bool permitted = GENERATE(true, false);
    const conntrack::TcpOptions options = permitted ? sack_permitted() : scale(0);
    Connection tcp = established(options, options);
    Segment segment = tcp.next(kOriginal, kAck);
    segment.options.are_present = true;
    segment.options.sack_edge = segment.ack + 1;
    CHECK(fate(tcp.meet(kOriginal, segment)) == (permitted ? Fate::Unsent : Fate::Counted));
}

TEST_CASE("tcp window: a larger window opens more room, a smaller takes none back",
          "[conntrack][tcp]") {
    Connection tcp = established();
    Segment update = tcp.next(kReply, kAck);
    update.window = 60000;
    tcp.meet(kReply, update);
    update.window = 100;
    tcp.meet(kReply, update);
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 60000, 0))) == Fate::Counted);
}

TEST_CASE("tcp window: a closed window has room for the probe", "[conntrack][tcp]") {
    TcpPeers peers;
    Connection tcp(peers.send(kOriginal, kSyn));
    tcp.peers = peers;
    Segment syn_ack = tcp.peers.send(kReply, kSynAck);
    syn_ack.window = 0;
    tcp.meet(kReply, syn_ack);
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 1, 0))) == Fate::Counted);
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 2, 0))) == Fate::Above);
}

TEST_CASE("tcp window: liberal, whatever is out of window passes and counts", "[conntrack][tcp]") {
    Tuning liberal;
    liberal.tcp_be_liberal = true;
    Connection tcp = after(kHandshake, liberal);
    const Segment next = tcp.next(kOriginal, kAck, 10);
    for (const int64_t by : {100'000, -100'000}) {
        CHECK(fate(tcp.meet(kOriginal, moved(next, by, 0))) == Fate::Counted);
        CHECK(fate(tcp.meet(kOriginal, moved(next, 0, by))) == Fate::Counted);
    }
    CHECK(tcp.tracker().ends[0].end == next.seq);  // nothing was learned
}

TEST_CASE("tcp window: a flow picked up mid-stream is liberal to both ends", "[conntrack][tcp]") {
    Connection tcp(kAck);
    tcp.reply(kAck);
    const auto direction = GENERATE(kOriginal, kReply);
    CHECK(fate(tcp.meet(direction, moved(tcp.next(direction, kAck), 1'000'000, 0))) ==
          Fate::Counted);
    CHECK(fate(tcp.meet(direction, moved(tcp.next(direction, kAck), 0, 1'000'000))) ==
          Fate::Counted);
}

TEST_CASE("tcp window: a new connection on the tuple makes a picked-up caller strict",
          "[conntrack][tcp]") {
    Connection tcp(kAck);
    tcp.reply(kAck);
    tcp.original(kSyn);
    tcp.reply(kSynAck);
    REQUIRE(tcp.flow.state == SynRecv);
    CHECK(fate(tcp.meet(kOriginal, moved(tcp.next(kOriginal, kAck), 1'000'000, 0))) == Fate::Above);
    CHECK(fate(tcp.meet(kReply, moved(tcp.next(kReply, kAck), 1'000'000, 0))) == Fate::Counted);
}

TEST_CASE("tcp window: both ends of a simultaneous open have windows", "[conntrack][tcp]") {
    Connection tcp(kSyn);
    tcp.reply(kSyn);
    tcp.original(kSynAck);
    tcp.reply(kAck);
    REQUIRE(tcp.flow.state == Established);
    const auto direction = GENERATE(kOriginal, kReply);
    CHECK(fate(tcp.meet(direction, moved(tcp.next(direction, kAck), 1'000'000, 0))) == Fate::Above);
    CHECK(fate(tcp.meet(direction, tcp.next(direction, kAck, 100))) == Fate::Counted);
}

TEST_CASE("tcp window: a SYN/ACK that acknowledges another SYN is ignored or refused",
          "[conntrack][tcp]") {
    Connection tcp(kSyn);
    const auto [by, expected] =
        GENERATE(Shift{1, Fate::Unsent}, Shift{-int64_t{kAckRange} - 1, Fate::Ignored});
    CHECK(fate(tcp.meet(kReply, moved(tcp.next(kReply, kSynAck), 0, by))) == expected);
    CHECK(tcp.flow.state == SynSent);
    tcp.reply(kSynAck);
    CHECK(tcp.flow.state == SynRecv);
}

TEST_CASE("tcp window: in flight is what was sent and is not acknowledged",
          "[conntrack][tcp][rfc5927]") {
    const auto sender = GENERATE(kOriginal, kReply);
    Connection tcp = after(kHandshake);
    tcp.meet(opposite(sender), tcp.peers.send(opposite(sender), kAck, 10));
    tcp.meet(sender, tcp.peers.send(sender, kAck, 10));
    const Segment data = tcp.peers.send(sender, kAck, 100);
    tcp.meet(sender, data);
    const auto may_be = [&](int32_t by) {
        return may_be_in_flight(tcp.tracker().ends, sender, data.seq + static_cast<uint32_t>(by));
    };
    CHECK(may_be(-10));  // the data before it is on its way too
    CHECK(may_be(100));  // an ACK without data stands behind the last byte
    CHECK_FALSE(may_be(101));
    CHECK_FALSE(may_be(-11));

    tcp.meet(opposite(sender), kAck);  // all of it has arrived
    CHECK(may_be(100));
    CHECK_FALSE(may_be(99));
    CHECK_FALSE(may_be(101));
}

TEST_CASE("tcp window: a SYN is in flight, and nothing of an end that has not spoken",
          "[conntrack][tcp][rfc5927]") {
    Connection tcp = after(kSent);
    const uint32_t end = tcp.tracker().ends[0].end;
    CHECK(may_be_in_flight(tcp.tracker().ends, kOriginal, end - 1));
    CHECK_FALSE(may_be_in_flight(tcp.tracker().ends, kOriginal, end + 1));
    CHECK_FALSE(may_be_in_flight(tcp.tracker().ends, kOriginal, end - 10'000));
    CHECK_FALSE(may_be_in_flight(tcp.tracker().ends, kReply, 0));

    Connection picked_up(kAck);  // whose numbers are not followed
    CHECK(may_be_in_flight(picked_up.tracker().ends, kOriginal, end + 1'000'000));
}

}  // namespace tcp_window_test
