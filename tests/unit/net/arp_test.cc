// SPDX-License-Identifier: BSD-3-Clause
#include "net/arp.h"

#include "catch.h"
#include "packet_builder.h"

namespace arp_test {

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;

namespace {

Bytes request() {
    return arp_request(mac(1), ip("10.1.0.10"), ip("10.1.0.1"));
}

}  // namespace

TEST_CASE("arp: a request is read", "[net][arp]") {
    const auto arp = read_arp(request());
    REQUIRE(arp);
    CHECK(arp->operation == Arp::Operation::Request);
    CHECK(arp->sender_mac == mac(1));
    CHECK(arp->sender == ip("10.1.0.10"));
    CHECK(arp->target == ip("10.1.0.1"));
}

TEST_CASE("arp: a reply is read, with the padding of a short frame behind it", "[net][arp]") {
    Bytes frame = arp_reply(mac(2), ip("10.1.0.1"), mac(1), ip("10.1.0.10"));
    frame.resize(60);
    const auto arp = read_arp(frame);
    REQUIRE(arp);
    CHECK(arp->operation == Arp::Operation::Reply);
    CHECK(arp->sender_mac == mac(2));
    CHECK(arp->sender == ip("10.1.0.1"));
    CHECK(arp->target_mac == mac(1));
    CHECK(arp->target == ip("10.1.0.10"));
}

TEST_CASE("arp: a probe, from no address, is read", "[net][arp][rfc5227]") {
    const auto arp = read_arp(arp_request(mac(1), Be32{}, ip("10.1.0.1")));
    REQUIRE(arp);
    CHECK(arp->sender == Be32{});
}

TEST_CASE("arp: a frame that ends early is none", "[net][arp]") {
    const Bytes whole = request();
    for (size_t length = 0; length < whole.size(); ++length)
        CHECK_FALSE(read_arp(std::span(whole).first(length)));
}

TEST_CASE("arp: what is not IPv4 over Ethernet, or no request or reply, is none", "[net][arp]") {
    // EtherType, hardware, protocol, lengths, operation: one bit wrong in any of them.
    for (size_t bit = 12 * 8; bit < 22 * 8; ++bit) {
        Bytes frame = request();
        frame[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        CAPTURE(bit);
        CHECK_FALSE(read_arp(frame));
    }
    Bytes reverse = request();
    reverse[21] = 3;  // RARP
    CHECK_FALSE(read_arp(reverse));
}

TEST_CASE("arp: no host is reached at a group's or the zero MAC", "[net][arp]") {
    const auto sender = GENERATE(MacAddress{}, MacAddress{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                 MacAddress{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01});
    CHECK_FALSE(read_arp(arp_reply(sender, ip("10.1.0.10"), mac(2), ip("10.1.0.1"))));
}

TEST_CASE("arp: frames are written byte for byte", "[net][arp]") {
    Bytes out(kArpFrameBytes + 1, 0xee);
    const Arp reply{Arp::Operation::Reply, mac(2), ip("10.1.0.1"), mac(1), ip("10.1.0.10")};
    CHECK(write_arp(out, mac(1), reply) == kArpFrameBytes);
    CHECK(out.back() == 0xee);
    out.pop_back();
    CHECK(out == arp_reply(mac(2), ip("10.1.0.1"), mac(1), ip("10.1.0.10")));

    constexpr MacAddress kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const Arp asked{Arp::Operation::Request, mac(1), ip("10.1.0.10"), {}, ip("10.1.0.1")};
    write_arp(out, kBroadcast, asked);
    CHECK(out == request());
}

}  // namespace arp_test
