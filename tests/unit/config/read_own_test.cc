// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_own.h"

#include "catch.h"
#include "config/flags.h"
#include "config/read_rules.h"

#include <string>
#include <vector>

namespace read_own_test {

using namespace sluice;
using namespace sluice::config;

namespace {

constexpr auto kRule = "10.2.0.0/16 -> 198.51.100.9";

Result<std::vector<SnatRule>> read(const std::string& words) {
    const std::vector<std::string> given{std::string(kRule) + ' ' + words};
    return read_snat({"snat", given});
}

Duration timeout_of(const SnatRule& rule, const char* name) {
    return rule.timeouts[*conntrack::timeout_place(name)];
}

}  // namespace

TEST_CASE("own: a rule has limits and timeouts of its own, beside how it maps", "[config]") {
    const auto rules = read(
        "timeout-udp=5 max-flows=100 mapping=endpoint-independent for=udp rate=0 "
        "timeout-tcp-established=3600");
    REQUIRE(rules);
    const SnatRule& rule = rules.value().front();
    CHECK(rule.limits.flows == 100);
    CHECK(rule.limits.new_per_second == 0);
    CHECK(timeout_of(rule, "udp") == Duration::seconds(5));
    CHECK(timeout_of(rule, "tcp-established") == Duration::seconds(3600));
    CHECK(timeout_of(rule, "udp-stream") == Duration{});
    CHECK(rule.independence);
    const auto none = read("");
    REQUIRE(none);
    CHECK_FALSE(none.value().front().limits.flows);
    CHECK(none.value().front().timeouts == conntrack::OwnTimeouts{});
    CHECK(none.value().front().logging == policy::Logging::AsSaid);
    CHECK_FALSE(none.value().front().helpers);
}

TEST_CASE("own: every timeout of the trackers that is a flag may be a rule's", "[config]") {
    size_t flags_of_trackers = 0;
    for (const Flag& flag : flags()) {
        if (!flag.name.starts_with("timeout-"))
            continue;
        ++flags_of_trackers;
        const auto rules = read(std::string(flag.name) + "=7");
        REQUIRE(rules);
        // What the flag sets for all is what the rule has of its own.
        const std::vector<std::string> seven{"7"};
        Config config;
        REQUIRE(flag.read({flag.name, seven}, config));
        conntrack::Tuning tuning = conntrack::with_own({}, rules.value().front().timeouts);
        for (const conntrack::NamedTimeout& timeout : conntrack::timeouts())
            CHECK(timeout.of(tuning) == timeout.of(config.tuning));
    }
    CHECK(flags_of_trackers == conntrack::kTimeoutCount);
}

TEST_CASE("own: what is written is what is read", "[config]") {
    for (const std::string words :
         {"max-flows=100", "rate=5", "max-flows=0 rate=0", "timeout-udp=5",
          "max-flows=1 timeout-tcp-established=3600 timeout-udp=5 timeout-generic=1728000", "log=0",
          "log=1", "helper=none", "helper=ftp", "helper=ftp:21,2121,tftp:6969",
          "rate=1 timeout-udp=5 log=0 helper=tftp",
          "mapping=endpoint-independent filtering=endpoint-dependent for=udp "
          "mapping-ports=32768-65535 max-flows=7"}) {
        const auto rules = read(words);
        REQUIRE(rules);
        CHECK(to_string(rules.value().front()) == std::string(kRule) + ' ' + words);
    }
}

TEST_CASE("own: what is wrong is said with the flag and the word", "[config]") {
    const auto message = [](const std::string& words) {
        const auto rules = read(words);
        return rules ? std::string() : rules.error().message;
    };
    for (const std::string word :
         {"max-flows=many", "max-flows=268435457", "max-flows=", "max-flows", "rate=1000001",
          "timeout-udp=0", "timeout-udp=1728001", "timeout-udp=1.5", "timeout-udp="}) {
        const std::string said = message(word);
        INFO(said);
        CHECK(said.starts_with(std::string("--snat ") + kRule + ' ' + word + ": " + word + ": "));
    }
    CHECK(message("rate=1 rate=2").find("rate=2: the rule says this twice") != std::string::npos);
    CHECK(message("timeout-udp=1 timeout-udp=1").find("twice") != std::string::npos);
    for (const std::string word : {"log=2", "log=", "log", "log=yes"})
        CHECK(message(word).starts_with(std::string("--snat ") + kRule + ' ' + word + ": " + word));
    for (const std::string word : {"helper=", "helper", "helper=sftp", "helper=ftp:0",
                                   "helper=none,ftp", "helper=ftp:1,2,3,4,5,6,7,8,9"})
        CHECK(message(word).find(word + ": ftp, tftp or pptp is wanted") != std::string::npos);
    CHECK(message("log=0 log=1").find("log=1: the rule says this twice") != std::string::npos);
    CHECK(message("helper=none helper=ftp").find("twice") != std::string::npos);
    CHECK(message("timeout-dup=1").find("timeout-udp=") != std::string::npos);
    CHECK(message("limit=1").find("max-flows=") != std::string::npos);
}

TEST_CASE("own: a rule says for itself which flows are helped, and whether they are logged",
          "[config]") {
    const auto rules = read("helper=ftp:2121,tftp log=0");
    REQUIRE(rules);
    const SnatRule& rule = rules.value().front();
    REQUIRE(rule.helpers);
    CHECK(rule.helpers->ftp == std::vector<uint16_t>{2121});
    CHECK(rule.helpers->tftp == std::vector<uint16_t>{69});
    CHECK(rule.logging == policy::Logging::Never);
    const auto none = read("helper=none");
    REQUIRE(none);
    REQUIRE(none.value().front().helpers);
    CHECK(none.value().front().helpers->are_none());
    Config config;
    CHECK_FALSE(helps(config));
    config.snat = none.value();
    CHECK_FALSE(helps(config));
    config.snat = rules.value();
    CHECK(helps(config));
}

}  // namespace read_own_test
