// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// ICMP errors that others send about what has passed the gateway.

#include "any_workers.h"
#include "catch.h"
#include "testbed.h"

#include <algorithm>
#include <string>

namespace icmp_error_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kFarRouter = "192.0.2.9";
constexpr auto kInsideRouter = "10.1.0.77";
constexpr auto kOther = "10.1.0.11";  // takes the port that kHost's flow would have had

enum class Kind { Tcp, Udp, Echo, Timestamp };
constexpr Kind kKinds[] = {Kind::Tcp, Kind::Udp, Kind::Echo, Kind::Timestamp};

/// A packet of the flow between `host` with `port` and the server.
Frame to_server(Kind kind, const std::string& host, uint16_t port) {
    Frame frame = Frame().ipv4(host, kServer).id(4711).payload(30);
    switch (kind) {
        case Kind::Tcp:
            return frame.tcp(port, 80, kSyn);
        case Kind::Udp:
            return frame.udp(port, 53);
        case Kind::Echo:
            return frame.echo_request(port);
        default:
            return frame.icmp(13, 0, uint32_t{port} << 16);
    }
}
Frame from_server(Kind kind, const std::string& host, uint16_t port) {
    Frame frame = Frame().ipv4(kServer, host).id(4712).payload(30);
    switch (kind) {
        case Kind::Tcp:
            return frame.tcp(80, port, kSyn | kAck).ack(1001);
        case Kind::Udp:
            return frame.udp(53, port);
        case Kind::Echo:
            return frame.echo_reply(port);
        default:
            return frame.icmp(14, 0, uint32_t{port} << 16);
    }
}

/// Opens a flow of kHost whose external port is not its own, which it returns.
uint16_t open(Testbed& bed, Kind kind, uint16_t port) {
    REQUIRE(bed.from_inside(to_server(kind, kOther, port)).size() == 1);
    const auto out = bed.from_inside(to_server(kind, kHost, port));
    REQUIRE(out.size() == 1);
    const bool has_ports = kind == Kind::Tcp || kind == Kind::Udp;
    const uint16_t external = has_ports ? out[0].source_port : out[0].identifier;
    REQUIRE(external != port);
    return external;
}

Frame error_inward(uint8_t type, uint8_t code, const Frame& quoted, uint16_t mtu = 0) {
    return Frame().ipv4(kFarRouter, kPublic).icmp_error(type, code, quoted.ip_bytes(), mtu);
}
Frame error_outward(const std::string& source, const Frame& quoted) {
    return Frame().ipv4(source, kServer).icmp_error(3, 3, quoted.ip_bytes());
}

/// A flow of kHost, port 5000, to kServer, port 53, and what the server answers.
void open_udp(Testbed& bed) {
    REQUIRE(bed.from_inside(to_server(Kind::Udp, kHost, 5000)).size() == 1);
    REQUIRE(bed.from_outside(from_server(Kind::Udp, kPublic, 5000)).size() == 1);
}

}  // namespace

TEST_CASE("icmp error: from outside it reaches the host, and quotes what the host sent",
          "[packet][icmp][rfc5508]") {
    struct Error {
        uint8_t type, code;
        uint16_t mtu;
    };
    const Error error =
        GENERATE(values<Error>({{3, 1, 0}, {3, 4, 1400}, {4, 0, 0}, {11, 0, 0}, {12, 0, 0}}));
    Testbed bed({.workers = GENERATE(1u, 2u)});
    for (const Kind kind : kKinds) {
        CAPTURE(static_cast<int>(kind), int{error.type}, int{error.code});
        const uint16_t external = open(bed, kind, 5000);
        const auto in = bed.from_outside(
            error_inward(error.type, error.code, to_server(kind, kPublic, external), error.mtu));
        REQUIRE(in.size() == 1);
        CHECK(in[0].source == kFarRouter);
        CHECK(in[0].destination == kHost);
        CHECK(in[0].destination_mac == mac_of(ip(kHost)));
        CHECK(in[0].ttl == 63);
        CHECK(in[0].icmp_type == error.type);
        CHECK(in[0].icmp_code == error.code);
        CHECK(in[0].echo_sequence == error.mtu);
        CHECK(in[0].checksums_ok());
        CHECK(in[0].payload == to_server(kind, kHost, 5000).ip_bytes());
    }
}

TEST_CASE("icmp error: a quote may have IP options, and 8 bytes behind them", "[packet][icmp]") {
    constexpr size_t kQuoted = 20 + 4 + 8;
    Testbed bed;
    struct Row {
        Frame there, back;
    };
    const auto rows = [](const std::string& host) {
        const auto there = [&] { return Frame().ipv4(host, kServer).ip_options({1, 1, 1, 0}); };
        const auto back = [&] { return Frame().ipv4(kServer, host).ip_options({1, 1, 1, 0}); };
        return std::vector<Row>{
            {there().tcp(5000, 80, kSyn).payload(30),
             back().tcp(80, 5000, kSyn | kAck).ack(1001).payload(30)},
            {there().udp(5000, 53).payload(30), back().udp(53, 5000).payload(30)},
            {there().udp_lite(5000, 53).payload(30), back().udp_lite(53, 5000).payload(30)},
            {there().sctp(5000, 80, 0).init(1, 77), back().sctp(80, 5000, 77).init(2, 78)},
            {there().echo_request(5000).payload(30), back().echo_reply(5000).payload(30)},
            {there().protocol(47).payload(30), back().protocol(47).payload(30)},
            {there().protocol(4).payload(30), back().protocol(4).payload(30)},
        };
    };
    const auto cut = [](const Frame& frame) {
        Bytes quote = frame.ip_bytes();
        quote.resize(kQuoted);
        return quote;
    };
    const auto inside = rows(kHost);
    const auto outside = rows(kPublic);
    for (size_t i = 0; i < inside.size(); ++i) {
        CAPTURE(i);
        REQUIRE(bed.from_inside(inside[i].there).size() == 1);
        const auto in = bed.from_outside(
            Frame().ipv4(kFarRouter, kPublic).icmp_error(3, 1, cut(outside[i].there)));
        REQUIRE(in.size() == 1);
        CHECK(in[0].destination == kHost);
        CHECK(in[0].checksums_ok());
        CHECK(in[0].payload == cut(inside[i].there));

        REQUIRE(bed.from_outside(outside[i].back).size() == 1);
        const auto out = bed.from_inside(
            Frame().ipv4(kInsideRouter, kServer).icmp_error(3, 1, cut(inside[i].back)));
        REQUIRE(out.size() == 1);
        CHECK(out[0].source == kPublic);
        CHECK(out[0].checksums_ok());
        CHECK(out[0].payload == cut(outside[i].back));
    }
}

TEST_CASE("icmp error: from inside it leaves from the flow's external address, whoever sent it",
          "[packet][icmp][rfc5508][leak]") {
    const std::string source = GENERATE(as<std::string>(), kHost, kInsideRouter, "172.16.9.9");
    Testbed bed({.workers = GENERATE(1u, 2u)});
    for (const Kind kind : kKinds) {
        CAPTURE(static_cast<int>(kind), source);
        const uint16_t external = open(bed, kind, 5000);
        REQUIRE(bed.from_outside(from_server(kind, kPublic, external)).size() == 1);
        const auto out = bed.from_inside(error_outward(source, from_server(kind, kHost, 5000)));
        REQUIRE(out.size() == 1);
        CHECK(out[0].source == kPublic);
        CHECK(out[0].destination == kServer);
        CHECK(out[0].checksums_ok());
        CHECK(out[0].payload == from_server(kind, kPublic, external).ip_bytes());
    }
}

TEST_CASE("icmp error: an inside router's extensions do not leave, an outside router's arrive",
          "[packet][icmp][leak]") {
    Testbed bed;
    open_udp(bed);
    const auto with_extensions = [](const Frame& quoted) {
        Bytes bytes = quoted.ip_bytes();
        bytes.resize(128);
        const Bytes extensions{0x20, 0, 0, 0, 0, 12, 2, 2, 0, 1, 0, 0, 10, 1, 0, 77};  // RFC 5837
        bytes.insert(bytes.end(), extensions.begin(), extensions.end());
        return bytes;
    };
    constexpr uint32_t kLength = 128 / 4 << 16;
    const Bytes sent = with_extensions(from_server(Kind::Udp, kHost, 5000));
    const auto out = bed.from_inside(
        Frame().ipv4(kInsideRouter, kServer).icmp(11, 0, kLength).payload(sent));  // checks leaks
    REQUIRE(out.size() == 1);
    CHECK(out[0].checksums_ok());
    CHECK(Bytes(out[0].payload.begin() + 128, out[0].payload.end()) == Bytes(16, 0));

    const Bytes received = with_extensions(to_server(Kind::Udp, kPublic, 5000));
    const auto in =
        bed.from_outside(Frame().ipv4(kFarRouter, kPublic).icmp(11, 0, kLength).payload(received));
    REQUIRE(in.size() == 1);
    CHECK(in[0].checksums_ok());
    CHECK(std::equal(received.begin() + 128, received.end(), in[0].payload.begin() + 128,
                     in[0].payload.end()));
}

TEST_CASE("icmp error: a flow by its addresses alone gets its errors, too, both ways",
          "[packet][icmp][leak]") {
    const uint8_t protocol = GENERATE(4, 47, 50);  // IPIP, GRE, ESP
    Testbed bed;
    const auto there = [&](const char* host) {
        return Frame().ipv4(host, kServer).id(4711).protocol(protocol).payload(40);
    };
    const auto back = [&](const char* host) {
        return Frame().ipv4(kServer, host).id(4712).protocol(protocol).payload(40);
    };
    REQUIRE(bed.from_inside(there(kHost)).size() == 1);
    const auto in = bed.from_outside(error_inward(3, 4, there(kPublic), 1400));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].checksums_ok());
    CHECK(in[0].payload == there(kHost).ip_bytes());

    REQUIRE(bed.from_outside(back(kPublic)).size() == 1);
    const auto out = bed.from_inside(error_outward(kHost, back(kHost)));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].payload == back(kPublic).ip_bytes());
}

TEST_CASE("icmp error: it neither refreshes its flow, nor steps it, nor ends it",
          "[packet][icmp][rfc5508]") {
    Testbed bed;
    REQUIRE(bed.from_inside(to_server(Kind::Tcp, kHost, 40000)).size() == 1);
    const auto deadline = [&] { return bed.only_flow().deadline.load(); };
    const auto state = [&] { return bed.only_flow().state.load(); };
    const Tick before = deadline();
    const uint8_t state_before = state();
    bed.advance(Duration::seconds(5));
    CHECK(bed.from_outside(error_inward(3, 1, to_server(Kind::Tcp, kPublic, 40000))).size() == 1);
    CHECK(deadline() == before);
    CHECK(state() == state_before);
    CHECK(bed.only_flow().status.load() == 0);
}

TEST_CASE("icmp error: about a packet of no flow it ends by name", "[packet][icmp][rfc5508]") {
    Testbed bed;
    CHECK(bed.from_outside(error_inward(3, 1, to_server(Kind::Udp, kPublic, 5000))).empty());
    CHECK(bed.from_inside(error_outward(kHost, from_server(Kind::Udp, kHost, 5000))).empty());
    CHECK(bed.dropped(Drop::IcmpErrorUnknown) == 2);
    open_udp(bed);
    bed.advance(Duration::seconds(31));
    CHECK(bed.from_outside(error_inward(3, 1, to_server(Kind::Udp, kPublic, 5000))).empty());
    CHECK(bed.dropped(Drop::IcmpErrorUnknown) == 3);
}

TEST_CASE("icmp error: to another host than sent the packet it ends by name", "[packet][icmp]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.pool = {{ip("198.51.100.1"), ip("198.51.100.2")}};
    }});
    const auto opened = bed.from_inside(to_server(Kind::Udp, kHost, 5000));
    REQUIRE(opened.size() == 1);
    const std::string other = opened[0].source == kPublic ? "198.51.100.2" : kPublic;
    const Bytes quote = to_server(Kind::Udp, opened[0].source, 5000).ip_bytes();
    CHECK(bed.from_outside(Frame().ipv4(kFarRouter, other).icmp_error(3, 1, quote)).empty());
    // From inside, about what left for outside: an inside host makes it up.
    CHECK(bed.from_inside(Frame().ipv4(kHost, opened[0].source).icmp_error(3, 1, quote)).empty());
    CHECK(bed.dropped(Drop::IcmpErrorMismatch) == 2);
}

TEST_CASE("icmp error: a redirect is dropped by its own name, both ways",
          "[packet][icmp][rfc5508]") {
    Testbed bed;
    open_udp(bed);
    CHECK(bed.from_outside(error_inward(5, 1, to_server(Kind::Udp, kPublic, 5000))).empty());
    const Bytes quote = from_server(Kind::Udp, kHost, 5000).ip_bytes();
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).icmp_error(5, 1, quote)).empty());
    CHECK(bed.dropped(Drop::IcmpRedirect) == 2);
}

TEST_CASE("icmp error: one that quotes too little, or another error, is dropped by name",
          "[packet][icmp]") {
    Testbed bed;
    open_udp(bed);
    Bytes quote = to_server(Kind::Udp, kPublic, 5000).ip_bytes();
    const Frame about_error = Frame().ipv4(kPublic, kServer).icmp_error(3, 1, quote);
    CHECK(bed.from_outside(error_inward(3, 1, about_error)).empty());
    quote.resize(22);
    CHECK(bed.from_outside(Frame().ipv4(kFarRouter, kPublic).icmp_error(3, 1, quote)).empty());
    CHECK(bed.dropped(Drop::IcmpErrorQuote) == 2);
}

TEST_CASE("icmp error: a wrong ICMP checksum is dropped, a quote's own is not looked at",
          "[packet][icmp][rfc5508]") {
    Testbed bed;
    open_udp(bed);
    const auto sent = [] { return to_server(Kind::Udp, kPublic, 5000); };
    CHECK(bed.from_outside(error_inward(3, 1, sent()).bad_transport_checksum()).empty());
    CHECK(bed.dropped(Drop::TransportChecksum) == 1);
    const auto in = bed.from_outside(error_inward(3, 1, sent().bad_transport_checksum()));
    REQUIRE(in.size() == 1);
    CHECK(in[0].checksums_ok());
    CHECK(bed.from_outside(error_inward(11, 0, sent().ttl(1).bad_ip_checksum())).size() == 1);
}

TEST_CASE("icmp error: a forged sender is refused as for any packet", "[packet][icmp]") {
    Testbed bed;
    open_udp(bed);
    const Bytes quote = to_server(Kind::Udp, kPublic, 5000).ip_bytes();
    const auto from = [&](const char* source) {
        return Frame().ipv4(source, kPublic).icmp_error(3, 1, quote);
    };
    CHECK(bed.from_outside(from("10.1.0.50")).empty());
    CHECK(bed.dropped(Drop::OutsideSpoof) == 1);
    CHECK(bed.from_outside(from("127.0.0.1")).empty());
    CHECK(bed.from_outside(from(kPublic)).empty());
    CHECK(bed.dropped(Drop::MartianSource) == 2);
}

TEST_CASE("icmp error: one whose TTL runs out is dropped, and nobody told", "[packet][icmp]") {
    Testbed bed;
    open_udp(bed);
    CHECK(bed.from_outside(error_inward(3, 1, to_server(Kind::Udp, kPublic, 5000)).ttl(1)).empty());
    CHECK(bed.dropped(Drop::TtlExceeded) == 1);
    CHECK(bed.count(Count::IcmpErrors) == 0);
    CHECK(bed.take(Side::Outside).empty());
}

TEST_CASE("icmp error: it waits for its next hop like any packet", "[packet][icmp]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.inside.push_back({ip("10.9.0.0"), 16});
        config.routes = {{{ip("10.9.0.0"), 16}, ip("10.1.0.99")}};
    }});
    REQUIRE(bed.from_inside(to_server(Kind::Udp, "10.9.3.3", 5000)).size() == 1);
    const auto in = bed.from_outside(error_inward(11, 0, to_server(Kind::Udp, kPublic, 5000)));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.9.3.3");
    CHECK(in[0].destination_mac == mac_of(ip("10.1.0.99")));
}

TEST_CASE("icmp error: by choice none asks for packets that are too small", "[packet][icmp]") {
    const uint16_t least = GENERATE(uint16_t{0}, uint16_t{552});
    Testbed bed(
        {.configure = [least](config::Config& config) { config.strict.least_pmtu = least; }});
    REQUIRE(bed.from_inside(to_server(Kind::Udp, kHost, 5000)).size() == 1);
    constexpr size_t kHeaders = 28;
    const auto passes = [&](uint16_t mtu, size_t quoted_bytes) {
        Frame quoted =
            Frame().ipv4(kPublic, kServer).udp(5000, 53).payload(quoted_bytes - kHeaders);
        return bed.from_outside(
                      Frame().ipv4(kFarRouter, kPublic).icmp_error(3, 4, quoted.ip_bytes(), mtu))
                   .size() == 1;
    };
    CHECK(passes(68, 100) == (least == 0));
    CHECK(passes(551, 1400) == (least == 0));
    CHECK(passes(552, 1400));
    // Of a router from before RFC 1191: whoever hears it goes by the quoted packet.
    CHECK(passes(0, 1400));
    CHECK(passes(0, 553));
    CHECK(passes(0, 552) == (least == 0));
    CHECK(passes(0, 100) == (least == 0));
    CHECK(bed.dropped(Drop::IcmpErrorMtu) == (least == 0 ? 0 : 4));
}

TEST_CASE("icmp error: by choice what it quotes of TCP must be in flight",
          "[packet][icmp][rfc5927]") {
    const bool strict = GENERATE(false, true);
    TestbedOptions options = any_workers();
    options.configure = [strict](config::Config& config) { config.tuning.tcp_strict = strict; };
    Testbed bed(options);
    const auto segment = [](const char* host, uint32_t seq) {
        return Frame().ipv4(host, kServer).tcp(5000, 80, kSyn).seq(seq);
    };
    constexpr uint32_t kFirst = 0x12345678;
    REQUIRE(bed.from_inside(segment(kHost, kFirst)).size() == 1);
    for (int round = 0; round < 3; ++round) {  // by whichever queue it comes
        CHECK(bed.from_outside(error_inward(3, 4, segment(kPublic, kFirst), 1400)).size() == 1);
        CHECK(bed.from_outside(error_inward(3, 1, segment(kPublic, kFirst))).size() == 1);
        for (const uint32_t wrong : {kFirst + 2, kFirst - 20'000, ~kFirst})
            CHECK(bed.from_outside(error_inward(3, 4, segment(kPublic, wrong), 1400)).empty() ==
                  strict);
    }
    CHECK(bed.dropped(Drop::IcmpErrorNumber) == (strict ? 9 : 0));

    // From inside too, about what the server sent; and of UDP there are no numbers.
    const auto answer = [](const char* host, uint32_t seq) {
        return Frame().ipv4(kServer, host).tcp(80, 5000, kSyn | kAck).seq(seq).ack(kFirst + 1);
    };
    REQUIRE(bed.from_outside(answer(kPublic, 7000)).size() == 1);
    CHECK(bed.from_inside(error_outward(kHost, answer(kHost, 7000))).size() == 1);
    CHECK(bed.from_inside(error_outward(kHost, answer(kHost, 9000))).empty() == strict);
    REQUIRE(bed.from_inside(to_server(Kind::Udp, kHost, 6000)).size() == 1);
    CHECK(bed.from_outside(error_inward(3, 1, to_server(Kind::Udp, kPublic, 6000))).size() == 1);
}

}  // namespace icmp_error_test
