// SPDX-License-Identifier: BSD-3-Clause
#include "config/mappings.h"

#include "catch.h"
#include "config/load.h"
#include "config/validate.h"
#include "packet_builder.h"

#include <string>
#include <vector>

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
