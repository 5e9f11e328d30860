// SPDX-License-Identifier: BSD-3-Clause
#include "net/regions.h"

#include "catch.h"
#include "packet_builder.h"

namespace regions_test {

using namespace sluice;
using sluice::test::ip;

TEST_CASE("regions: nothing is in them before something is added", "[net]") {
    const net::Regions regions;
    for (const char* address : {"0.0.0.0", "10.1.0.1", "127.255.255.255", "255.255.255.255"})
        CHECK_FALSE(regions.may_contain(ip(address)));
}

TEST_CASE("regions: what was added is in them, and what is far from it is not", "[net]") {
    net::Regions regions;
    regions.add(net::Prefix{ip("10.1.2.77"), 24});
    regions.add(net::AddressRange{ip("198.51.100.2"), ip("198.51.100.2")});
    for (const char* address : {"10.1.2.0", "10.1.2.255", "198.51.100.2"})
        CHECK(regions.may_contain(ip(address)));
    for (const char* address : {"9.255.255.255", "10.16.0.0", "198.47.255.255", "198.64.0.0"})
        CHECK_FALSE(regions.may_contain(ip(address)));
}

TEST_CASE("regions: a range is in all of the regions that it meets", "[net]") {
    net::Regions regions;
    regions.add(net::AddressRange{ip("10.15.255.255"), ip("10.48.0.0")});
    for (const char* address : {"10.0.0.0", "10.16.0.0", "10.40.1.2", "10.63.255.255"})
        CHECK(regions.may_contain(ip(address)));
    CHECK_FALSE(regions.may_contain(ip("10.64.0.0")));
    CHECK_FALSE(regions.may_contain(ip("9.255.255.255")));
}

TEST_CASE("regions: all addresses can be added, and the first and the last", "[net]") {
    net::Regions all;
    all.add(net::Prefix{});
    net::Regions ends;
    ends.add(net::Prefix{ip("0.0.0.0"), 32});
    ends.add(net::Prefix{ip("255.255.255.255"), 32});
    for (const char* address : {"0.0.0.0", "255.255.255.255"}) {
        CHECK(all.may_contain(ip(address)));
        CHECK(ends.may_contain(ip(address)));
    }
    CHECK(all.may_contain(ip("8.8.8.8")));
    CHECK_FALSE(ends.may_contain(ip("8.8.8.8")));
}

}  // namespace regions_test
