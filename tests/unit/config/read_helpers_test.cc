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
}

TEST_CASE("helpers: an error names the word", "[config]") {
    const auto words =
        GENERATE(Words{"sip"}, Words{"21"}, Words{"ftp:"}, Words{"ftp:0"}, Words{"ftp:65536"},
                 Words{"ftp:21", "x"}, Words{"ftp:1,2,3,4,5,6,7,8,9"}, Words{"FTP"});
    CAPTURE(words);
    const auto result = read(words);
    REQUIRE_FALSE(result);
    CHECK(result.error().message.starts_with("--helper "));
    CHECK(result.error().message.find("ftp or tftp is wanted") != std::string::npos);
}

}  // namespace read_helpers_test
