// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/nptv6.h"

#include "catch.h"
#include "ipv6_addresses.h"

#include <random>
#include <string>

namespace nptv6_test {

using namespace sluice;
using namespace sluice::nat64;
using net::Ipv6Address;
using test::prefix6;
using test::v6;

namespace {

PrefixPair pair(const char* inside, const char* outside) {
    return *PrefixPair::of(prefix6(inside), prefix6(outside));
}

std::string text(const std::optional<Ipv6Address>& address) {
    return address ? net::to_string(*address) : "none";
}

/// What a checksum sees of an address: two are alike to it if their numbers leave the same rest.
unsigned rest_of(const Ipv6Address& address) {
    unsigned rest = 0;
    for (size_t i = 0; i < 16; i += 2)
        rest = (rest + (address.bytes[i] * 256u + address.bytes[i + 1])) % 65535;
    return rest;
}

unsigned word(const Ipv6Address& address, size_t i) {
    return address.bytes[2 * i] * 256u + address.bytes[2 * i + 1];
}

/// By RFC 6296 alone: the word is 3, or the first behind it that is not 0xFFFF.
bool may_be_mapped(const Ipv6Address& address, unsigned length) {
    if (length <= 48)
        return word(address, 3) != 0xffff;
    return address.low() != 0 && address.low() != ~uint64_t{0};
}

struct Random {
    std::mt19937_64 draw{6296};

    net::Ipv6Prefix prefix(uint8_t length) {
        return net::Ipv6Prefix{Ipv6Address::of_words(draw(), draw()), length}.network();
    }
    /// Of which words of ones or of zeros are as likely as others.
    Ipv6Address address_of(const net::Ipv6Prefix& prefix) {
        Ipv6Address host = Ipv6Address::of_words(draw(), draw());
        for (size_t i = 0; i < 16; i += 2)
            if (const auto kind = draw() % 3; kind != 0)
                host.bytes[i] = host.bytes[i + 1] = kind == 1 ? 0xff : 0;
        const auto keep = [&](uint64_t bits, unsigned from) {
            const unsigned length = prefix.length;
            if (length <= from)
                return bits;
            return length >= from + 64 ? uint64_t{0} : bits & ~uint64_t{0} >> (length - from);
        };
        return Ipv6Address::of_words(prefix.address.high() | keep(host.high(), 0),
                                     prefix.address.low() | keep(host.low(), 64));
    }
};

}  // namespace

TEST_CASE("nptv6: the example of RFC 6296 comes out, and goes back", "[nat64][rfc6296]") {
    const PrefixPair rfc = pair("fd01:203:405::/48", "2001:db8:1::/48");
    CHECK(text(rfc.outward(v6("fd01:203:405:1::1234"))) == "2001:db8:1:d550::1234");
    CHECK(text(rfc.inward(v6("2001:db8:1:d550::1234"))) == "fd01:203:405:1::1234");
}

TEST_CASE("nptv6: of a longer prefix the first word that is not 0xFFFF is adjusted",
          "[nat64][rfc6296]") {
    const PrefixPair longer = pair("fd01:203:405:1::/64", "2001:db8:1:1::/64");
    CHECK(text(longer.outward(v6("fd01:203:405:1::1234"))) == "2001:db8:1:1:d54f::1234");
    CHECK(text(longer.outward(v6("fd01:203:405:1:ffff:1:2:3"))) == "2001:db8:1:1:ffff:d550:2:3");
    CHECK(text(longer.outward(v6("fd01:203:405:1:ffff:ffff:ffff:3"))) ==
          "2001:db8:1:1:ffff:ffff:ffff:d552");
    CHECK(text(longer.inward(v6("2001:db8:1:1:ffff:ffff:ffff:d552"))) ==
          "fd01:203:405:1:ffff:ffff:ffff:3");
}

TEST_CASE("nptv6: what RFC 6296 lets nobody map is nothing", "[nat64][rfc6296]") {
    const PrefixPair shorter = pair("fd01:203:405::/48", "2001:db8:1::/48");
    CHECK_FALSE(shorter.outward(v6("fd01:203:405:ffff::1")));
    CHECK_FALSE(shorter.inward(v6("2001:db8:1:ffff::1")));
    const PrefixPair longer = pair("fd01:203:405:1::/64", "2001:db8:1:1::/64");
    CHECK_FALSE(longer.outward(v6("fd01:203:405:1:ffff:ffff:ffff:ffff")));
    CHECK_FALSE(longer.inward(v6("2001:db8:1:1:ffff:ffff:ffff:ffff")));
    CHECK_FALSE(longer.outward(v6("fd01:203:405:1::")));
    CHECK_FALSE(longer.inward(v6("2001:db8:1:1::")));
    CHECK(shorter.outward(v6("fd01:203:405:1::")));  // its identifier is not touched
}

TEST_CASE("nptv6: an address of another prefix is nothing", "[nat64][rfc6296]") {
    const PrefixPair one = pair("fd01:203:405::/48", "2001:db8:1::/48");
    CHECK_FALSE(one.outward(v6("fd01:203:406:1::1")));
    CHECK_FALSE(one.outward(v6("2001:db8:1:1::1")));
    CHECK_FALSE(one.inward(v6("fd01:203:405:1::1")));
}

TEST_CASE("nptv6: the shorter of two prefixes is extended with zeros", "[nat64][rfc6296]") {
    const PrefixPair extended = pair("fd01:203:405::/48", "2001:db8::/32");
    CHECK(to_string(extended) == "fd01:203:405::/48 -> 2001:db8::/48");
    CHECK(extended == pair("fd01:203:405::/48", "2001:db8::/48"));
    CHECK(to_string(pair("fd00::/8", "2001:db8:0:8::/61")) == "fd00::/61 -> 2001:db8:0:8::/61");
}

TEST_CASE("nptv6: no prefix is longer than 64 bits", "[nat64][rfc6296]") {
    CHECK_FALSE(PrefixPair::of(prefix6("fd01::/64"), prefix6("2001:db8::/65")));
    CHECK(PrefixPair::of(prefix6("fd01::/64"), prefix6("2001:db8::/64")));
}

TEST_CASE("nptv6: whatever is mapped goes back, and leaves checksums as they are",
          "[nat64][rfc6296]") {
    Random random;
    for (uint8_t length = 1; length <= 64; ++length)
        for (int i = 0; i < 2000; ++i) {
            const PrefixPair one = *PrefixPair::of(random.prefix(length), random.prefix(length));
            const Ipv6Address inside = random.address_of(one.inside());
            REQUIRE(one.inside().contains(inside));
            const auto outside = one.outward(inside);
            CAPTURE(to_string(one), text(inside), text(outside));
            // Only what would become an identifier of zeros is refused beside.
            if (!outside) {
                REQUIRE((!may_be_mapped(inside, length) || length > 48));
                continue;
            }
            REQUIRE(may_be_mapped(inside, length));
            REQUIRE(may_be_mapped(*outside, length));
            REQUIRE(one.outside().contains(*outside));
            REQUIRE(rest_of(*outside) == rest_of(inside));
            REQUIRE(one.inward(*outside) == inside);
        }
}

TEST_CASE("nptv6: each subnet of a short prefix has one of its own outside", "[nat64][rfc6296]") {
    const PrefixPair one = pair("fd01:203:405::/48", "2001:db8:1::/48");
    std::vector<bool> taken(65536);
    for (unsigned subnet = 0; subnet < 0xffff; ++subnet) {
        const auto outside = one.outward(Ipv6Address::of_words(0xfd01'0203'0405'0000 | subnet, 1));
        REQUIRE(outside);
        const unsigned there = word(*outside, 3);
        REQUIRE(there != 0xffff);
        REQUIRE_FALSE(taken[there]);
        taken[there] = true;
    }
}

TEST_CASE("nptv6: of several pairs that of the address maps it", "[nat64]") {
    const Nptv6 several(
        {pair("fd01::/48", "2001:db8:1::/48"), pair("fd02::/48", "2001:db8:2::/48")});
    CHECK(several.is_on());
    CHECK_FALSE(Nptv6().is_on());
    CHECK(several.of_inside(v6("fd02::1")) == several.of_outside(v6("2001:db8:2::1")));
    CHECK(several.of_inside(v6("fd01::1"))->outside().contains(v6("2001:db8:1::5")));
    CHECK(several.of_inside(v6("fd03::1")) == nullptr);
    CHECK(several.of_outside(v6("fd01::1")) == nullptr);
}

}  // namespace nptv6_test
