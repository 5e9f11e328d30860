// SPDX-License-Identifier: BSD-3-Clause
#include "worker/tcp_numbers.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "helper/sequence.h"
#include "net/parse.h"
#include "packet_builder.h"
#include "packet_reader.h"

#include <string>

namespace tcp_numbers_test {

using namespace sluice;
using namespace sluice::test;
using worker::Part;

namespace {

constexpr size_t kRoom = 64;  // padding, which parsing cuts off: room for what a packet grows by

Frame segment(const Bytes& payload, const Bytes& options = {}) {
    return Frame()
        .ipv4("10.1.0.10", "203.0.113.10")
        .tcp(40'000, 21, kAck | kPsh)
        .seq(0xffff'fffe)
        .ack(5000)
        .tcp_options(options)
        .payload(payload)
        .padding(kRoom);
}

/// A packet in the hands of a worker.
struct Held {
    explicit Held(const Frame& frame) : mbuf(frame.bytes()) {
        net::Tuple tuple;
        REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    }
    Seen read() { return test::read(bytes_of(mbuf)); }

    FakeMbuf mbuf;
    net::Packet packet;
};

Bytes bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

Bytes number(uint32_t value) {
    return {static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
            static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

}  // namespace

TEST_CASE("tcp numbers: data take the place of others, of any length at any place", "[worker]") {
    const std::string text = GENERATE("abcdefghijklmno", "abcdefghijklmnop");
    const size_t at = GENERATE(0U, 1U, 4U, 7U);
    const size_t bytes_before = GENERATE(0U, 1U, 2U, 5U, 8U);
    const std::string by = GENERATE("", "X", "XY", "0123456789abc");
    Held held(segment(bytes(text)));
    worker::replace(held.mbuf, held.packet, Part{at, bytes_before}, by);
    const Seen seen = held.read();
    CHECK(seen.checksums_ok());
    const std::string expected = text.substr(0, at) + by + text.substr(at + bytes_before);
    CHECK(seen.payload == bytes(expected));
    CHECK(seen.padding == 0);
    CHECK(held.packet.length == seen.total_length);
    CHECK(held.packet.head_bytes == seen.total_length);
}

TEST_CASE("tcp numbers: a wrong checksum stays wrong", "[worker]") {
    Held held(segment(bytes("PORT 1")).bad_transport_checksum());
    worker::replace(held.mbuf, held.packet, Part{5, 1}, "22");
    worker::set_seq(held.packet, 77);
    CHECK_FALSE(held.read().transport_checksum_ok);
}

TEST_CASE("tcp numbers: a sequence number is set", "[worker]") {
    Held held(segment(bytes("x")));
    worker::set_seq(held.packet, 1);
    CHECK(held.read().seq == 1);
    CHECK(held.read().checksums_ok());
}

TEST_CASE("tcp numbers: SACK blocks are restored wherever they stand", "[worker]") {
    helper::Correction correction;
    correction.rewrite(4000, 4010, 3);
    const size_t blocks = GENERATE(1U, 2U, 3U);
    const Bytes front = GENERATE(values<Bytes>({{1, 1}, {1}, {}, {8, 10, 1, 2, 3, 4, 5, 6, 7, 8}}));
    Bytes options = front;
    options.push_back(5);
    options.push_back(static_cast<uint8_t>(2 + 8 * blocks));
    const size_t first = options.size();
    for (uint32_t i = 0; i < 2 * blocks; ++i)
        for (const uint8_t byte : number(6003 + 100 * i))
            options.push_back(byte);
    while (options.size() % 4 != 0)
        options.push_back(0);
    if (options.size() > 40)
        return;  // more than a header has
    Held held(segment({}, options));
    worker::restore_acks(held.packet, correction);
    const Seen seen = held.read();
    CHECK(seen.ack == 4997);
    CHECK(seen.checksums_ok());
    const Bytes frame = bytes_of(held.mbuf);
    for (uint32_t i = 0; i < 2 * blocks; ++i) {
        const auto edge = frame.begin() + 14 + 20 + 20 + static_cast<ptrdiff_t>(first + 4 * i);
        CHECK(Bytes(edge, edge + 4) == number(6000 + 100 * i));
    }
}

TEST_CASE("tcp numbers: options that are cut short are left alone", "[worker]") {
    helper::Correction correction;
    correction.rewrite(4000, 4010, 3);
    const Bytes options = GENERATE(values<Bytes>({{5, 10, 0, 0}, {5, 1, 0, 0}, {1, 1, 1, 5}}));
    Held held(segment({}, options));
    worker::restore_acks(held.packet, correction);
    const Bytes frame = bytes_of(held.mbuf);
    CHECK(Bytes(frame.begin() + 54, frame.begin() + 58) == options);
    CHECK(held.read().ack == 4997);
    CHECK(held.read().checksums_ok());
}

}  // namespace tcp_numbers_test
