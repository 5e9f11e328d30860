// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/headers.h"

#include "catch.h"
#include "ipv6_frame.h"

namespace headers_test {

using namespace sluice;
using namespace sluice::nat64;
using namespace sluice::test;
using stats::Drop;

namespace {

Bytes packet(uint8_t first = 0, Bytes extensions = {}) {
    Frame6 frame{.source = "2001:db8::1", .destination = "64:ff9b::1", .upper = udp6(1, 2)};
    frame.first_extension = first;
    frame.extensions = std::move(extensions);
    frame.traffic_class = 0xa5;
    frame.hop_limit = 7;
    return frame.ip_bytes();
}

}  // namespace

TEST_CASE("headers: what the fixed header says is read", "[nat64][rfc8200]") {
    Headers headers;
    REQUIRE_FALSE(read_headers(packet(), headers));
    CHECK(net::to_string(headers.source) == "2001:db8::1");
    CHECK(net::to_string(headers.destination) == "64:ff9b::1");
    CHECK(headers.traffic_class == 0xa5);
    CHECK(headers.hop_limit == 7);
    CHECK(headers.protocol == 17);
    CHECK(headers.bytes == 40);
    CHECK(headers.transport_bytes == 18);
    CHECK(headers.is_whole());
    CHECK_FALSE(headers.is_fragment);
}

TEST_CASE("headers: options are skipped, in any number", "[nat64][rfc7915]") {
    Headers headers;
    const Bytes options{60, 0, 1, 4, 0, 0, 0, 0, 60, 1, 1, 12, 0, 0, 0, 0,
                        0,  0, 0, 0, 0, 0, 0, 0, 17, 0, 1, 4,  0, 0, 0, 0};
    REQUIRE_FALSE(read_headers(packet(0, options), headers));
    CHECK(headers.protocol == 17);
    CHECK(headers.bytes == 72);
    CHECK(headers.transport_bytes == 18);
}

TEST_CASE("headers: a fragment header is read", "[nat64][rfc8200]") {
    Headers headers;
    REQUIRE_FALSE(read_headers(packet(44, fragment6(17, 1448, true, 0x12345678)), headers));
    CHECK(headers.is_fragment);
    CHECK(headers.offset == 1448);
    CHECK(headers.has_more);
    CHECK(headers.identification == 0x12345678);
    CHECK(headers.bytes == 48);
    CHECK_FALSE(headers.is_first());
    REQUIRE_FALSE(read_headers(packet(44, fragment6(17, 0, false, 1)), headers));
    CHECK(headers.is_fragment);
    CHECK(headers.is_whole());
}

TEST_CASE("headers: what cannot be IPv4 ends by name", "[nat64][rfc7915]") {
    struct Row {
        const char* what;
        Bytes bytes;
        Drop reason;
    };
    Bytes version = packet();
    version[0] = 0x45;
    const Bytes whole = packet(60, {17, 0, 1, 4, 0, 0, 0, 0});
    const Row row = GENERATE_COPY(values<Row>({
        {"another version", version, Drop::Ipv6Malformed},
        {"a fixed header cut off", {whole.begin(), whole.begin() + 39}, Drop::Ipv6Malformed},
        {"options cut off", {whole.begin(), whole.begin() + 47}, Drop::Ipv6Malformed},
        {"options beyond the packet", packet(60, {17, 3, 1, 4, 0, 0, 0, 0}), Drop::Ipv6Malformed},
        {"a routing header", packet(43, {17, 0, 0, 1, 0, 0, 0, 0}), Drop::Ipv6Routing},
        {"nothing", packet(59, {0, 0, 0, 0, 0, 0, 0, 0}), Drop::Ipv6Untranslatable},
        {"options behind a fragment header", packet(44, fragment6(60, 0, true, 1)),
         Drop::Ipv6Untranslatable},
        {"a routing header behind a fragment header", packet(44, fragment6(43, 0, true, 1)),
         Drop::Ipv6Routing},
    }));
    CAPTURE(row.what);
    Headers headers;
    CHECK(read_headers(row.bytes, headers) == row.reason);
}

TEST_CASE("headers: what IPv4 cannot say is measured all the same", "[nat64][nptv6]") {
    const Bytes fragment = packet(44, fragment6(60, 16, true, 7));
    Headers headers;
    CHECK(read_headers(fragment, headers) == Drop::Ipv6Untranslatable);
    CHECK(headers.protocol == kNoTransport);
    CHECK(headers.bytes == 48);
    CHECK(headers.transport_bytes == fragment.size() - 48);
    const Bytes nothing = packet(59, {0, 0, 0, 0, 0, 0, 0, 0});
    CHECK(read_headers(nothing, headers) == Drop::Ipv6Untranslatable);
    CHECK(headers.protocol == kNoTransport);
    CHECK(size_t{headers.bytes} + headers.transport_bytes == nothing.size());
}

}  // namespace headers_test
