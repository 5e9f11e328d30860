// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_match.h"

#include "catch.h"
#include "packet_builder.h"

#include <string>
#include <vector>

namespace read_match_test {

using namespace sluice;
using namespace sluice::config;
using sluice::test::ip;

namespace {

std::vector<policy::Match> matches_of(const std::vector<std::string>& words) {
    const auto matches = read_matches({"deny", words});
    if (!matches)
        FAIL(matches.error().message);
    return matches.value();
}

}  // namespace

TEST_CASE("match: hosts, whom they talk to, and by which ports", "[config]") {
    const policy::Match match = matches_of({"10.0.0.0/8 to 192.0.2.0/24 tcp 25-26"}).at(0);
    CHECK(match.inside == net::Prefix{ip("10.0.0.0"), 8});
    CHECK(match.toward.destination == net::Prefix{ip("192.0.2.0"), 24});
    CHECK(match.toward.protocol == net::Protocol::Tcp);
    CHECK(match.toward.ports == pool::PortRange{25, 26});
    CHECK(matches_of({"10.0.0.0/8"}).at(0).toward.is_whomever());
    CHECK_FALSE(matches_of({"10.0.0.0/8 icmp"}).at(0).toward.is_whomever());
}

TEST_CASE("match: what is written is what is read", "[config]") {
    for (const std::string text :
         {"10.2.0.0/16", "10.0.0.0/8 to 10.200.0.0/16", "10.0.0.0/8 udp", "10.0.0.0/8 tcp 25",
          "10.0.0.0/8 to 192.0.2.1/32 sctp 1-9", "10.1.0.9/32 to 192.0.2.0/24 icmp",
          "10.0.0.0/8 zone 0", "10.0.0.0/8 zone 4095 to 192.0.2.0/24 tcp 25"})
        CHECK(config::to_string(matches_of({text}).at(0)) == text);
}

TEST_CASE("match: several stand in one value or in many words", "[config]") {
    CHECK(matches_of({"10.1.0.0/16 10.2.0.0/16"}).size() == 2);
    CHECK(matches_of({"10.1.0.0/16 tcp 10.2.0.0/16 to 192.0.2.0/24, 10.3.0.0/16"}).size() == 3);
    CHECK(matches_of({"10.1.0.0/16", "to", "192.0.2.0/24", "udp", "53"}).size() == 1);
}

TEST_CASE("match: what is no match is refused by name", "[config]") {
    for (const std::string text :
         {"", "10.0.0.1/8", "10.0.0.0/8 to", "10.0.0.0/8 to 192.0.2.1/24", "10.0.0.0/8 from x",
          "10.0.0.0/8 tcp 0", "10.0.0.0/8 tcp 9-8", "10.0.0.0/8 icmp 8", "tcp 25"}) {
        const std::vector<std::string> words{text};
        const auto matches = read_matches({"deny", words});
        CAPTURE(text);
        REQUIRE_FALSE(matches.ok());
        CHECK(matches.error().message.starts_with("--deny "));
    }
    CHECK_FALSE(read_match("snat", {"10.0.0.0/8", "10.1.0.0/16"}).ok());
}

TEST_CASE("match: a word that is spelled wrongly is told from a prefix", "[config]") {
    const auto message = [](const std::string& text) {
        const std::vector<std::string> words{text};
        const auto matches = read_matches({"deny", words});
        REQUIRE_FALSE(matches.ok());
        return matches.error().message;
    };
    CHECK(message("10.0.0.0/8 tpc 25") ==
          "--deny tpc: a prefix is wanted, as 10.1.0.0/24; did you mean tcp?");
    CHECK(message("10.0.0.0/8 too 10.2.0.0/16").ends_with("; did you mean to?"));
    CHECK(
        message("10.0.0.0/8 tcp udp") ==
        "--deny 10.0.0.0/8 tcp udp: behind the protocol ports from 1 to 65535 may stand, as 25-26");
    CHECK(message("10.0.0.0/8 10.2/16") == "--deny 10.2/16: a prefix is wanted, as 10.1.0.0/24");
    const auto one = read_match("snat", {"10.0.0.0/8", "zoen", "3"});
    REQUIRE_FALSE(one.ok());
    CHECK(one.error().message.ends_with("10.0.0.0/8 tcp 25; did you mean zone?"));
}

TEST_CASE("match: several with zones and without stand beside one another", "[config][zones]") {
    const auto matches = matches_of({"10.0.0.0/8 zone 5 tcp", "10.1.0.0/16,10.2.0.0/16 zone 6"});
    REQUIRE(matches.size() == 3);
    CHECK(matches[0].zone == 5);
    CHECK_FALSE(matches[1].zone);
    CHECK(matches[2].zone == 6);
    const auto wrong = read_matches({"deny", {"10.0.0.0/8 zone 4096"}});
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message ==
          "--deny zone 4096: behind zone a number from 0 to 4095 is wanted");
    CHECK_FALSE(read_matches({"deny", {"10.0.0.0/8 zone"}}));
}

}  // namespace read_match_test
