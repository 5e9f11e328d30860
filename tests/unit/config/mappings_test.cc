// SPDX-License-Identifier: BSD-3-Clause
#include "config/mappings.h"

#include "catch.h"
#include "config/load.h"
#include "config/validate.h"
#include "packet_builder.h"

#include <string>
#include <vector>

namespace mappings_test {

using namespace sluice;
using namespace sluice::config;
using sluice::test::ip;

namespace {

constexpr unsigned kCpus[] = {0, 1};
constexpr auto kForward = "tcp 198.51.100.1:8080 -> 10.1.0.10:80";
constexpr auto kPair = "198.51.100.5 = 10.1.0.20";

using Words = std::vector<std::string>;

Result<Config> load_with(const Words& forwards, const Words& pairs) {
    Settings settings{{"lan", {"af_packet:l0"}},        {"wan", {"af_packet:w0"}},
                      {"lan-address", {"10.1.0.1/24"}}, {"wan-address", {"198.51.100.1/24"}},
                      {"gateway", {"198.51.100.254"}},  {"pool", {"198.51.100.1-198.51.100.4"}}};
    if (!forwards.empty())
        settings["forward"] = forwards;
    if (!pairs.empty())
        settings["one-to-one"] = pairs;
    return load(settings, {});
}

/// What is wrong with them; empty for nothing.
std::string why(const Words& forwards, const Words& pairs) {
    const auto config = load_with(forwards, pairs);
    if (!config)
        return config.error().message;
    const Status status = validate(config.value(), kCpus);
    return status ? std::string() : status.error().message;
}

}  // namespace

TEST_CASE("mappings: a forward and a pair are read in any distribution over words", "[config]") {
    for (const Words& words : {Words{kForward, "udp 198.51.100.7:53 -> 10.1.0.10:53"},
                               Words{"tcp", "198.51.100.1:8080", "->", "10.1.0.10:80", "udp",
                                     "198.51.100.7:53", "->", "10.1.0.10:53"}}) {
        const auto config = load_with(words, {kPair});
        REQUIRE(config);
        const auto& forwards = config.value().forwards;
        REQUIRE(forwards.size() == 2);
        CHECK(forwards[0].protocol == net::Protocol::Tcp);
        CHECK(forwards[0].external == net::Endpoint{ip("198.51.100.1"), Be16::from_host(8080)});
        CHECK(forwards[0].internal == net::Endpoint{ip("10.1.0.10"), Be16::from_host(80)});
        CHECK(forwards[1].protocol == net::Protocol::Udp);
        REQUIRE(config.value().one_to_one.size() == 1);
        CHECK(config.value().one_to_one[0] == pool::OneToOne{ip("198.51.100.5"), ip("10.1.0.20")});
        CHECK(validate(config.value(), kCpus));
    }
}

TEST_CASE("mappings: a forward that is written wrongly is refused", "[config]") {
    const auto text = GENERATE(
        as<std::string>{}, "tcp 198.51.100.1:8080 10.1.0.10:80",
        "tcp 198.51.100.1:8080 -> 10.1.0.10", "tcp 198.51.100.1:8080",
        "198.51.100.1:8080 -> 10.1.0.10:80", "icmp 198.51.100.1:8080 -> 10.1.0.10:80",
        "tcp 198.51.100.1:0 -> 10.1.0.10:80", "tcp 198.51.100.1:65536 -> 10.1.0.10:80",
        "tcp 198.51.100:8080 -> 10.1.0.10:80", "tcp 198.51.100.1:8080 -> 10.1.0.10:80x", "");
    CAPTURE(text);
    CHECK(why({text}, {}).starts_with("--forward "));
}

TEST_CASE("mappings: a pair that is written wrongly is refused", "[config]") {
    const auto text = GENERATE(
        as<std::string>{}, "198.51.100.5", "198.51.100.5 10.1.0.20", "198.51.100.5 = 10.1.0",
        "198.51.100.5 = ", "198.51.100.5 -> 10.1.0.20", "198.51.100.5:80 = 10.1.0.20:80");
    CAPTURE(text);
    CHECK(why({}, {text}).starts_with("--one-to-one "));
}

TEST_CASE("mappings: a public port has one holder", "[config]") {
    CHECK(why({kForward, "tcp 198.51.100.1:8080 -> 10.1.0.11:80"}, {}) ==
          "--forward tcp 198.51.100.1:8080 -> 10.1.0.11:80: the port is given away by "
          "tcp 198.51.100.1:8080 -> 10.1.0.10:80");
    CHECK(why({kForward, "udp 198.51.100.1:8080 -> 10.1.0.11:80"}, {}).empty());
    CHECK(why({kForward, "tcp 198.51.100.1:8081 -> 10.1.0.10:80"}, {}).empty());
}

TEST_CASE("mappings: a public address of one host is nobody else's", "[config]") {
    CHECK(why({}, {kPair}).empty());
    const auto text =
        GENERATE(as<std::string>{}, "198.51.100.4 = 10.1.0.20", "198.51.100.1 = 10.1.0.20");
    CHECK(why({}, {text}).starts_with("--one-to-one " + text));
    CHECK(why({}, {kPair, "198.51.100.5 = 10.1.0.21"}).ends_with("is in " + std::string(kPair)));
    CHECK(why({}, {kPair, "198.51.100.6 = 10.1.0.20"}).ends_with("is in " + std::string(kPair)));
    CHECK(why({"tcp 198.51.100.5:80 -> 10.1.0.10:80"}, {kPair}).starts_with("--one-to-one "));
}

TEST_CASE("mappings: only public addresses are given, to hosts that are served", "[config]") {
    const auto external =
        GENERATE(as<std::string>{}, "198.51.100.254", "10.1.0.9", "198.51.100.255", "224.0.0.1");
    CAPTURE(external);
    CHECK(why({"tcp " + external + ":80 -> 10.1.0.10:80"}, {}).starts_with("--forward "));
    CHECK(why({}, {external + " = 10.1.0.20"}).starts_with("--one-to-one "));
    for (const std::string internal : {"10.1.0.1", "10.2.0.1", "203.0.113.1"}) {
        CHECK(why({"tcp 198.51.100.1:80 -> " + internal + ":80"}, {}).starts_with("--forward "));
        CHECK(why({}, {"198.51.100.5 = " + internal}).starts_with("--one-to-one "));
    }
}

TEST_CASE("mappings: ranges of ports, sources and prefixes are read and written alike",
          "[config]") {
    const Words forwards{"udp 198.51.100.1:8000-8010 -> 10.1.0.5:9000-9010",
                         "tcp 198.51.100.1:22 -> 10.1.0.5:22 from 203.0.113.0/24"};
    const auto config = load_with(forwards, {"198.51.100.16/28 = 10.1.0.32/28"});
    REQUIRE(config);
    CHECK(validate(config.value(), kCpus));
    REQUIRE(config.value().forwards.size() == 2);
    CHECK(config.value().forwards[0].ports == 11);
    CHECK(config.value().forwards[0].from.length == 0);
    CHECK(config.value().forwards[1].ports == 1);
    CHECK(config.value().forwards[1].from == net::Prefix{ip("203.0.113.0"), 24});
    CHECK(config.value().one_to_one[0] == pool::OneToOne{ip("198.51.100.16"), ip("10.1.0.32"), 28});
    for (size_t i = 0; i < forwards.size(); ++i)
        CHECK(to_string(config.value().forwards[i]) == forwards[i]);
    CHECK(to_string(config.value().one_to_one[0]) == "198.51.100.16/28 = 10.1.0.32/28");
}

TEST_CASE("mappings: ranges, sources and prefixes that are written wrongly are refused",
          "[config]") {
    const auto forward = GENERATE(as<std::string>{}, "tcp 198.51.100.1:8000-8010 -> 10.1.0.5:8000",
                                  "tcp 198.51.100.1:8000-8010 -> 10.1.0.5:8000-8009",
                                  "tcp 198.51.100.1:8010-8000 -> 10.1.0.5:8010-8000",
                                  "tcp 198.51.100.1:22 -> 10.1.0.5:22 from",
                                  "tcp 198.51.100.1:22 -> 10.1.0.5:22 from x",
                                  "tcp 198.51.100.1:22 -> 10.1.0.5:22 from 203.0.113.1/24",
                                  "tcp 198.51.100.1:22 -> 10.1.0.5:22 to 203.0.113.0/24");
    CAPTURE(forward);
    CHECK(why({forward}, {}).starts_with("--forward "));
    const auto pair = GENERATE(as<std::string>{}, "198.51.100.16/28 = 10.1.0.32/29",
                               "198.51.100.17/28 = 10.1.0.32/28", "198.51.100.16/28 = 10.1.0.33/28",
                               "198.51.100.16/28 = 10.1.0.32", "198.51.100.16/33 = 10.1.0.32/33");
    CAPTURE(pair);
    CHECK(why({}, {pair}).starts_with("--one-to-one "));
}

TEST_CASE("mappings: what stands in the way of a range or a prefix is named", "[config]") {
    const std::string range = "tcp 198.51.100.1:8000-8010 -> 10.1.0.5:8000-8010";
    CHECK(why({range, "tcp 198.51.100.1:8010-8012 -> 10.1.0.6:1-3"}, {}) ==
          "--forward tcp 198.51.100.1:8010-8012 -> 10.1.0.6:1-3: ports of it are given away by " +
              range);
    CHECK(why({"tcp 198.51.100.1:8005 -> 10.1.0.6:1", range}, {})
              .ends_with("ports of it are given away by tcp 198.51.100.1:8005 -> 10.1.0.6:1"));
    CHECK(why({range, "tcp 198.51.100.1:8011 -> 10.1.0.6:1"}, {}).empty());

    // Who may come is said in several lines, about the same ports of the same host.
    const std::string ssh = "tcp 198.51.100.1:22 -> 10.1.0.5:22";
    CHECK(why({ssh + " from 203.0.113.0/24", ssh + " from 192.0.2.0/24"}, {}).empty());
    CHECK_FALSE(why({ssh, ssh + " from 192.0.2.0/24"}, {}).empty());
    CHECK_FALSE(why({ssh + " from 192.0.2.0/24", ssh + " from 192.0.2.0/24"}, {}).empty());
    CHECK_FALSE(
        why({ssh + " from 203.0.113.0/24", "tcp 198.51.100.1:22 -> 10.1.0.6:22 from 192.0.2.0/24"},
            {})
            .empty());

    CHECK(why({}, {"198.51.100.4/30 = 10.1.0.32/30"}) ==
          "--one-to-one 198.51.100.4/30 = 10.1.0.32/30: outside: it has addresses of a pool, "
          "198.51.100.1-198.51.100.4");
    CHECK(why({"tcp 198.51.100.18:80 -> 10.1.0.5:80"}, {"198.51.100.16/28 = 10.1.0.32/28"}) ==
          "--one-to-one 198.51.100.16/28 = 10.1.0.32/28: outside: it has the address of --forward "
          "tcp 198.51.100.18:80 -> 10.1.0.5:80");
    CHECK(why({}, {"198.51.100.16/28 = 10.1.0.32/28", "198.51.100.20 = 10.1.0.60"})
              .ends_with("an address of it is in 198.51.100.16/28 = 10.1.0.32/28"));
    CHECK(why({}, {"198.51.100.16/28 = 10.1.0.32/28", "198.51.100.60 = 10.1.0.40"})
              .ends_with("an address of it is in 198.51.100.16/28 = 10.1.0.32/28"));
    CHECK(why({}, {"203.0.113.0/23 = 10.1.0.0/23"}).starts_with("--one-to-one"));
}

TEST_CASE("mappings: a prefix may have the gateway's own address, which is left out", "[config]") {
    const auto config = load_with({}, {"203.0.113.0/24 = 10.1.0.0/24"});
    REQUIRE(config);
    CHECK(validate(config.value(), kCpus));
    CHECK(left_out(config.value()) ==
          std::vector<net::InsideAddress>{ip("10.1.0.1"), ip("10.1.0.0"), ip("10.1.0.255")});
}

TEST_CASE("mappings: of any number of forwards 4,094 may have limits, at the start too",
          "[config]") {
    auto config = load_with({}, {"198.51.100.5 = 10.1.0.20 rate=9"});
    REQUIRE(config);
    for (uint16_t port = 1; port <= 6000; ++port)
        config->forwards.push_back({net::Protocol::Tcp,
                                    {ip("198.51.100.1"), Be16::from_host(port)},
                                    {ip("10.1.0.10"), Be16::from_host(port)}});
    for (uint16_t port = 1908; port <= 6000; ++port)
        config->forwards[port - 1].door.max_flows = 1;  // 4,093 of them
    CHECK(validate(*config, kCpus));
    pool::Doors doors(hosts::kFirstOwnDoor, hosts::kDoors - 1);
    CHECK(number_doors(*config, doors, 0));
    CHECK(doors.number_of(config->forwards[5999]) != 0);
    CHECK(doors.number_of(config->one_to_one[0]) == hosts::kDoors - 1);
    CHECK(doors.number_of(config->forwards[0]) == 0);

    config->forwards[0].door.rate = 1;
    const Status status = validate(*config, kCpus);
    REQUIRE_FALSE(status);
    CHECK(status.error().message.starts_with(
        "--one-to-one 198.51.100.5 = 10.1.0.20 rate=9: flows can be counted for 4094 forwards"));
}

}  // namespace mappings_test
