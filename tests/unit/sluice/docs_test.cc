// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "config/flags.h"
#include "config/sources.h"
#include "testing/temporary_file.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <vector>

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

namespace {

/// packaging/sluice.conf, as it is and with every line that shows a flag switched on.
std::vector<std::string> examples() {
    const char* root = std::getenv("SLUICE_SOURCE_ROOT");
    if (root == nullptr)
        return {};  // started by hand, not by meson
    std::ifstream file(std::string(root) + "/packaging/sluice.conf");
    REQUIRE(file.good());
    std::string plain;
    std::string full;
    for (std::string line; std::getline(file, line);) {
        const bool shows_a_flag =
            line.starts_with("#") && line.size() > 1 && line[1] != ' ' && line != "#";
        plain += line + '\n';
        full += (shows_a_flag ? line.substr(1) : line) + '\n';
    }
    return {plain, full};
}

}  // namespace

TEST_CASE("docs: packaging/sluice.conf is good, and so is all that it shows", "[sluice]") {
    constexpr std::array<unsigned, 2> kCpus{0, 1};
    for (const std::string& text : examples()) {
        const sluice::testing::TemporaryFile file(text);
        const auto sources = sluice::config::Sources::read({}, file.path(), {});
        if (!sources)
            FAIL(sources.error().message);
        const auto config = sources.value().load();
        if (!config)
            FAIL(config.error().message);
        const auto status = sources.value().validate(config.value(), kCpus);
        if (!status)
            FAIL(status.error().message);
    }
}

TEST_CASE("docs: packaging/sluice.conf shows every flag", "[sluice]") {
    const auto texts = examples();
    if (texts.empty())
        return;
    const auto entries = sluice::config::read_entries(texts.back());
    REQUIRE(entries.ok());
    std::set<std::string, std::less<>> shown;
    for (const auto& entry : entries.value())
        shown.insert(entry.flag);
    for (const sluice::config::Flag& flag : sluice::config::flags()) {
        CAPTURE(flag.name);
        CHECK(shown.contains(flag.name));
    }
}
