// SPDX-License-Identifier: BSD-3-Clause
#include "net/checksum.h"

#include "catch.h"
#include "packet_builder.h"
#include "plain_checksum.h"

#include <bit>
#include <cstring>
#include <random>

namespace checksum_test {

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;

namespace {

/// A checksum field as it stands in a packet, and as a number.
uint16_t raw(uint16_t host) {
    return Be16::from_host(host).raw;
}
uint16_t host(uint16_t raw) {
    return Be16{raw}.host();
}

/// Puts a value into a packet, and notes the change.
template <typename T>
void rewrite(Bytes& packet, size_t position, T value, ChecksumDelta& delta) {
    T before;
    std::memcpy(&before, &packet[position], sizeof before);
    std::memcpy(&packet[position], &value, sizeof value);
    delta.change(before, value);
}

/// Addresses and ports of the extremes, at which sums wrap, and any others.
template <typename T>
T any(std::mt19937& random) {
    switch (random() % 4) {
        case 0:
            return T{0};
        case 1:
            return static_cast<T>(~T{0});
        default:
            return static_cast<T>(random());
    }
}

}  // namespace

TEST_CASE("checksum: the example of RFC 1624 comes out right", "[net][rfc1624]") {
    ChecksumDelta delta;
    delta.change(Be16::from_host(0x5555), Be16::from_host(0x3285));
    CHECK(delta.apply(raw(0xdd2f)) == raw(0x0000));
}

TEST_CASE("checksum: an incremental rewrite equals a full recomputation", "[net][rfc1624]") {
    std::mt19937 random{1624};
    for (int i = 0; i < 20000; ++i) {
        const bool is_tcp = random() % 2 != 0;
        Frame frame;
        frame.ipv4(Be32{any<uint32_t>(random)}, Be32{any<uint32_t>(random)});
        const auto source_port = any<uint16_t>(random);
        const auto destination_port = any<uint16_t>(random);
        is_tcp ? frame.tcp(source_port, destination_port)
               : frame.udp(source_port, destination_port);
        Bytes packet = frame.payload(random() % 20).ip_bytes();
        const size_t field = 20 + (is_tcp ? 16 : 6);
        const uint16_t ip_before = raw(static_cast<uint16_t>(packet[10] << 8 | packet[11]));
        const uint16_t before = raw(static_cast<uint16_t>(packet[field] << 8 | packet[field + 1]));

        ChecksumDelta addresses;
        ChecksumDelta ports;
        rewrite(packet, 12, Be32{any<uint32_t>(random)}, addresses);
        rewrite(packet, 16, Be32{any<uint32_t>(random)}, addresses);
        rewrite(packet, 20, Be16{any<uint16_t>(random)}, ports);
        rewrite(packet, 22, Be16{any<uint16_t>(random)}, ports);
        ChecksumDelta both = addresses;
        both.add(ports);

        packet[10] = packet[11] = packet[field] = packet[field + 1] = 0;
        const std::span transport = std::span(packet).subspan(20);
        const uint32_t pseudo = plain_pseudo_sum(packet, transport.size());
        uint16_t expected = plain_checksum(transport, pseudo);
        uint16_t got = host(both.apply(before));
        if (!is_tcp && expected == 0)
            expected = 0xffff;
        if (!is_tcp && got == 0)
            got = 0xffff;
        CAPTURE(i, is_tcp, before);
        REQUIRE(got == expected);
        REQUIRE(host(addresses.apply(ip_before)) == plain_checksum(std::span(packet).first(20)));
    }
}

TEST_CASE("checksum: the inverse undoes a rewrite", "[net][rfc1624]") {
    std::mt19937 random{3};
    for (int i = 0; i < 20000; ++i) {
        ChecksumDelta delta;
        delta.change(Be32{any<uint32_t>(random)}, Be32{any<uint32_t>(random)});
        delta.change(Be16{any<uint16_t>(random)}, Be16{any<uint16_t>(random)});
        // 0xffff is left out: no packet has it, for its sum would be zero (RFC 1624 §3).
        const auto checksum = static_cast<uint16_t>(random() % 0xffff);
        CAPTURE(i, checksum);
        REQUIRE(delta.toward(Direction::Reply).apply(delta.apply(checksum)) == checksum);
    }
}

TEST_CASE("checksum: two deltas at once are one after the other, of every checksum",
          "[net][rfc1624]") {
    const Be16 word{
        GENERATE(values<uint16_t>({0, 1, 0x0100, 0x7fff, 0x8000, 0xfeff, 0xfffe, 0xffff}))};
    ChecksumDelta first;
    first.change(Be16{0xffff}, word);  // which is the word itself
    ChecksumDelta second;
    second.change(Be16::from_host(0x0100), Be16{});
    unsigned wrong = 0;
    for (unsigned checksum = 0; checksum <= 0xffff; ++checksum) {
        const auto before = static_cast<uint16_t>(checksum);
        uint32_t sum = static_cast<uint16_t>(~checksum) + uint32_t{word.raw};
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        const auto after = static_cast<uint16_t>(~sum);
        wrong += first.apply(before) != after;
        wrong += first.apply(before, second) != second.apply(after);
    }
    CHECK(wrong == 0);
}

TEST_CASE("checksum: no change leaves a checksum as it is", "[net]") {
    const uint16_t checksum =
        GENERATE(uint16_t{0}, uint16_t{1}, uint16_t{0x1234}, uint16_t{0xfffe});
    CHECK(ChecksumDelta{}.apply(checksum) == checksum);
    ChecksumDelta same;
    same.change(Be32{0x0a010203}, Be32{0x0a010203});
    CHECK(same.apply(checksum) == checksum);
}

}  // namespace checksum_test
