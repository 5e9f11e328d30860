// SPDX-License-Identifier: BSD-3-Clause
#include "config/partners.h"

#include "catch.h"
#include "config/sources.h"
#include "loaded.h"
#include "testing/temporary_file.h"

#include <string>

namespace partners_test {

using namespace sluice;
using namespace sluice::config;

namespace {

std::string said_of(const Settings& settings) {
    const Status status = check_partners(settings);
    return status ? "" : status.error().message;
}

}  // namespace

TEST_CASE("partners: a flag that does nothing by itself is refused by name", "[config]") {
    CHECK(said_of({}) == "");
    CHECK(said_of(test::least_settings()) == "");
    CHECK(said_of({{"port-blocks-per-host", {"8"}}}) ==
          "--port-blocks-per-host 8: it is for --port-block-size, which is not given");
    CHECK(said_of({{"reject-rate", {"5"}}}) ==
          "--reject-rate 5: it is for --invalid and --on-exhaustion, neither of which is given");
    CHECK(said_of({{"port-block-size", {"64"}}, {"log-both", {"1"}}}) ==
          "--log-both 1: it is for --ipfix, --netflow9 and --log-flows, none of which is given");
    for (const char* flag : {"no-nat-inbound", "ipv6-numbers", "ipv6-peers", "drain-time",
                             "log-both", "state-mismatch", "sync-flows"}) {
        CAPTURE(flag);
        CHECK(said_of({{flag, {"x"}}}).starts_with("--" + std::string(flag) + " x: it is for --"));
    }
}

TEST_CASE("partners: what asks for nothing may stand alone", "[config]") {
    CHECK(said_of({{"no-nat-inbound", {"0"}},
                   {"log-both", {"0"}},
                   {"reject-rate", {"1000"}},
                   {"drain-time", {"300"}},
                   {"state-mismatch", {"empty"}},
                   {"sync-flows", {"assured"}},
                   {"nat64-zero-checksum", {"compute"}}}) == "");
}

TEST_CASE("partners: one of its partners is enough, and may have switched it off", "[config]") {
    CHECK(said_of({{"port-blocks-per-host", {"8"}}, {"port-block-size", {"0"}}}) == "");
    CHECK(said_of({{"drain-time", {"60"}}, {"on-reload", {"keep"}}}) == "");
    CHECK(said_of({{"reject-rate", {"5"}}, {"invalid", {"reject"}}}) == "");
    CHECK(said_of({{"reject-rate", {"5"}}, {"on-exhaustion", {"reject"}}}) == "");
    for (const char* log : {"ipfix", "netflow9", "log-flows"})
        CHECK(said_of({{"log-both", {"1"}}, {"port-block-size", {"64"}}, {log, {"x"}}}) == "");
}

TEST_CASE("partners: the file and the command line may have one each, and the line is named",
          "[config]") {
    const testing::TemporaryFile file(std::string(test::kLeastFile) + "drain-time = 60\n");
    const auto said = [&](const Settings& command_line) {
        auto sources = Sources::read(command_line, file.path(), {});
        REQUIRE(sources);
        const auto config = sources->load();
        REQUIRE(config);
        const Status status = sources->validate(config.value(), test::kCpus);
        return status ? "" : status.error().message;
    };
    CHECK(said({}).starts_with(file.path() + ":6:14: --drain-time 60: it is for --on-reload"));
    CHECK(said({{"on-reload", {"drain"}}}) == "");
}

}  // namespace partners_test
