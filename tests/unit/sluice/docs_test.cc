// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "config/config.h"
#include "config/flags.h"
#include "config/lines.h"
#include "config/sources.h"
#include "testing/temporary_file.h"
#include "worker/worker.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace docs_test {

namespace {

std::ifstream open_in_tree(const std::string& path) {
    const char* root = std::getenv("SLUICE_SOURCE_ROOT");
    if (root == nullptr)
        FAIL("SLUICE_SOURCE_ROOT is to name the tree; meson test sets it");
    std::ifstream file(root + ('/' + path));
    REQUIRE(file.good());
    return file;
}

/// The flags that a row of docs/configuration.md begins with.
std::multiset<std::string> documented_flags() {
    std::ifstream file = open_in_tree("docs/configuration.md");
    std::multiset<std::string> flags;
    const std::string begin = "| `--";
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(begin))
            flags.insert(line.substr(begin.size(), line.find('`', begin.size()) - begin.size()));
    return flags;
}

/// What the rows of the table of stages in README.md begin with, but for those that have no name.
std::vector<std::string> documented_stages() {
    std::ifstream file = open_in_tree("README.md");
    std::vector<std::string> stages;
    std::string line;
    while (std::getline(file, line) && !line.starts_with("| stage |"))
        continue;
    std::getline(file, line);  // what parts head and rows
    while (std::getline(file, line) && line.starts_with("| "))
        if (!line.starts_with("| | "))
            stages.push_back(line.substr(2, line.find(" |", 2) - 2));
    return stages;
}

/// The flags that docs/configuration.md says a reload can change: where it says "tcp-…", all that
/// begin so.
std::set<std::string> changeable_flags() {
    std::ifstream file = open_in_tree("docs/configuration.md");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const size_t first = text.find("\nWhat can change: ");
    const size_t end = text.find(" All other flags want a restart", first);
    REQUIRE(first != std::string::npos);
    REQUIRE(end != std::string::npos);
    std::set<std::string> flags;
    const std::string begin = "`--", and_more = "…";
    for (size_t at = text.find(begin, first); at < end; at = text.find(begin, at + 1)) {
        const size_t place = at + begin.size();
        std::string name = text.substr(place, text.find('`', place) - place);
        if (!name.ends_with(and_more)) {
            flags.insert(name);
            continue;
        }
        name.resize(name.size() - and_more.size());
        for (const sluice::config::Flag& flag : sluice::config::flags())
            if (flag.name.starts_with(name))
                flags.emplace(flag.name);
    }
    return flags;
}

/// packaging/sluice.conf, as it is, and with every line that shows a flag switched on: those of
/// IPv6, which goes without --inside-routing, apart from all others, and so those of a cluster,
/// which goes without --sync and blocks of ports. Of IPv6 are its section, and that of addresses
/// behind it.
std::vector<std::string> examples() {
    std::ifstream file = open_in_tree("packaging/sluice.conf");
    std::string plain;
    std::string full;
    std::string with_ipv6;
    std::string with_cluster;
    bool is_of_ipv6 = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("["))
            is_of_ipv6 = line == "[ipv6]" || (is_of_ipv6 && line == "[addresses]");
        const bool shows_a_flag =
            line.starts_with("#") && line.size() > 1 && line[1] != ' ' && line != "#";
        const std::string on = shows_a_flag ? line.substr(1) : line;
        plain += line + '\n';
        const bool is_cluster = on.starts_with("cluster =");
        const bool is_of_cluster =
            is_cluster || on.starts_with("pool =") || on.starts_with("address-key =");
        full += (is_of_ipv6 || is_cluster ? line : on) + '\n';
        with_ipv6 += (is_of_ipv6 ? on : line) + '\n';
        with_cluster += (is_of_cluster ? on : line) + '\n';
    }
    return {plain, full, with_cluster, with_ipv6};
}

/// What a file of this text says, which must be good.
sluice::config::Config read_good(const std::string& text) {
    constexpr std::array<unsigned, 2> kCpus{0, 1};
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
    return config.value();
}

}  // namespace

TEST_CASE("docs: docs/configuration.md has a row for every flag, and for nothing else",
          "[sluice]") {
    std::multiset<std::string> flags{"check", "config", "help"};  // args.cc's own
    for (const sluice::config::Flag& flag : sluice::config::flags())
        flags.emplace(flag.name);
    CHECK(documented_flags() == flags);
}

TEST_CASE("docs: docs/configuration.md names the flags that a reload can change, and no others",
          "[sluice]") {
    std::set<std::string> flags;
    for (const sluice::config::Flag& flag : sluice::config::flags())
        if (sluice::config::is_changeable(flag.name))
            flags.emplace(flag.name);
    CHECK(changeable_flags() == flags);
}

TEST_CASE("docs: README.md has a row for every stage of the worker, in order", "[sluice]") {
    std::vector<std::string> stages{"receive"};  // before the first
    for (const sluice::worker::Worker::Stage& stage : sluice::worker::Worker::stages())
        stages.emplace_back(stage.name);
    CHECK(documented_stages() == stages);
}

TEST_CASE("docs: packaging/sluice.conf is good, and so is all that it shows", "[sluice]") {
    for (const std::string& text : examples())
        read_good(text);
}

TEST_CASE("docs: what packaging/sluice.conf shows of IPv6 serves a subnet that is advertised",
          "[sluice]") {
    const sluice::config::Config config = read_good(examples().back());
    CHECK(config.advertises_router);
    CHECK(config.dns6.size() == 1);
    REQUIRE(config.lan6);
    CHECK(config.lan6->length == 64);
    CHECK(std::ranges::any_of(config.routes,
                              [](const auto& route) { return route.prefix6.has_value(); }));
    CHECK(std::ranges::any_of(config.snat,
                              [](const auto& rule) { return rule.inside6.has_value(); }));
    CHECK(std::ranges::any_of(config.deny,
                              [](const auto& match) { return match.inside6.has_value(); }));
    CHECK(std::ranges::any_of(config.forwards,
                              [](const auto& each) { return each.internal6.has_value(); }));
}

TEST_CASE("docs: packaging/sluice.conf shows every flag", "[sluice]") {
    std::set<std::string, std::less<>> shown;
    for (const std::string& text : examples()) {
        const auto entries = sluice::config::read_entries(text);
        REQUIRE(entries.ok());
        for (const auto& entry : entries.value())
            shown.insert(entry.flag);
    }
    for (const sluice::config::Flag& flag : sluice::config::flags()) {
        CAPTURE(flag.name);
        CHECK(shown.contains(flag.name));
    }
}

}  // namespace docs_test
