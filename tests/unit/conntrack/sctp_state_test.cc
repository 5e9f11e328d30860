// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/sctp_state.h"

#include "catch.h"

namespace sctp_state_test {

using namespace sluice::conntrack;
using namespace sluice;
using enum SctpState;
using sctp::Chunk;
using enum net::Direction;

namespace {

/// What the running Linux 6.18 makes of a chunk in each state, as seen in conntrack -L. INIT is the
/// only chunk that opens here.
struct Row {
    net::Direction direction;
    Chunk chunk;
    std::array<SctpState, kSctpStateCount> after;
};

// From:          None    Closed  CookieWait    CookieEchoed  Established   ShutdownSent ...
constexpr std::array<SctpState, kSctpStateCount> kStay{None,         Closed,         CookieWait,
                                                       CookieEchoed, Established,    ShutdownSent,
                                                       ShutdownRecd, ShutdownAckSent};

constexpr std::array<SctpState, kSctpStateCount> stay_but(
    std::initializer_list<std::pair<SctpState, SctpState>> moves) {
    auto result = kStay;
    for (const auto& [from, to] : moves)
        result[static_cast<size_t>(from)] = to;
    return result;
}

constexpr auto kAborted = stay_but({{CookieWait, Closed},
                                    {CookieEchoed, Closed},
                                    {Established, Closed},
                                    {ShutdownSent, Closed},
                                    {ShutdownRecd, Closed},
                                    {ShutdownAckSent, Closed}});
constexpr auto kAcked =
    stay_but({{ShutdownSent, ShutdownAckSent}, {ShutdownRecd, ShutdownAckSent}});

constexpr Row kRows[] = {
    {Original, Chunk::Other, kStay},
    {Original, Chunk::Init,
     stay_but({{None, Closed}, {ShutdownSent, Closed}, {ShutdownRecd, Closed}})},
    {Original, Chunk::InitAck, kStay},
    {Original, Chunk::CookieEcho, stay_but({{CookieWait, CookieEchoed}})},
    {Original, Chunk::CookieAck, stay_but({{CookieEchoed, Established}})},
    {Original, Chunk::Error, kStay},
    {Original, Chunk::Shutdown, stay_but({{Established, ShutdownSent}})},
    {Original, Chunk::ShutdownAck, kAcked},
    {Original, Chunk::ShutdownComplete, stay_but({{ShutdownAckSent, Closed}})},
    {Original, Chunk::Abort, kAborted},
    {Reply, Chunk::Other, kStay},
    {Reply, Chunk::Init, kStay},
    {Reply, Chunk::InitAck, stay_but({{Closed, CookieWait}})},
    {Reply, Chunk::CookieEcho, stay_but({{CookieWait, CookieEchoed}})},
    {Reply, Chunk::CookieAck, stay_but({{CookieEchoed, Established}})},
    {Reply, Chunk::Error, stay_but({{CookieEchoed, Closed}})},
    {Reply, Chunk::Shutdown, stay_but({{Established, ShutdownRecd}})},
    {Reply, Chunk::ShutdownAck, kAcked},
    {Reply, Chunk::ShutdownComplete, stay_but({{ShutdownAckSent, Closed}})},
    {Reply, Chunk::Abort, kAborted},
};

}  // namespace

TEST_CASE("sctp state: every transition is the running kernel's", "[conntrack][sctp]") {
    for (const Row& row : kRows)
        for (size_t from = 0; from < kSctpStateCount; ++from) {
            CAPTURE(static_cast<int>(row.direction), static_cast<int>(row.chunk), from);
            CHECK(next(row.direction, row.chunk, static_cast<SctpState>(from)) == row.after[from]);
        }
}

TEST_CASE("sctp state: names are those of conntrack -L", "[conntrack][sctp]") {
    CHECK(sctp_state_name(Closed) == "CLOSED");
    CHECK(sctp_state_name(CookieWait) == "COOKIE_WAIT");
    CHECK(sctp_state_name(ShutdownAckSent) == "SHUTDOWN_ACK_SENT");
}

}  // namespace sctp_state_test
