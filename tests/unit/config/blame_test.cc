// SPDX-License-Identifier: BSD-3-Clause
#include "config/blame.h"

#include "catch.h"
#include "config/sources.h"
#include "loaded.h"
#include "testing/temporary_file.h"

#include <string>

namespace blame_test {

using namespace sluice;
using namespace sluice::config;
using test::kCpus;
using test::kLeastFile;
using testing::TemporaryFile;

namespace {

/// The first error of a file, with its place: "6:9: --route …".
std::string error_of(const std::string& text) {
    const TemporaryFile file(text);
    const auto sources = Sources::read({}, file.path(), {});
    REQUIRE(sources.ok());
    const auto config = sources.value().load();
    const Status status = config ? sources.value().validate(config.value(), kCpus) : Done{};
    if (config && status)
        FAIL("nothing is wrong with it");
    const std::string message = config ? status.error().message : config.error().message;
    REQUIRE(message.starts_with(file.path() + ':'));
    return message.substr(file.path().size() + 1);
}

/// What an error of a good beginning and these lines begins with.
void check(const std::string& lines, const std::string& begin) {
    const std::string error = error_of(kLeastFile + lines);
    CAPTURE(lines, error);
    CHECK(error.starts_with(begin));
}

}  // namespace

TEST_CASE("blame: a value is found however it is spelled", "[config]") {
    check("deny = 10.1.0.0/24  tcp 25\ndeny = 172.16.0.0/12   tcp  25\ndeny = 10.1.0.0/25\n",
          "7:8: --deny 172.16.0.0/12 tcp 25: ");
    check(
        "neighbour = 10.1.0.9=02:00:00:00:00:0a\n"
        "neighbour = 10.1.0.9 = 02:00:00:00:00:0B\n"
        "neighbour = 10.1.0.10=02:00:00:00:00:0c\n",
        "7:13: --neighbour 10.1.0.9=02:00:00:00:00:0b: ");
    check(
        "snat = 10.1.0.0/25->198.51.100.5-198.51.100.5\n"
        "snat = 10.1.0.128/25->10.1.0.7-10.1.0.7\n",
        "7:8: --snat 10.1.0.128/25 -> 10.1.0.7: its pool's 10.1.0.7 overlaps the subnet of ");
}

TEST_CASE("blame: a value that is the beginning of another's is not taken for it", "[config]") {
    check(
        "forward = tcp 198.51.100.1:80 -> 10.7.0.10:80\n"
        "forward = tcp 198.51.100.1:80 -> 10.7.0.10:80 from 203.0.113.0/24\n",
        "6:11: --forward tcp 198.51.100.1:80 -> 10.7.0.10:80: ");
}

TEST_CASE("blame: a rule is told from those that name its network or its pool too", "[config]") {
    check(
        "snat = 10.2.0.0/16 -> 198.51.100.5\n"
        "snat = 10.1.0.0/24 to 10.2.0.0/16 -> 198.51.100.6\n",
        "6:8: --snat 10.2.0.0/16 -> 198.51.100.5: its hosts are on the subnet of no --lan-address");
    check(
        "snat = 10.1.0.0/25 -> 198.51.100.5 mapping=endpoint-independent\n"
        "snat = 10.1.0.128/25 -> 198.51.100.5\n"
        "snat = 10.1.0.0/24 to 10.1.0.128/25 -> 198.51.100.6\n",
        "7:8: --snat 10.1.0.128/25 -> 198.51.100.5: endpoint-independent mappings have all ports");
    check(
        "snat = 10.1.0.0/25 -> 198.51.100.5,198.51.100.5-198.51.100.6\n"
        "snat = 10.1.0.128/25 -> 198.51.100.5-198.51.100.6\n",
        "6:8: --snat 10.1.0.0/25 -> 198.51.100.5,198.51.100.5-198.51.100.6: its pool's "
        "198.51.100.5-198.51.100.6 overlaps 198.51.100.5");
    check(
        "snat = 10.1.0.0/25 -> 198.51.100.5\n"
        "snat = 10.1.0.0/25 -> 198.51.100.6\n"
        "snat = 10.1.0.128/25 to 10.1.0.0/25 -> 198.51.100.7\n",
        "7:8: --snat 10.1.0.0/25 -> 198.51.100.6: --snat 10.1.0.0/25 -> 198.51.100.5 is for the "
        "same packets");
    check(
        "nat64 = 64:ff9b::/96\nlan6 = 2001:db8:1::1/64\n"
        "no-nat = 198.18.0.0/24\nno-nat = 10.1.0.0/25 to 198.18.0.0/24\n",
        "8:10: --no-nat 198.18.0.0/24: it overlaps --ipv6-numbers ");
}

TEST_CASE("blame: an interface is told from those that share its port or its address", "[config]") {
    const std::string wan = "wan = tap:w0\nwan-address = 198.51.100.1/24\n";
    const std::string gateway = "gateway = 198.51.100.254\n";
    CHECK(error_of("lan = tap:t0,zone=1,vlan=5\nlan = tap:t0,zone=2,vlan=5\nlan = tap:t0\n"
                   "lan-address = 10.1.0.1/24\nlan-address = 10.1.0.1/24\n"
                   "lan-address = 10.1.0.1/24\n" +
                   wan + gateway) == "2:7: --lan tap:t0,vlan=5,zone=2: it is there already");
    CHECK(error_of("lan = tap:t0\nlan = tap:t1\nlan = tap:t2,zone=7\n"
                   "lan-address = 10.1.0.1/24\nlan-address = 10.1.0.1/24\n"
                   "lan-address = 10.1.0.1/24\n" +
                   wan + gateway)
              .starts_with("2:7: --lan tap:t1: the subnet of its --lan-address 10.1.0.1/24 "));
    CHECK(error_of("lan = tap:t0\nlan-address = 10.1.0.1/24\n"
                   "wan = tap:w1\nwan-address = 192.0.2.1/24\n" +
                   wan + gateway + "gateway = 198.51.100.254 onlink\n")
              .starts_with("8:11: --gateway 198.51.100.254 onlink: it is there already"));
}

TEST_CASE("blame: of words that cannot be read it is the one that cannot", "[config]") {
    check("route = 10.9.0.0/16 va 10.1.0.9\nroute = 10.9.0.0/16 via 10.1.0.9\n",
          "6:9: --route 10.9.0.0/16: ");
    check("deny = 10.1.0.0/24 tcp 25 26\ndeny = 10.1.0.0/24 tcp 26\n", "6:27: --deny 26: ");
    check("route = 10.9.0.0/16 via\nroute = 10.8.0.0/16 via 10.1.0.8\n",
          "6:9: --route 10.9.0.0/16 via 10.8.0.0/16: ");
    check("route = [10.9.0.0/16, via, 10.1.0.1]\nroute = 10.8.0.0/16 via 10.1.0.8\n",
          "6:10: --route 10.9.0.0/16 via 10.1.0.1: ");
}

TEST_CASE("blame: of items that are alike the second is the one too many", "[config]") {
    check("pool = 198.51.100.5\npool = 198.51.100.6\npool = 198.51.100.5\n",
          "8:8: --pool 198.51.100.5: ");
    check("log-flows = json:/a\nlog-flows = json:/b,json:/a\n", "7:21: --log-flows json:/a: ");
    check("pool = 198.51.100.5,10.1.0.7\npool = 198.51.100.9\n", "6:21: --pool 10.1.0.7: ");
}

TEST_CASE("blame: what is about a flag as a whole has the place of its only entry", "[config]") {
    std::string ranges;
    for (int i = 1; i <= 65; ++i)
        ranges += "  10.1.0.0/24 tcp " + std::to_string(i) + "-1000,\n";
    check("deny = [\n" + ranges + "]\n", "6:1: --deny \"\": ");
    check("deny = [\n" + ranges + "]\ndeny = 10.1.0.0/24 tcp 25\n", " --deny \"\": ");
}

TEST_CASE("blame: an error that names no flag has no place", "[config]") {
    for (const char* text : {"", "--", "-- -l: not yours", "--lan PORT is missing", "no: flag"}) {
        CAPTURE(text);
        CHECK(blamed_flag({text}).empty());
    }
    CHECK(blamed_flag({"--sync: --sync-key FILE is wanted too"}) == "sync");
    CHECK(blamed_flag({"--pool 10.1.0.7: why"}) == "pool");
}

}  // namespace blame_test
