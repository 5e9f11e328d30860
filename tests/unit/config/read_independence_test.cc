// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_independence.h"

#include "catch.h"
#include "config/read_own.h"
#include "config/read_rules.h"

#include <string>

namespace read_independence_test {

using namespace sluice;
using namespace sluice::config;
using net::Protocol;
using policy::Filtering;

namespace {

constexpr auto kRule = "10.2.0.0/16 -> 198.51.100.1";

Result<std::vector<SnatRule>> read(const std::string& words) {
    const std::vector<std::string> given{std::string(kRule) + words};
    return read_snat({"snat", given});
}

SnatRule rule(const std::string& words) {
    const auto rules = read(words);
    if (!rules)
        FAIL(rules.error().message);
    REQUIRE(rules.value().size() == 1);
    return rules.value()[0];
}

}  // namespace

TEST_CASE("independence: mappings are endpoint-dependent where nothing is said", "[config]") {
    CHECK_FALSE(rule("").independence);
    CHECK_FALSE(rule(" mapping=endpoint-dependent filtering=endpoint-dependent").independence);
}

TEST_CASE("independence: every endpoint of the rule, and every port of the pool", "[config]") {
    const auto found = rule(":1024-65535 mapping=endpoint-independent").independence;
    REQUIRE(found);
    CHECK(found->filtering == Filtering::EndpointDependent);
    CHECK(found->external == pool::PortRange{1024, 65535});
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp, Protocol::Icmp})
        for (const uint16_t port : {0, 80, 65535})
            CHECK(found->covers(protocol, port));
}

TEST_CASE("independence: some endpoints only, with half of the ports or with those named",
          "[config]") {
    const auto half = rule(
                          " mapping=endpoint-independent filtering=endpoint-independent "
                          "for=udp:3000-3999,udp:5060,tcp")
                          .independence;
    REQUIRE(half);
    CHECK(half->filtering == Filtering::EndpointIndependent);
    CHECK(half->external == pool::PortRange{32768, 65535});
    CHECK(half->covers(Protocol::Udp, 3074));
    CHECK(half->covers(Protocol::Udp, 5060));
    CHECK_FALSE(half->covers(Protocol::Udp, 4000));
    CHECK(half->covers(Protocol::Tcp, 443));
    CHECK_FALSE(half->covers(Protocol::Icmp, 7));
    const auto named = rule(
                           " mapping=endpoint-independent filtering=address-dependent for=udp "
                           "mapping-ports=40000-49999")
                           .independence;
    REQUIRE(named);
    CHECK(named->filtering == Filtering::AddressDependent);
    CHECK(named->external == pool::PortRange{40000, 49999});
}

TEST_CASE("independence: what is written wrongly is refused", "[config]") {
    const auto words = GENERATE(
        as<std::string>{}, " mapping=cone", " mapping", " nat=full",
        " filtering=endpoint-independent", " for=udp",
        " mapping=endpoint-independent filtering=none", " mapping=endpoint-independent for=sip",
        " mapping=endpoint-independent for=udp:0-9",
        " mapping=endpoint-independent for=", " mapping=endpoint-independent mapping-ports=9-1",
        ":1024-2047 mapping=endpoint-independent mapping-ports=1-9",
        " mapping=endpoint-independent mapping=endpoint-independent");
    CAPTURE(words);
    const auto rules = read(words);
    REQUIRE_FALSE(rules);
    CHECK(rules.error().message.starts_with("--snat "));
}

TEST_CASE("independence: what may stand behind the pool is named, and the word that is meant",
          "[config]") {
    const auto message = [](const std::string& words) {
        const auto rules = read(words);
        REQUIRE_FALSE(rules);
        return rules.error().message;
    };
    CHECK(message(" timout-udp=3").ends_with("may stand; did you mean timeout-udp?"));
    CHECK(message(" max-flow=3").ends_with("may stand; did you mean max-flows?"));
    CHECK(message(" helpers=ftp").ends_with("may stand; did you mean helper?"));
    CHECK(message(" maping=endpoint-independent").ends_with("did you mean mapping?"));
    CHECK(message(" mapping").ends_with("may stand"));
    CHECK(message(" nothing-of-the-kind=1").ends_with("may stand"));
    for (const std::string& key : own_keys()) {
        CAPTURE(key);
        CHECK(message(' ' + key + "x=1").ends_with("; did you mean " + key + '?'));
    }
}

}  // namespace read_independence_test
