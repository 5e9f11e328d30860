// SPDX-License-Identifier: BSD-3-Clause
#include "observe/frame.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "ipv6_frame.h"
#include "net/icmp.h"
#include "testing/ipv6_hosts.h"

#include <string>
#include <utility>

namespace frame_test {

using namespace sluice;
using namespace sluice::test;
using observe::copy_frame;
using observe::tcp_flags_of;
using observe::tuple_of;
using sluice::test::ip;

namespace {

Frame packet() {
    return Frame().ipv4("10.1.0.10", "203.0.113.10");
}

}  // namespace

TEST_CASE("frame: a copy goes over all segments, and no further than there is room", "[observe]") {
    const Bytes bytes = packet().udp(5000, 53).payload(100).bytes();
    FakeMbuf mbuf(bytes, {20, 60});
    Bytes copy(bytes.size() + 10);
    CHECK(copy_frame(mbuf, 0, copy) == bytes.size());
    copy.resize(bytes.size());
    CHECK(copy == bytes);

    Bytes some(30);
    CHECK(copy_frame(mbuf, 0, some) == 30);
    CHECK(some == Bytes(bytes.begin(), bytes.begin() + 30));
    CHECK(copy_frame(mbuf, 25, some) == 30);
    CHECK(some == Bytes(bytes.begin() + 25, bytes.begin() + 55));
    CHECK(copy_frame(mbuf, static_cast<uint32_t>(bytes.size()), some) == 0);
}

TEST_CASE("frame: a tuple is read as far as the frame goes", "[observe]") {
    const Bytes bytes = packet().tcp(40000, 80).bytes();
    for (size_t size = 0; size <= bytes.size(); ++size) {
        const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
        const auto tuple = tuple_of(cut);
        CAPTURE(size);
        REQUIRE(tuple.has_value() == (size >= 34));
        if (!tuple)
            continue;
        CHECK(tuple->source == ip("10.1.0.10"));
        CHECK(tuple->destination_port.host() == (size >= 38 ? 80 : 0));
    }
}

TEST_CASE("frame: tags are passed over, other protocols have no tuple", "[observe]") {
    const auto tuple = tuple_of(packet().udp(5000, 53).vlan(7).bytes());
    REQUIRE(tuple);
    CHECK(tuple->destination_port.host() == 53);
    CHECK_FALSE(tuple_of(packet().udp(5000, 53).ether_type(0x86dd).bytes()));
    CHECK_FALSE(tuple_of({}));
}

TEST_CASE("frame: a later fragment has no ports, a query its identifier", "[observe]") {
    const auto later = tuple_of(packet().protocol(17).payload(40).fragment(24, false).bytes());
    REQUIRE(later);
    CHECK(later->source_port.host() == 0);
    CHECK(later->protocol == net::Protocol::Udp);

    const auto query = tuple_of(packet().echo_request(77).bytes());
    REQUIRE(query);
    CHECK(query->source_port.host() == 77);
    CHECK(query->destination_port == net::icmp_ports(net::kEchoRequest, 0));
}

TEST_CASE("frame: flags are those of a TCP segment", "[observe]") {
    const Bytes bytes = packet().tcp(1, 2, kFin | kAck).bytes();
    CHECK(tcp_flags_of(bytes) == (kFin | kAck));
    CHECK_FALSE(tcp_flags_of(std::span(bytes).first(47)));
    CHECK_FALSE(tcp_flags_of(packet().udp(1, 2).bytes()));
    const auto ipv6 = [](Upper upper) {
        return Frame6{
            .source = "2001:db8:1::10", .destination = "2001:db8:9::1", .upper = std::move(upper)}
            .bytes();
    };
    const Bytes segment = ipv6(tcp6(1, 2, kSyn, 7, 0));
    CHECK(tcp_flags_of(segment) == kSyn);
    CHECK_FALSE(tcp_flags_of(std::span(segment).first(67)));
    CHECK_FALSE(tcp_flags_of(ipv6(udp6(1, 2))));
}

TEST_CASE("frame: a datagram has the bytes that its header says", "[observe]") {
    Bytes padded = packet().udp(1, 2).payload(5).bytes();
    padded.resize(padded.size() + 13);
    CHECK(observe::datagram_bytes(padded) == 33);
    const Frame6 frame{
        .source = "2001:db8:1::10", .destination = "2001:db8:9::1", .upper = udp6(1, 2, Bytes(5))};
    Bytes cut = frame.bytes();
    CHECK(observe::datagram_bytes(cut) == 53);
    cut.resize(14 + 39);
    CHECK(observe::datagram_bytes(cut) == 0);
    CHECK(observe::datagram_bytes({}) == 0);
}

TEST_CASE("frame: an IPv6 packet is known by what stands for its addresses", "[observe][nat64]") {
    const Ipv6Hosts hosts;
    const Be32 number = hosts.number("2001:db8:1::10");
    const auto tuple_from = [&](const std::string& source, const std::string& destination,
                                Upper upper) {
        return observe::tuple_of_ipv6(
            Frame6{.source = source, .destination = destination, .upper = std::move(upper)}.bytes(),
            hosts.naming);
    };
    const auto answer = tuple_from("64:ff9b::203.0.113.10", "2001:db8:1::10", udp6(53, 5000));
    REQUIRE(answer);
    CHECK(answer->source == ip("203.0.113.10"));
    CHECK(answer->destination == number);
    CHECK(answer->protocol == net::Protocol::Udp);
    CHECK(answer->source_port.host() == 53);
    CHECK(answer->destination_port.host() == 5000);

    const auto echo =
        tuple_from("64:ff9b::203.0.113.10", "2001:db8:1::10", icmp6(129, 0, 77U << 16));
    REQUIRE(echo);
    CHECK(echo->protocol == net::Protocol::Icmp);
    CHECK(echo->destination_port.host() == 77);
    CHECK(echo->source_port == net::icmp_ports(net::kEchoRequest, 0));
    const auto error = tuple_from("2001:db8:1::1", "2001:db8:1::10", icmp6(3, 0, 0));
    REQUIRE(error);
    CHECK(error->source_port.host() == 0);

    CHECK_FALSE(tuple_from("64:ff9b::203.0.113.10", "2001:db8:1::99", udp6(53, 5000)));
    CHECK_FALSE(
        tuple_from("2001:db8:1::1", "2001:db8:1::10", neighbour6(136, "2001:db8:1::1", mac(1))));
    CHECK_FALSE(observe::tuple_of_ipv6(packet().udp(1, 2).bytes(), hosts.naming));
    CHECK_FALSE(observe::tuple_of_ipv6({}, hosts.naming));
    CHECK_FALSE(observe::tuple_of_ipv6(packet().udp(1, 2).ether_type(0x86dd).bytes(), {}));
}

TEST_CASE("frame: an IPv6 packet is read by its own addresses, as far as its headers are sound",
          "[observe][nptv6]") {
    Frame6 frame{
        .source = "2001:db8:1::10", .destination = "2001:db8:cafe::10", .upper = udp6(5000, 53)};
    const auto udp = observe::read_ipv6(frame.bytes());
    REQUIRE(udp);
    CHECK(net::to_string(udp->ends.source) == "2001:db8:1::10");
    CHECK(net::to_string(udp->ends.destination) == "2001:db8:cafe::10");
    CHECK(udp->rest.protocol == net::Protocol::Udp);
    CHECK(udp->rest.destination_port.host() == 53);
    CHECK_FALSE(udp->is_discovery);
    frame.extensions = {17, 0, 0, 1, 0, 0, 0, 0};  // a routing header with a way to go
    frame.first_extension = 43;
    const auto routed = observe::read_ipv6(frame.bytes());
    REQUIRE(routed);
    CHECK(net::to_string(routed->ends.source) == "2001:db8:1::10");
    CHECK(routed->rest.destination_port.host() == 0);
    frame.extensions = {};
    frame.upper = neighbour6(135, "2001:db8:1::1", mac(1));
    CHECK(observe::read_ipv6(frame.bytes())->is_discovery);
    Bytes cut = frame.bytes();
    cut.resize(14 + 39);
    CHECK_FALSE(observe::read_ipv6(cut));
    CHECK_FALSE(observe::read_ipv6(packet().udp(1, 2).bytes()));
}

}  // namespace frame_test
