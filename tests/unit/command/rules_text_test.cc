// SPDX-License-Identifier: BSD-3-Clause
#include "command/rules_text.h"

#include "catch.h"
#include "served_gateway.h"

#include <nlohmann/json.hpp>

namespace rules_text_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;

namespace {

Subject with_rules(Gateway& gateway) {
    Subject subject = gateway.subject();
    subject.rules = [] {
        return std::vector<RuleReport>{{"deny", "10.1.0.0/24 udp 137-139", "sluice.conf:12", 312},
                                       {"deny", "10.2.0.0/16", "", 0}};
    };
    return subject;
}

}  // namespace

TEST_CASE("rules text: a table has a line for each rule, with its place", "[command]") {
    Gateway gateway;
    CHECK(rules_table(with_rules(gateway)) ==
          "     packets  rule                            at\n"
          "         312  deny = 10.1.0.0/24 udp 137-139  sluice.conf:12\n"
          "           0  deny = 10.2.0.0/16\n");
    CHECK(rules_table(gateway.subject()) == "     packets  rule  at\n");
}

TEST_CASE("rules text: JSON has an object for each rule", "[command]") {
    Gateway gateway;
    const auto json = nlohmann::json::parse(rules_json(with_rules(gateway)));
    REQUIRE(json.size() == 2);
    CHECK(json[0]["rule"] == "10.1.0.0/24 udp 137-139");
    CHECK(json[0]["at"] == "sluice.conf:12");
    CHECK(json[0]["packets"] == 312);
    CHECK(nlohmann::json::parse(rules_json(gateway.subject())).empty());
}

}  // namespace rules_text_test
