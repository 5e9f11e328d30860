// SPDX-License-Identifier: BSD-3-Clause
#include "net/quote.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_builder.h"

#include <optional>
#include <string>

namespace quote_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using stats::Drop;

namespace {

Frame quoted() {
    return Frame().ipv4("198.51.100.1", "203.0.113.10");
}

/// The first `count` bytes of an IP packet.
Bytes first(const Frame& packet, size_t count) {
    Bytes bytes = packet.ip_bytes();
    bytes.resize(count);
    return bytes;
}

struct Result {
    std::optional<Drop> reason;
    net::Tuple tuple;
};

Result parsed(const Bytes& quote, std::initializer_list<size_t> cuts = {}) {
    FakeMbuf mbuf(Frame().ipv4("192.0.2.1", "198.51.100.1").icmp_error(11, 0, quote).bytes(), cuts);
    net::Packet packet;
    Result result;
    result.reason = net::parse(mbuf, packet, result.tuple);
    return result;
}

}  // namespace

TEST_CASE("quote: 8 bytes behind the IP header are enough, options in it are stepped over",
          "[net][icmp][rfc5508]") {
    const size_t options = GENERATE(0, 4, 40);
    const auto of = [&](Frame frame) {
        return parsed(first(frame.ip_options(Bytes(options, 1)), 20 + options + 8));
    };
    CAPTURE(options);
    const Be32 source = ip("203.0.113.10");  // of the tuple, which is the quote's reversed
    const Be32 destination = ip("198.51.100.1");
    const auto port = [](uint16_t number) { return Be16::from_host(number); };

    const Result tcp = of(quoted().tcp(40000, 80).payload(20));
    CHECK_FALSE(tcp.reason);
    CHECK(tcp.tuple == net::Tuple{source, destination, port(80), port(40000), Protocol::Tcp});
    const Result udp = of(quoted().udp(5000, 53).payload(20));
    CHECK_FALSE(udp.reason);
    CHECK(udp.tuple == net::Tuple{source, destination, port(53), port(5000), Protocol::Udp});
    const Result echo = of(quoted().echo_request(77).payload(20));
    CHECK_FALSE(echo.reason);
    CHECK(echo.tuple == net::Tuple{source, destination, port(0x0800), port(77), Protocol::Icmp});
    const Result gre = of(quoted().protocol(47).payload(20));
    CHECK_FALSE(gre.reason);
    CHECK(gre.tuple == net::Tuple{source, destination, {}, {}, Protocol{47}});
}

TEST_CASE("quote: what tells no flow has its reason", "[net][icmp][rfc5508]") {
    struct Row {
        std::string what;
        Bytes quote;
    };
    const Row rows[] = {
        {"an IP header cut short", first(quoted().udp(1, 2), 19)},
        {"options cut short", first(quoted().ip_options(Bytes(8, 1)).udp(1, 2), 27)},
        {"one port", first(quoted().udp(1, 2), 23)},
        {"7 bytes of UDP", first(quoted().udp(1, 2), 27)},
        {"7 bytes of TCP", first(quoted().tcp(1, 2), 27)},
        {"7 bytes of UDP-Lite", first(quoted().udp_lite(1, 2), 27)},
        {"7 bytes of GRE", first(quoted().protocol(47).payload(20), 27)},
        {"7 bytes of ICMP", first(quoted().echo_request(1), 27)},
        {"IPv6", quoted().udp(1, 2).ip_version(6).ip_bytes()},
        {"a header length of 4 words", quoted().udp(1, 2).ip_header_words(4).ip_bytes()},
        {"a later fragment", quoted().udp(1, 2).fragment(800, true).ip_bytes()},
        {"an error", quoted().icmp_error(3, 1, quoted().udp(1, 2).ip_bytes()).ip_bytes()},
        {"a redirect", quoted().icmp(5, 1).payload(28).ip_bytes()},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CHECK(parsed(row.quote).reason == Drop::IcmpErrorQuote);
    }
}

TEST_CASE("quote: a first fragment tells its flow", "[net][icmp]") {
    CHECK_FALSE(parsed(quoted().udp(1, 2).fragment(0, true).ip_bytes()).reason);
}

TEST_CASE("quote: it must lie in the first segment", "[net][icmp]") {
    const Bytes quote = quoted().udp(1, 2).payload(8).ip_bytes();
    constexpr size_t kStart = 14 + 20 + 8;
    CHECK(parsed(quote, {kStart + 19}).reason == Drop::SplitHeaders);
    CHECK(parsed(quote, {kStart + 27}).reason == Drop::SplitHeaders);
    CHECK_FALSE(parsed(quote, {kStart + 28}).reason);
}

}  // namespace quote_test
