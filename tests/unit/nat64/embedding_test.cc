// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/embedding.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"

namespace embedding_test {

using namespace sluice;
using namespace sluice::nat64;
using test::prefix6;
using test::v6;

namespace {

Embedding behind(const char* prefix) {
    const auto embedding = Embedding::of(prefix6(prefix));
    REQUIRE(embedding);
    return *embedding;
}

}  // namespace

TEST_CASE("embedding: the addresses of RFC 6052 §2.4 come out, and go back", "[nat64][rfc6052]") {
    const auto [prefix, text] = GENERATE(table<const char*, const char*>({
        {"2001:db8::/32", "2001:db8:c000:221::"},
        {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
        {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
        {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
        {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100:0"},
        {"2001:db8:122:344::/96", "2001:db8:122:344::c000:221"},
        {"64:ff9b::/96", "64:ff9b::c000:221"},
    }));
    CAPTURE(prefix);
    const Embedding embedding = behind(prefix);
    const Be32 ipv4 = *net::parse_address("192.0.2.33");
    const auto ipv6 = v6(text);
    CHECK(embedding.to_ipv6(ipv4) == ipv6);
    CHECK(embedding.to_ipv4(ipv6) == ipv4);
}

TEST_CASE("embedding: a prefix of another kind is none", "[nat64][rfc6052]") {
    const char* prefix = GENERATE("2001:db8::/33", "2001:db8::/0", "2001:db8::/128",
                                  "2001:db8::1/96", "2001:db8:122:344:ff00::/96");
    CAPTURE(prefix);
    CHECK_FALSE(Embedding::of(prefix6(prefix)));
}

TEST_CASE("embedding: other addresses stand for no IPv4 host", "[nat64][rfc6052]") {
    const Embedding embedding = behind("2001:db8:122:344::/64");
    CHECK_FALSE(embedding.to_ipv4(v6("2001:db8:122:345:c0:2:2100:0")));
    // Bits 64 to 71 are zero.
    CHECK_FALSE(embedding.to_ipv4(v6("2001:db8:122:344:1c0:2:2100:0")));
    CHECK(behind("64:ff9b::/96").is_well_known());
    CHECK_FALSE(behind("64:ff9b:1::/48").is_well_known());
}

}  // namespace embedding_test
