// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/sctp_tracker.h"

#include "catch.h"
#include "conntrack/status.h"

namespace sctp_tracker_test {

using namespace sluice;
using namespace sluice::conntrack;
using enum net::Direction;
using sctp::Chunk;
using stats::Drop;

namespace {

constexpr uint32_t kClientTag = 0xc1c1;  // what the client asks for: replies carry it
constexpr uint32_t kServerTag = 0x5e5e;

Segment packet(uint32_t tag, Chunk chunk, uint32_t initiate_tag = 0, bool reflects = false) {
    Segment segment{.protocol = net::Protocol::Sctp};
    segment.sctp_packet = {tag, initiate_tag, static_cast<uint16_t>(1u << index(chunk)), reflects};
    return segment;
}

/// An association whose client stands inside.
struct Association {
    Association() { keep(open_sctp(tuning, packet(0, Chunk::Init, kClientTag), tracker)); }

    Verdict meet(net::Direction direction, const Segment& segment) {
        return keep(track_sctp(tuning, flow, direction, segment, tracker));
    }
    Verdict client(Chunk chunk) { return meet(Original, packet(kServerTag, chunk)); }
    Verdict server(Chunk chunk) { return meet(Reply, packet(kClientTag, chunk)); }
    Verdict server_init_ack() {
        return meet(Reply, packet(kClientTag, Chunk::InitAck, kServerTag));
    }
    void establish() {
        server_init_ack();
        client(Chunk::CookieEcho);
        server(Chunk::CookieAck);
        REQUIRE(flow.state == SctpState::Established);
    }
    Verdict keep(const Verdict& verdict) {
        flow.state = verdict.state;
        flow.status = verdict.status;
        return verdict;
    }

    Tuning tuning;
    FlowState flow;
    SctpTracker tracker;
};

}  // namespace

TEST_CASE("sctp: only an INIT opens a flow", "[conntrack][sctp]") {
    for (size_t i = 0; i < sctp::kChunkCount; ++i) {
        const auto chunk = static_cast<Chunk>(i);
        CAPTURE(i);
        SctpTracker tracker;
        const Verdict verdict = open_sctp(Tuning{}, packet(0, chunk, 7), tracker);
        if (chunk == Chunk::Init) {
            CHECK(verdict.action == Action::Pass);
            CHECK(verdict.state == SctpState::Closed);
            CHECK(verdict.timeout == Duration::seconds(10));
        } else {
            CHECK(verdict.action == Action::Refuse);
            CHECK(verdict.reason == Drop::InvalidUntrackedSctp);
        }
    }
    SctpTracker none;
    CHECK(open_sctp(Tuning{}, packet(5, Chunk::Init, 7), none).reason == Drop::InvalidSctpTag);
    CHECK(open_sctp(Tuning{}, packet(0, Chunk::Init, 0), none).reason == Drop::InvalidSctpTag);
}

TEST_CASE("sctp: a whole life has Linux's states and timeouts", "[conntrack][sctp]") {
    Association life;
    const auto is = [&](const Verdict& verdict, SctpState state, int seconds) {
        CHECK(verdict.action == Action::Pass);
        CHECK(verdict.refresh);
        CHECK(verdict.state == state);
        CHECK(verdict.timeout == Duration::seconds(seconds));
    };
    is(life.server_init_ack(), SctpState::CookieWait, 3);
    CHECK(life.flow.status == kSeenReply);
    is(life.client(Chunk::CookieEcho), SctpState::CookieEchoed, 3);
    is(life.server(Chunk::CookieAck), SctpState::Established, 210);
    CHECK(life.flow.status == (kSeenReply | kAssured));
    is(life.client(Chunk::Other), SctpState::Established, 210);
    is(life.server(Chunk::Other), SctpState::Established, 210);
    is(life.client(Chunk::Shutdown), SctpState::ShutdownSent, 3);
    is(life.server(Chunk::ShutdownAck), SctpState::ShutdownAckSent, 3);
    is(life.client(Chunk::ShutdownComplete), SctpState::Closed, 10);
}

TEST_CASE("sctp: an INIT sent again and again does not prolong its flow", "[conntrack][sctp]") {
    Association unanswered;
    const Verdict again = unanswered.meet(Original, packet(0, Chunk::Init, kClientTag));
    CHECK(again.action == Action::Pass);
    CHECK_FALSE(again.refresh);
}

TEST_CASE("sctp: a tag that nobody has asked for is refused, and nothing moves",
          "[conntrack][sctp]") {
    Association established;
    established.establish();
    const auto direction = GENERATE(Original, Reply);
    for (size_t i = 0; i < sctp::kChunkCount; ++i)
        for (const uint32_t tag : {0u, 0x999u, direction == Original ? kClientTag : kServerTag}) {
            const auto chunk = static_cast<Chunk>(i);
            if (chunk == Chunk::Init && tag == 0)
                continue;
            CAPTURE(i, tag);
            const Verdict verdict = established.meet(direction, packet(tag, chunk, 7));
            CHECK(verdict.action == Action::Refuse);
            CHECK(verdict.reason == Drop::InvalidSctpTag);
            CHECK_FALSE(verdict.refresh);
            CHECK(verdict.state == SctpState::Established);
        }
}

TEST_CASE("sctp: with the T bit the sender's own tag is the right one", "[conntrack][sctp]") {
    const auto reflected = [](uint32_t tag) { return packet(tag, Chunk::Abort, 0, true); };
    Association association;
    association.establish();
    CHECK(association.meet(Reply, reflected(kClientTag)).action == Action::Refuse);
    CHECK(association.meet(Reply, reflected(kServerTag)).state == SctpState::Closed);
}

TEST_CASE("sctp: a server that refuses aborts with the INIT's tag", "[conntrack][sctp]") {
    Association association;
    const Verdict abort = association.server(Chunk::Abort);
    CHECK(abort.action == Action::Pass);
    CHECK(abort.state == SctpState::Closed);
}

TEST_CASE("sctp: an association begun anew gets its tags with its cookie", "[conntrack][sctp]") {
    constexpr uint32_t kNewClient = 0x1111, kNewServer = 0x2222;
    Association association;
    association.establish();
    CHECK(association.meet(Original, packet(0, Chunk::Init, kNewClient)).action == Action::Pass);
    // Until the handshake is through the old tags hold: anybody may send an INIT.
    CHECK(association.client(Chunk::Other).action == Action::Pass);
    CHECK(association.server(Chunk::Other).action == Action::Pass);
    CHECK(association.meet(Reply, packet(kNewClient, Chunk::InitAck, kNewServer)).action ==
          Action::Pass);
    CHECK(association.meet(Original, packet(kNewServer, Chunk::CookieEcho)).action == Action::Pass);
    CHECK(association.meet(Reply, packet(kNewClient, Chunk::CookieAck)).state ==
          SctpState::Established);
    CHECK(association.client(Chunk::Other).reason == Drop::InvalidSctpTag);
    CHECK(association.meet(Original, packet(kNewServer, Chunk::Other)).action == Action::Pass);
}

TEST_CASE("sctp: a forged INIT gives no tag to abort by", "[conntrack][sctp]") {
    constexpr uint32_t kEvil = 0x666;
    Association association;
    association.establish();
    association.meet(Reply, packet(0, Chunk::Init, kEvil));
    CHECK(association.meet(Reply, packet(kEvil, Chunk::Abort, 0, true)).reason ==
          Drop::InvalidSctpTag);
    CHECK(association.meet(Reply, packet(kEvil, Chunk::Abort)).reason == Drop::InvalidSctpTag);
    CHECK(association.flow.state == SctpState::Established);
}

TEST_CASE("sctp: chunks that share a packet all count", "[conntrack][sctp]") {
    Association association;
    association.establish();
    Segment both = packet(kServerTag, Chunk::Shutdown);
    both.sctp_packet.chunks |= 1u << index(Chunk::Other);
    CHECK(association.meet(Original, both).state == SctpState::ShutdownSent);
}

TEST_CASE("sctp: the tuning gives the timeouts", "[conntrack][sctp]") {
    Association association;
    association.tuning.sctp[SctpState::Established] = Duration::seconds(99);
    association.establish();
    CHECK(association.client(Chunk::Other).timeout == Duration::seconds(99));
}

}  // namespace sctp_tracker_test
