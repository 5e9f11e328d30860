// SPDX-License-Identifier: BSD-3-Clause
#include "config/sources.h"

#include "catch.h"
#include "loaded.h"
#include "testing/temporary_file.h"

#include <string>

namespace sources_test {

using namespace sluice;
using namespace sluice::config;
using test::kCpus;
using test::kLeastFile;
using testing::TemporaryFile;

namespace {

Sources read(const Settings& settings, const TemporaryFile& file) {
    auto sources = Sources::read(settings, file.path(), {});
    if (!sources)
        FAIL(sources.error().message);
    return std::move(sources).value();
}

}  // namespace

TEST_CASE("sources: the command line goes before the file, flag by flag", "[config]") {
    const TemporaryFile file(std::string(kLeastFile) + "workers = 2\nflows = 4096\n");
    const auto config = read({{"workers", {"3"}}}, file).load();
    REQUIRE(config.ok());
    CHECK(config.value().workers == 3);
    CHECK(config.value().flows == 4096);
}

TEST_CASE("sources: values that contradict one another are named by their place", "[config]") {
    const TemporaryFile file(std::string(kLeastFile) + "pool = 10.1.0.7\n");
    const Sources sources = read({}, file);
    const auto config = sources.load();
    REQUIRE(config.ok());
    const Status status = sources.validate(config.value(), kCpus);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.starts_with(file.path() + ":6:8: --pool 10.1.0.7: "));
}

TEST_CASE("sources: what the command line says is not blamed on the file", "[config]") {
    const TemporaryFile file(std::string(kLeastFile) + "workers = 0\n");
    const auto config = read({{"workers", {"99"}}}, file).load();
    REQUIRE_FALSE(config.ok());
    CHECK(config.error().message.starts_with("--workers 99: "));
    const auto other = read({{"flows", {"9"}}}, file).load();
    REQUIRE_FALSE(other.ok());
    CHECK(other.error().message.starts_with(file.path() + ":6:11: --workers 0: "));
}

}  // namespace sources_test
