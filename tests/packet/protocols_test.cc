// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Protocols beside TCP, UDP and ICMP: UDP-Lite by its ports, GRE, ESP and all others by address.

#include "catch.h"
#include "testbed.h"

namespace protocols_test {

using namespace sluice;
using namespace sluice::test;
using stats::Drop;

namespace {

constexpr uint8_t kGre = 47;
constexpr uint8_t kEsp = 50;

Frame from_host(uint8_t protocol, std::string_view host = kHost) {
    return Frame().ipv4(host, kServer).protocol(protocol).payload(40);
}

Frame from_server(uint8_t protocol, std::string_view address = kPublic) {
    return Frame().ipv4(kServer, address).protocol(protocol).payload(40);
}

TestbedOptions two_addresses() {
    return {.configure = [](config::Config& config) {
        config.pool = {{ip("198.51.100.1"), ip("198.51.100.2")}};
    }};
}

}  // namespace

TEST_CASE("udp-lite: ports are translated, and the checksum covers what it did", "[packet][udp]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto coverage = static_cast<uint16_t>(GENERATE(0, 8, 20));
    const auto send = [&](std::string_view host) {
        return bed.from_inside(
            Frame().ipv4(host, kServer).udp_lite(5000, 53, coverage).payload(30));
    };
    const auto first = send(kHost);
    REQUIRE(first.size() == 1);
    CHECK(summary(first[0]) == "udplite 198.51.100.1:5000 > 203.0.113.10:53 ttl=63 payload=30");
    CHECK(first[0].checksums_ok());

    const auto second = send("10.1.0.11");
    REQUIRE(second.size() == 1);
    CHECK(second[0].source_port != 5000);
    CHECK(second[0].checksums_ok());

    const auto in = bed.from_outside(
        Frame().ipv4(kServer, kPublic).udp_lite(53, second[0].source_port, coverage).payload(30));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.1.0.11");
    CHECK(in[0].destination_port == 5000);
    CHECK(in[0].checksums_ok());
}

TEST_CASE("udp-lite: its ports are not UDP's", "[packet][udp]") {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp_lite(5000, 53)).size() == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    const auto out = bed.from_inside(Frame().ipv4("10.1.0.11", kServer).udp(5000, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port == 5000);
}

TEST_CASE("udp: a checksum of 0 stays 0, there and back", "[packet][udp]") {
    Testbed bed;
    const auto out =
        bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53).without_udp_checksum());
    REQUIRE(out.size() == 1);
    CHECK(out[0].transport_checksum == 0);
    const auto in =
        bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000).without_udp_checksum());
    REQUIRE(in.size() == 1);
    CHECK(in[0].transport_checksum == 0);
}

TEST_CASE("by address: a protocol without ports passes, there and back", "[packet]") {
    const auto protocol = static_cast<uint8_t>(GENERATE(4, 41, 47, 50, 51, 253));
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto out = bed.from_inside(from_host(protocol));
    REQUIRE(out.size() == 1);
    CHECK(out[0].protocol == protocol);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].ttl == 63);
    CHECK(out[0].checksums_ok());
    CHECK(out[0].payload == read(Frame().payload(40).bytes()).payload);

    const auto in = bed.from_outside(from_server(protocol));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].checksums_ok());
    CHECK(in[0].payload == out[0].payload);
    CHECK(bed.flows() == 1);
}

TEST_CASE("by address: what nobody inside has asked for is dropped", "[packet]") {
    Testbed bed;
    CHECK(bed.from_outside(from_server(kEsp)).empty());
    REQUIRE(bed.from_inside(from_host(kGre)).size() == 1);
    CHECK(bed.from_outside(from_server(kEsp)).empty());
    CHECK(bed.from_outside(Frame().ipv4("203.0.113.11", kPublic).protocol(kGre)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 3);
}

TEST_CASE("by address: one inside host for each public address and destination", "[packet]") {
    Testbed bed(two_addresses());
    const auto first = bed.from_inside(from_host(kEsp, "10.1.0.10"));
    const auto second = bed.from_inside(from_host(kEsp, "10.1.0.11"));
    REQUIRE((first.size() == 1 && second.size() == 1));
    CHECK(first[0].source != second[0].source);
    CHECK(bed.from_inside(from_host(kEsp, "10.1.0.12")).empty());
    CHECK(bed.dropped(Drop::AddressesExhausted) == 1);

    // Another destination, and another protocol, are ways of their own.
    CHECK(bed.from_inside(from_host(kGre, "10.1.0.12")).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4("10.1.0.12", "203.0.113.11").protocol(kEsp)).size() == 1);

    const auto in = bed.from_outside(from_server(kEsp, second[0].source));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.1.0.11");
}

TEST_CASE("by address: the way is free for the next host when the flow ends", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.tuning.generic = Duration::seconds(5);
    }});
    REQUIRE(bed.from_inside(from_host(kEsp, "10.1.0.10")).size() == 1);
    REQUIRE(bed.from_inside(from_host(kEsp, "10.1.0.11")).empty());
    bed.advance(Duration::seconds(4));
    REQUIRE(bed.from_outside(from_server(kEsp)).size() == 1);  // each packet prolongs it
    bed.advance(Duration::seconds(4));
    REQUIRE(bed.from_inside(from_host(kEsp, "10.1.0.11")).empty());
    bed.advance(Duration::seconds(8));
    REQUIRE(bed.from_inside(from_host(kEsp, "10.1.0.11")).size() == 1);
    const auto in = bed.from_outside(from_server(kEsp));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.1.0.11");
}

TEST_CASE("by address: the gateway itself answers no such protocol", "[packet]") {
    Testbed bed;
    CHECK(bed.from_inside(Frame().ipv4(kHost, "10.1.0.1").protocol(kGre)).empty());
    CHECK(bed.dropped(Drop::ToGateway) == 1);
}

TEST_CASE("by address: a TTL that runs out is reported", "[packet]") {
    Testbed bed;
    CHECK(bed.from_inside(from_host(kEsp).ttl(1)).empty());
    CHECK(bed.count(stats::Count::IcmpErrors) == 1);
    CHECK(bed.flows() == 0);
}

}  // namespace protocols_test
