// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "config/flags.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

TEST_CASE("docs: every flag has its row in docs/configuration.md", "[sluice]") {
    const char* root = std::getenv("SLUICE_SOURCE_ROOT");
    if (root == nullptr)
        return;  // started by hand, not by meson
    std::ifstream file(std::string(root) + "/docs/configuration.md");
    REQUIRE(file.good());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (const sluice::config::Flag& flag : sluice::config::flags()) {
        CAPTURE(flag.name);
        CHECK(text.find("| `--" + std::string(flag.name) + "`") != std::string::npos);
    }
}
