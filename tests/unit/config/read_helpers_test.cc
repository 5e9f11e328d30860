// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_helpers.h"

#include "catch.h"

#include <string>
#include <vector>

namespace read_helpers_test {

using namespace sluice;
using namespace sluice::config;
using Words = std::vector<std::string>;
using helper::Ports;

namespace {

Result<Ports> read(const Words& words) {
    return read_helpers({"helper", words});
}

}  // namespace

TEST_CASE("helpers: by name, with their own ports or with others", "[config]") {
    CHECK(read({"ftp"}).value() == Ports{{21}, {}});
    CHECK(read({"tftp", "ftp"}).value() == Ports{{21}, {69}});
    CHECK(read({"ftp:21,2121,tftp"}).value() == Ports{{21, 2121}, {69}});
    CHECK(read({"ftp:2121", "ftp:2121,21"}).value() == Ports{{2121, 21}, {}});
    CHECK(read({"pptp", "ftp"}).value() == Ports{{21}, {}, {1723}});
    CHECK(read({"pptp:1724,tftp"}).value() == Ports{{}, {69}, {1724}});
}

TEST_CASE("helpers: as one word they read as they were given", "[config]") {
    const auto word = GENERATE(std::string("ftp"), std::string("ftp:21,2121,tftp,pptp"),
                               std::string("pptp:1723,1724"));
    CHECK(to_string(read({word}).value()) == word);
}

TEST_CASE("helpers: an error names the word", "[config]") {
    const auto words =
        GENERATE(Words{"sip"}, Words{"21"}, Words{"ftp:"}, Words{"ftp:0"}, Words{"ftp:65536"},
                 Words{"ftp:21", "x"}, Words{"pptp:1723", "l2tp"}, Words{"ftp:1,2,3,4,5,6,7,8,9"},
                 Words{"FTP"});
    CAPTURE(words);
    const auto result = read(words);
    REQUIRE_FALSE(result);
    CHECK(result.error().message.starts_with("--helper "));
    CHECK(result.error().message.find("ftp, tftp or pptp is wanted") != std::string::npos);
}

}  // namespace read_helpers_test
