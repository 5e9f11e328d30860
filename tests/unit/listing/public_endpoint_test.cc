// SPDX-License-Identifier: BSD-3-Clause
#include "listing/public_endpoint.h"

#include "catch.h"

namespace public_endpoint_test {

using namespace sluice;
using namespace sluice::listing;

TEST_CASE("public endpoint: port and protocol may be left out", "[listing]") {
    for (const char* text : {"198.51.100.1", "198.51.100.1:4000", "198.51.100.1:0/icmp",
                             "198.51.100.1/gre", "198.51.100.1:65535/udp"}) {
        const auto endpoint = PublicEndpoint::parse(text);
        REQUIRE(endpoint);
        CHECK(to_string(*endpoint) == text);
    }
    auto endpoint = PublicEndpoint::parse("198.51.100.1:4000/6");
    REQUIRE(endpoint);
    CHECK(endpoint->port == 4000);
    CHECK(endpoint->protocol == net::Protocol::Tcp);
}

TEST_CASE("public endpoint: what is written otherwise is refused", "[listing]") {
    for (const char* text : {"", "198.51.100", "198.51.100.1:", "198.51.100.1:65536", ":80",
                             "198.51.100.1:80x", "198.51.100.1:80/", "198.51.100.1/tcp:80",
                             "198.51.100.1:-1", "198.51.100.1:5/gre", "198.51.100.0/24/tcp"})
        CHECK_FALSE(PublicEndpoint::parse(text));
    CHECK(PublicEndpoint::parse("198.51.100.1:5/gre").error().message ==
          "198.51.100.1:5/gre: gre has no ports.");
}

}  // namespace public_endpoint_test
