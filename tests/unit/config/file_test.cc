// SPDX-License-Identifier: BSD-3-Clause
#include "config/file.h"

#include "catch.h"
#include "config/read.h"
#include "testing/temporary_file.h"

#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace file_test {

using namespace sluice;
using namespace sluice::config;
using testing::TemporaryFile;

namespace {

std::string refusal(const std::string& path) {
    const auto file = File::read(path);
    REQUIRE_FALSE(file.ok());
    return file.error().message;
}

File read(const TemporaryFile& file) {
    auto result = File::read(file.path());
    if (!result)
        FAIL(result.error().message);
    return std::move(result).value();
}

/// The place before an error about a flag's value.
std::string place_of(const TemporaryFile& file, const std::string& flag, const std::string& value) {
    const Error error = wrong(flag, value, "why");
    const std::string located = read(file).located(error).message;
    REQUIRE(located.ends_with(error.message));
    const std::string place = located.substr(0, located.size() - error.message.size());
    return place.starts_with(file.path()) ? place.substr(file.path().size()) : place;
}

}  // namespace

TEST_CASE("file: what is no ordinary file is refused and not waited for", "[config]") {
    CHECK(refusal("/nonexistent/file") == "--config /nonexistent/file: No such file or directory");
    CHECK(refusal("/dev/zero") == "--config /dev/zero: it is a device; a file is wanted");
    CHECK(refusal("/tmp") == "--config /tmp: it is a directory; a file is wanted");
    const TemporaryFile place("");
    const std::string pipe = place.path() + ".pipe";
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(refusal(pipe).ends_with("it is a pipe; a file is wanted"));
    unlink(pipe.c_str());
}

TEST_CASE("file: one that is too large is refused unread", "[config]") {
    const TemporaryFile file("workers = 2\n");
    REQUIRE(truncate(file.path().c_str(), off_t{1} << 30) == 0);
    CHECK(refusal(file.path()).ends_with("larger than 16 MB, which no configuration is"));
}

TEST_CASE("file: words are gathered by flag, and errors begin with the path", "[config]") {
    const TemporaryFile good("pool = [a, b]\nworkers = 2\npool = c\n");
    const Settings settings = read(good).settings();
    CHECK(settings.at("pool") == std::vector<std::string>{"a", "b", "c"});
    CHECK(settings.at("workers") == std::vector<std::string>{"2"});
    const TemporaryFile bad("\nworker = 2\n");
    CHECK(refusal(bad.path()).starts_with(bad.path() + ":2:1: worker: "));
}

TEST_CASE("file: an error about a value has its place", "[config]") {
    const TemporaryFile file(
        "# rules\n"
        "snat = 10.2.0.0/16 -> 198.51.100.5\n"
        "snat = [\n"
        "    \"10.3.0.0/16 -> 198.51.100.6\",\n"
        "    \"10.2.0.0/16 -> 198.51.100.7\",\n"
        "]\n"
        "workers = 100\n");
    CHECK(place_of(file, "snat", "198.51.100.6") == ":4:21: ");
    CHECK(place_of(file, "snat", "10.2.0.0/16 -> 198.51.100.5") == ":2:8: ");
    CHECK(place_of(file, "snat", "10.2.0.0/16") == ": ");  // a part of two
    CHECK(place_of(file, "workers", "100") == ":7:11: ");
    CHECK(place_of(file, "workers", "64") == ":7:11: ");  // the only value it can be
    CHECK(place_of(file, "snat", "198.51.100") == ": ");  // no whole word of any
    CHECK(place_of(file, "snat", "10.9.0.0/16") == ": ");
    CHECK(place_of(file, "flows", "7") == "");
}

TEST_CASE("file: lines are read without one as well", "[config]") {
    auto settings = read_settings("timeout-udp = 7\npool = [a, b]\n");
    REQUIRE(settings.ok());
    CHECK(settings->at("timeout-udp") == std::vector<std::string>{"7"});
    CHECK(settings->at("pool").size() == 2);
    const auto wrong = read_settings("\nworker = 2\n");
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().message.starts_with("2:1: worker: "));
}

}  // namespace file_test
