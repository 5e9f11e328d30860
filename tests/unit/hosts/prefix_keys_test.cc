// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/prefix_keys.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/prefix.h"
#include "packet_builder.h"
#include "unit/testing/ipv6_hosts.h"

namespace prefix_keys_test {

using namespace sluice;
using namespace sluice::hosts;
using namespace sluice::test;
using net::InsideAddress;

namespace {

constexpr auto kHost6 = "2001:db8:1::10";
constexpr auto kFar6 = "2001:db8:1:0:a::10";

struct Known {
    Ipv6Hosts ipv6;
    PrefixKeys keys{ipv6.addresses, SipKey{1, 2}};

    /// Of a host that has sent something.
    InsideAddress of(const char* host, uint8_t length) const {
        const auto key = keys.of(InsideAddress(ipv6.number(host)), length);
        REQUIRE(key);
        return *key;
    }
};

}  // namespace

TEST_CASE("prefix keys: an IPv4 prefix is its first address, in its zone", "[hosts]") {
    const Known known;
    const PrefixKeys none;
    for (const PrefixKeys* keys : {&none, &known.keys}) {
        const InsideAddress host(ip("10.1.2.3"), 5);
        CHECK_FALSE(keys->is_ipv6(host.address));
        CHECK(keys->of(host, 24) == InsideAddress(ip("10.1.2.0"), 5));
        CHECK(keys->of(host, 32) == host);
    }
    CHECK_FALSE(none.is_ipv6(ip("198.18.0.20")));
}

TEST_CASE("prefix keys: the IPv6 hosts of a prefix have one, and others have others", "[hosts]") {
    const Known known;
    const InsideAddress key = known.of(kHost6, 64);
    CHECK(net::is_martian(key.address));  // no IPv4 host's
    CHECK(key.zone < net::kZones);
    CHECK(known.of("2001:db8:1::20", 64) == key);
    CHECK(known.of(kFar6, 64) == key);
    CHECK(known.keys.of(v6("2001:db8:1::30"), 64) == key);  // without a number
    CHECK(known.of(kFar6, 80) != known.of(kHost6, 80));
    CHECK(known.keys.of(v6("2001:db8:2::10"), 64) != key);
    CHECK(known.keys.of(v6("2001:db8:2::10"), 32) == known.of(kHost6, 32));
    CHECK(PrefixKeys(known.ipv6.addresses, SipKey{1, 3}).of(v6(kHost6), 64) != key);
}

TEST_CASE("prefix keys: a number that nobody has is of no prefix", "[hosts]") {
    const Known known;
    CHECK(known.keys.is_ipv6(ip("198.18.0.200")));
    CHECK_FALSE(known.keys.of(InsideAddress(ip("198.18.0.200")), 64));
}

}  // namespace prefix_keys_test
