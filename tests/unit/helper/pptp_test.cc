// SPDX-License-Identifier: BSD-3-Clause
#include "helper/pptp.h"

#include "catch.h"

#include <utility>
#include <vector>

namespace pptp_test {

using namespace sluice;
using namespace sluice::helper;
using Bytes = std::vector<uint8_t>;
using Deed = PptpSession::Deed;
using Heard = PptpSession::Heard;

namespace {

constexpr auto kClient = Speaker::Client;
constexpr auto kServer = Speaker::Server;

constexpr Be16 be(uint16_t value) {
    return Be16::from_host(value);
}

struct Row {
    PptpType type;
    size_t bytes;
};

constexpr Row kRows[] = {
    {PptpType::StartRequest, 156},         {PptpType::StartReply, 156},
    {PptpType::StopRequest, 16},           {PptpType::StopReply, 16},
    {PptpType::EchoRequest, 16},           {PptpType::EchoReply, 20},
    {PptpType::OutgoingCallRequest, 168},  {PptpType::OutgoingCallReply, 32},
    {PptpType::IncomingCallRequest, 220},  {PptpType::IncomingCallReply, 24},
    {PptpType::IncomingCallConnected, 28}, {PptpType::CallClearRequest, 16},
    {PptpType::CallDisconnectNotify, 148}, {PptpType::WanErrorNotify, 40},
    {PptpType::SetLinkInfo, 24},
};

void put(Bytes& bytes, size_t at, uint16_t value) {
    bytes[at] = static_cast<uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<uint8_t>(value & 0xff);
}

Bytes written(PptpType type, size_t size) {
    Bytes bytes(size);
    put(bytes, 0, static_cast<uint16_t>(size));
    put(bytes, 2, 1);
    put(bytes, 4, 0x1a2b);
    put(bytes, 6, 0x3c4d);
    put(bytes, 8, static_cast<uint16_t>(type));
    put(bytes, 12, 0x0102);
    put(bytes, 14, 0x0304);
    if (size > 16)
        bytes[16] = 5;
    return bytes;
}

/// A session, both ends of which have begun.
PptpSession begun() {
    PptpSession session;
    CHECK(session.hear(kClient, {.type = PptpType::StartRequest}, be(40'000)).is_understood);
    CHECK(session.hear(kServer, {.type = PptpType::StartReply, .result = 1}, be(40'000))
              .is_understood);
    return session;
}

bool puts(const Heard& heard, size_t at, uint16_t id) {
    return heard.is_understood && heard.call_id == std::optional(at) && heard.by == be(id);
}

bool changes_nothing(const Heard& heard) {
    return heard.is_understood && !heard.call_id && heard.deed == Deed::None;
}

PptpMessage asks(uint16_t id) {
    return {.type = PptpType::OutgoingCallRequest, .call_id = be(id)};
}

PptpMessage answers(uint16_t id, uint16_t peer, uint8_t result = 1) {
    return {.type = PptpType::OutgoingCallReply,
            .call_id = be(id),
            .peer_id = be(peer),
            .result = result};
}

}  // namespace

TEST_CASE("pptp: each message is read whole, and no shorter one is", "[helper]") {
    for (const auto& [type, size] : kRows) {
        const Bytes bytes = written(type, size);
        const auto message = read_pptp(bytes);
        REQUIRE(message);
        CHECK(message->type == type);
        CHECK(message->bytes == size);
        for (size_t cut = 0; cut < size; ++cut)
            CHECK_FALSE(read_pptp(std::span(bytes).first(cut)));
    }
}

TEST_CASE("pptp: call IDs stand where each message has them", "[helper]") {
    const auto ids_of = [](PptpType type, size_t size) {
        const auto message = read_pptp(written(type, size));
        return std::pair{message->call_id.host(), message->peer_id.host()};
    };
    using Ids = std::pair<uint16_t, uint16_t>;
    CHECK(ids_of(PptpType::OutgoingCallRequest, 168) == Ids{0x0102, 0});
    CHECK(ids_of(PptpType::OutgoingCallReply, 32) == Ids{0x0102, 0x0304});
    CHECK(ids_of(PptpType::IncomingCallRequest, 220) == Ids{0x0102, 0});
    CHECK(ids_of(PptpType::IncomingCallReply, 24) == Ids{0x0102, 0x0304});
    CHECK(ids_of(PptpType::IncomingCallConnected, 28) == Ids{0, 0x0102});
    CHECK(ids_of(PptpType::CallClearRequest, 16) == Ids{0x0102, 0});
    CHECK(ids_of(PptpType::CallDisconnectNotify, 148) == Ids{0x0102, 0});
    CHECK(ids_of(PptpType::WanErrorNotify, 40) == Ids{0, 0x0102});
    CHECK(ids_of(PptpType::SetLinkInfo, 24) == Ids{0, 0x0102});
    CHECK(read_pptp(written(PptpType::OutgoingCallReply, 32))->result == 5);
}

TEST_CASE("pptp: what is no control message is nothing", "[helper]") {
    const auto spoilt = [](size_t at, uint16_t value) {
        Bytes bytes = written(PptpType::CallClearRequest, 16);
        put(bytes, at, value);
        return read_pptp(bytes);
    };
    CHECK_FALSE(spoilt(2, 2));         // management
    CHECK_FALSE(spoilt(4, 0x1a2c));    // cookie
    CHECK_FALSE(spoilt(6, 0x3c4e));    // likewise
    CHECK_FALSE(spoilt(8, 0));         // type
    CHECK_FALSE(spoilt(8, 16));        // likewise
    CHECK_FALSE(spoilt(8, 0x0107));    // likewise
    CHECK(spoilt(0, 0)->bytes == 16);  // a length that leads nowhere
    CHECK(spoilt(0, 0xffff)->bytes == 0xffff);
}

TEST_CASE("pptp: a call of the client is told by another ID, and answered by its own", "[helper]") {
    PptpSession session = begun();
    CHECK(puts(session.hear(kClient, asks(7), be(40'000)), 12, 40'000));
    const Heard reply = session.hear(kServer, answers(99, 40'000), be(40'000));
    CHECK(puts(reply, 14, 7));
    CHECK(reply.deed == Deed::Begins);
    CHECK(session.ids() == CallIds{be(7), be(40'000), be(99)});
    const auto hears = [&](PptpType type) {
        return session.hear(kServer, {.type = type, .peer_id = be(40'000)}, be(40'000));
    };
    CHECK(puts(hears(PptpType::WanErrorNotify), 12, 7));
    CHECK(puts(hears(PptpType::SetLinkInfo), 12, 7));
    CHECK(changes_nothing(
        session.hear(kClient, {.type = PptpType::SetLinkInfo, .peer_id = be(99)}, be(40'000))));
    CHECK(puts(
        session.hear(kClient, {.type = PptpType::CallClearRequest, .call_id = be(7)}, be(40'000)),
        12, 40'000));
    const Heard end = hears(PptpType::CallDisconnectNotify);
    CHECK(puts(end, 12, 7));
    CHECK(end.deed == Deed::Ends);
}

TEST_CASE("pptp: where nothing is translated, nothing is written anew", "[helper]") {
    PptpSession session = begun();
    CHECK(changes_nothing(session.hear(kClient, asks(7), {})));
    const Heard reply = session.hear(kServer, answers(99, 7), {});
    CHECK_FALSE(reply.call_id);
    CHECK(reply.deed == Deed::Begins);
    CHECK(session.ids() == CallIds{be(7), be(7), be(99)});
}

TEST_CASE("pptp: a call that is refused, or of another, does not begin", "[helper]") {
    PptpSession session = begun();
    CHECK_FALSE(session.hear(kServer, answers(99, 40'000), be(40'000)).is_understood);
    (void)session.hear(kClient, asks(7), be(40'000));
    CHECK_FALSE(session.hear(kServer, answers(99, 7), be(40'000)).is_understood);
    const Heard refused = session.hear(kServer, answers(99, 40'000, 4), be(40'000));
    CHECK(puts(refused, 14, 7));
    CHECK(refused.deed == Deed::None);
    CHECK_FALSE(session.hear(kServer, answers(99, 40'000), be(40'000)).is_understood);
}

TEST_CASE("pptp: what is said again means the same", "[helper]") {
    PptpSession session = begun();
    for (int i = 0; i < 2; ++i)
        CHECK(puts(session.hear(kClient, asks(7), be(40'000)), 12, 40'000));
    for (int i = 0; i < 2; ++i)
        CHECK(session.hear(kServer, answers(99, 40'000), be(40'000)).deed == Deed::Begins);
}

TEST_CASE("pptp: a call of the server", "[helper]") {
    PptpSession session = begun();
    CHECK(changes_nothing(session.hear(
        kServer, {.type = PptpType::IncomingCallRequest, .call_id = be(99)}, be(40'000))));
    const PptpMessage reply{
        .type = PptpType::IncomingCallReply, .call_id = be(7), .peer_id = be(99), .result = 1};
    CHECK(puts(session.hear(kClient, reply, be(40'000)), 12, 40'000));
    const Heard met = session.hear(
        kServer, {.type = PptpType::IncomingCallConnected, .peer_id = be(40'000)}, be(40'000));
    CHECK(puts(met, 12, 7));
    CHECK(met.deed == Deed::Begins);
}

TEST_CASE("pptp: without a session no call is asked for", "[helper]") {
    PptpSession session;
    CHECK_FALSE(
        session.hear(kServer, {.type = PptpType::StartReply, .result = 1}, {}).is_understood);
    CHECK_FALSE(session.hear(kClient, asks(7), be(40'000)).is_understood);
    CHECK(session.hear(kClient, {.type = PptpType::StartRequest}, {}).is_understood);
    CHECK_FALSE(session.hear(kClient, {.type = PptpType::StartRequest}, {}).is_understood);
    CHECK(session.hear(kServer, {.type = PptpType::StartReply, .result = 2}, {}).is_understood);
    CHECK_FALSE(session.hear(kClient, asks(7), be(40'000)).is_understood);
    CHECK(session.hear(kClient, {.type = PptpType::StopRequest}, {}).is_understood);
    CHECK(session.hear(kServer, {.type = PptpType::StopReply, .result = 1}, {}).is_understood);
    CHECK(session.hear(kClient, {.type = PptpType::StartRequest}, {}).is_understood);
}

TEST_CASE("pptp: a disconnect before any call leaves its ID", "[helper]") {
    PptpSession session = begun();
    const Heard end = session.hear(
        kServer, {.type = PptpType::CallDisconnectNotify, .call_id = be(5)}, be(40'000));
    CHECK_FALSE(end.call_id);
    CHECK(end.deed == Deed::Ends);
}

TEST_CASE("pptp: each end says only what is its own to say", "[helper]") {
    PptpSession session = begun();
    for (const PptpType type :
         {PptpType::StartReply, PptpType::StopReply, PptpType::OutgoingCallReply,
          PptpType::IncomingCallRequest, PptpType::IncomingCallConnected,
          PptpType::CallDisconnectNotify, PptpType::WanErrorNotify})
        CHECK_FALSE(session.hear(kClient, {.type = type}, {}).is_understood);
    for (const PptpType type :
         {PptpType::StartRequest, PptpType::StopRequest, PptpType::OutgoingCallRequest,
          PptpType::IncomingCallReply, PptpType::CallClearRequest})
        CHECK_FALSE(session.hear(kServer, {.type = type}, {}).is_understood);
    for (const Speaker speaker : {kClient, kServer})
        for (const PptpType type : {PptpType::EchoRequest, PptpType::EchoReply})
            CHECK(changes_nothing(session.hear(speaker, {.type = type}, be(40'000))));
}

}  // namespace pptp_test
