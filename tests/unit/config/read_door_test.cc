// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_door.h"

#include "catch.h"
#include "config/mappings.h"
#include "config/read_mappings.h"

#include <string>
#include <vector>

namespace read_door_test {

using namespace sluice;
using namespace sluice::config;

namespace {

constexpr auto kForward = "udp 198.51.100.1:53 -> 10.1.0.10:53";

Result<std::vector<pool::Forward>> forwards(const std::string& words) {
    const std::vector<std::string> given{words};
    return read_forwards({"forward", given});
}

Result<hosts::PrefixLimit> limit(const std::string& word) {
    const std::vector<std::string> given{word};
    return read_prefix_limit({"max-flows-per-prefix", given});
}

}  // namespace

TEST_CASE("door: a forward has limits behind what else it says", "[config]") {
    const auto read =
        forwards(std::string(kForward) + " from 203.0.113.0/24 rate=7 max-flows=500 " + kForward +
                 " max-flows=3");
    REQUIRE(read);
    REQUIRE(read.value().size() == 2);
    CHECK(read.value()[0].door == pool::Door{0, 500, 7});
    CHECK(read.value()[1].door == pool::Door{0, 3, 0});
    CHECK(to_string(read.value()[0]) ==
          std::string(kForward) + " from 203.0.113.0/24 max-flows=500 rate=7");
}

TEST_CASE("door: so has a pair", "[config]") {
    const std::vector<std::string> given{"198.51.100.5 = 10.1.0.20 rate=9",
                                         "198.51.100.6 = 10.1.0.21"};
    const auto pairs = read_one_to_one({"one-to-one", given});
    REQUIRE(pairs);
    REQUIRE(pairs.value().size() == 2);
    CHECK(pairs.value()[0].door == pool::Door{0, 0, 9});
    CHECK(pairs.value()[1].door == pool::Door{});
    CHECK(to_string(pairs.value()[0]) == given[0]);
}

TEST_CASE("door: what is no limit is named", "[config]") {
    for (const char* word : {"max-flows=", "max-flows=0", "max-flows=1x", "rate=-1", "rate=1000001",
                             "rate=1 rate=2", "max-flow=3", "rate"}) {
        CAPTURE(word);
        const auto read = forwards(std::string(kForward) + ' ' + word);
        REQUIRE_FALSE(read);
        CHECK(read.error().message.starts_with("--forward "));
    }
    CHECK(forwards(std::string(kForward) + " rate=0").error().message ==
          "--forward rate=0: a number from 1 to 1000000 is wanted");
}

TEST_CASE("door: a prefix of IPv6 is limited by what stands behind the comma alone", "[config]") {
    using hosts::PrefixLimit;
    hosts::QuotaLimits limits;
    const auto read = [&](const std::string& word) {
        limits = {};
        const std::vector<std::string> given{word};
        return store_prefix_limits({"max-flows-per-prefix", given}, limits);
    };
    CHECK(read("24:20000").ok());
    CHECK(limits.inside_prefix == PrefixLimit{24, 20000});
    CHECK(limits.inside_prefix6.flows == 0);
    CHECK(read("24:20000,56:5000").ok());
    CHECK(limits.inside_prefix == PrefixLimit{24, 20000});
    CHECK(limits.inside_prefix6 == PrefixLimit{56, 5000});
    CHECK(read("0,128:7").ok());
    CHECK(limits.inside_prefix.flows == 0);
    CHECK(limits.inside_prefix6 == PrefixLimit{128, 7});
    CHECK(limits.count_inside());
    CHECK(read("24:5,0").ok());
    CHECK(limits.inside_prefix == PrefixLimit{24, 5});
    CHECK(limits.inside_prefix6.flows == 0);
    CHECK(limits.count_inside());
    CHECK(read("0").ok());
    CHECK_FALSE(limits.count_inside());
    for (const char* word : {"24", "33:5", "24:5,", ",64:5", "24:5,129:5", "24:5,64:0",
                             "24:5,64:5,64:5", "24:5, 64:5"}) {
        CAPTURE(word);
        const auto refused = read(word);
        REQUIRE_FALSE(refused.ok());
        CHECK(refused.error().message.starts_with("--max-flows-per-prefix " + std::string(word)));
        CHECK_FALSE(limits.count_inside());
    }
}

TEST_CASE("door: a prefix has so many flows", "[config]") {
    CHECK(limit("24:20000").value() == hosts::PrefixLimit{24, 20000});
    CHECK(limit("32:1").value() == hosts::PrefixLimit{32, 1});
    CHECK(limit("0").value().flows == 0);
    for (const char* word : {"24", "24:", ":5", "33:5", "0:5", "24:0", "24:5x", "a:b", "24:1 5"}) {
        CAPTURE(word);
        REQUIRE_FALSE(limit(word));
        CHECK(limit(word).error().message.starts_with("--max-flows-per-prefix "));
    }
}

}  // namespace read_door_test
