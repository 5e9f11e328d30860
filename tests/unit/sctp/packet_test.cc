// SPDX-License-Identifier: BSD-3-Clause
#include "sctp/packet.h"

#include "catch.h"
#include "packet_builder.h"

namespace packet_test {

using namespace sluice::sctp;
using namespace sluice::test;

namespace {

constexpr uint8_t kData = 0;
constexpr uint8_t kInit = 1;
constexpr uint8_t kSack = 3;
constexpr uint8_t kAbort = 6;
constexpr uint8_t kShutdown = 7;
constexpr uint8_t kCookieEcho = 10;
constexpr uint8_t kCookieAck = 11;
constexpr uint8_t kShutdownComplete = 14;

Frame packet() {
    return Frame().ipv4("10.1.0.10", "203.0.113.10").sctp(1, 2, 0x01020304);
}

Bytes behind_ip(const Frame& frame) {
    const Bytes bytes = frame.ip_bytes();
    return {bytes.begin() + 20, bytes.end()};
}

std::optional<Packet> read_whole(const Frame& frame) {
    const Bytes bytes = behind_ip(frame);
    return read(bytes, bytes.size());
}

}  // namespace

TEST_CASE("sctp: tags and chunks are read", "[net][sctp]") {
    const auto init = read_whole(packet().init(kInit, 0x0a0b0c0d));
    REQUIRE(init);
    CHECK(sluice::Be32{init->tag}.host() == 0x01020304);
    CHECK(sluice::Be32{init->initiate_tag}.host() == 0x0a0b0c0d);
    CHECK(init->chunks == 1u << static_cast<unsigned>(Chunk::Init));

    const auto bundle =
        read_whole(packet().chunk(kCookieEcho, 0, Bytes(5)).chunk(kData, 3, Bytes(14)));
    REQUIRE(bundle);
    CHECK(bundle->has(Chunk::CookieEcho));
    CHECK(bundle->has(Chunk::Other));
    CHECK_FALSE(bundle->has(Chunk::Init));
    CHECK(bundle->initiate_tag == 0);
}

TEST_CASE("sctp: the T bit is that of ABORT and SHUTDOWN COMPLETE alone", "[net][sctp]") {
    CHECK(read_whole(packet().chunk(kAbort, 1))->reflects);
    CHECK_FALSE(read_whole(packet().chunk(kAbort, 0))->reflects);
    CHECK(read_whole(packet().chunk(kShutdownComplete, 1))->reflects);
    CHECK_FALSE(read_whole(packet().chunk(kData, 1, Bytes(13)))->reflects);
}

TEST_CASE("sctp: chunks that no sound sender puts together are nothing", "[net][sctp]") {
    CHECK_FALSE(read_whole(packet()));
    CHECK_FALSE(read_whole(packet().init(kInit, 7).chunk(kData, 3, Bytes(13))));
    CHECK_FALSE(read_whole(packet().chunk(kSack, 0, Bytes(12)).init(kInit, 7)));
    CHECK_FALSE(read_whole(packet().chunk(kShutdownComplete).chunk(kSack, 0, Bytes(12))));
    CHECK_FALSE(read_whole(packet().chunk(kSack, 0, Bytes(12)).chunk(kCookieEcho, 0, Bytes(4))));
    CHECK_FALSE(read_whole(packet().chunk(kSack, 0, Bytes(12)).chunk(kCookieAck)));
    CHECK_FALSE(read_whole(packet().chunk(kInit)));  // without its tag
    CHECK(read_whole(packet().chunk(kSack, 0, Bytes(12)).chunk(kShutdown, 0, Bytes(4))));
}

TEST_CASE("sctp: a chunk's length is at least 4 and within the packet", "[net][sctp]") {
    const Bytes good = behind_ip(packet().chunk(kData, 3, Bytes(16)));
    for (unsigned length = 0; length < 256; ++length) {
        CAPTURE(length);
        Bytes bytes = good;
        bytes[15] = static_cast<uint8_t>(length);
        const bool sound = length >= 4 && length <= 20;
        // What a shorter chunk leaves behind is zeros: a chunk of length 0.
        const bool whole = length >= 17;
        CHECK(read(bytes, bytes.size()).has_value() == (sound && whole));
    }
}

TEST_CASE("sctp: of a packet in segments the chunks of the first one count", "[net][sctp]") {
    const Bytes bytes =
        behind_ip(packet().chunk(kCookieAck).chunk(kData, 3, Bytes(100)).chunk(kAbort));
    for (size_t head = kHeaderBytes; head <= bytes.size(); ++head) {
        CAPTURE(head);
        const Bytes first(bytes.begin(), bytes.begin() + static_cast<long>(head));
        const auto result = read(first, bytes.size());
        CHECK(result.has_value() == (head >= kHeaderBytes + 4));
        if (result)
            CHECK(result->has(Chunk::CookieAck));
    }
}

}  // namespace packet_test
