// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/args.h"

#include "catch.h"
#include "config/flags.h"
#include "net/text.h"
#include "testing/temporary_file.h"

#include <string>
#include <vector>

namespace args_test {

using namespace sluice;
using namespace sluice::app;
using File = testing::TemporaryFile;
using Words = std::vector<std::string>;

namespace {

Result<Invocation> read(const Words& words) {
    std::vector<const char*> arguments{"sluice"};
    for (const std::string& word : words)
        arguments.push_back(word.c_str());
    return read_arguments(arguments);
}

Words least(const Words& more) {
    Words words{"--lan",         "af_packet:l0",   "--wan",     "af_packet:w0",
                "--lan-address", "10.1.0.1/24",    "--gateway", "198.51.100.254",
                "--wan-address", "198.51.100.1/24"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

config::Config config_of(const Words& words) {
    const auto invocation = read(words);
    if (!invocation)
        FAIL(invocation.error().message);
    REQUIRE_FALSE(invocation.value().text.has_value());
    return invocation.value().config;
}

std::string error_of(const Words& words) {
    const auto invocation = read(words);
    REQUIRE_FALSE(invocation.ok());
    return invocation.error().message;
}

}  // namespace

TEST_CASE("args: flags become a configuration", "[sluice]") {
    const config::Config config = config_of(
        least({"--workers=2", "--no-huge", "--inside", "10.1.0.0/24", "10.2.0.0/16", "--inside",
               "10.3.0.0/16", "--pool", "198.51.100.1-198.51.100.4", "--idle", "sleep"}));
    CHECK(config.lans.at(0).at.port == "af_packet:l0");
    CHECK(config.workers == 2);
    CHECK(config.no_huge);
    CHECK(config.inside.size() == 3);
    CHECK(net::to_string(config.pool.at(0)) == "198.51.100.1-198.51.100.4");
    CHECK(config.idle == config::Idle::Sleep);
    CHECK(config.eal.empty());
}

TEST_CASE("args: a route is three arguments or one, and repeats", "[sluice]") {
    const config::Config config =
        config_of(least({"--route", "10.9.0.0/16", "via", "10.1.0.9", "--route",
                         "10.8.0.0/16 via 10.1.0.8", "--workers", "2"}));
    REQUIRE(config.routes.size() == 2);
    CHECK(net::to_string(config.routes[0].via) == "10.1.0.9");
    CHECK(net::to_string(config.routes[1].via) == "10.1.0.8");
    CHECK(config.workers == 2);
}

TEST_CASE("args: what follows two dashes is for EAL", "[sluice]") {
    const config::Config config =
        config_of(least({"--inside", "10.1.0.0/24", "--", "--log-level=eal:debug", "--", "-x"}));
    CHECK(config.eal == Words{"--log-level=eal:debug", "--", "-x"});
    CHECK(config.inside.size() == 1);
}

TEST_CASE("args: help names every flag, version the program", "[sluice]") {
    const auto help = read({"--help"});
    REQUIRE(help.ok());
    REQUIRE(help.value().text.has_value());
    for (const config::Flag& flag : config::flags())
        CHECK(help.value().text->find("--" + std::string(flag.name) + ' ') != std::string::npos);
    const auto version = read({"--version"});
    REQUIRE(version.ok());
    CHECK(version.value().text.value_or("").starts_with("sluice "));
}

TEST_CASE("args: a file sets any flag and the command line wins", "[sluice]") {
    const File file(
        "# a comment\n"
        "lan = \"pcap:in.pcap,out.pcap\"\n"
        "wan = af_packet:w0\n"
        "lan-address = 10.1.0.1/24\n"
        "wan-address = 198.51.100.1/24\n"
        "gateway = 198.51.100.254\n"
        "inside = [\"10.1.0.0/24\", \"10.2.0.0/16\"]\n"
        "route = 10.2.0.0/16 via 10.1.0.9\n"
        "snat = [\"10.2.0.0/17 -> 198.51.100.5,198.51.100.7\", \"10.3.0.0/16->198.51.100.8\"]\n"
        "no-huge = true\n"
        "workers = 2\n"
        "route = [\"10.3.0.0/16 via 10.1.0.9\"]\n"
        "timeout-udp = 60\n");
    const config::Config config = config_of({"--config", file.path(), "--workers", "3"});
    CHECK(config.lans.at(0).at.port == "pcap:in.pcap,out.pcap");
    CHECK(config.inside.size() == 2);
    CHECK(config.snat.size() == 2);
    CHECK(config.routes.size() == 2);
    CHECK(config.no_huge);
    CHECK(config.workers == 3);
    CHECK(config.tuning.udp == Duration::seconds(60));
}

TEST_CASE("args: what the file says wrongly is refused", "[sluice]") {
    struct Row {
        const char* line;
        const char* named;
    };
    const Row row = GENERATE(values<Row>({
        {"unknown = 3\n", "unknown"},
        {"[part]\nworkers = 2\n", "part"},
        {"workers = 0\n", "--workers 0"},
        {"workers\n", ":1:1: workers"},
        {"no-huge = maybe\n", ":1:11: --no-huge maybe"},
        {"mtu = 1500\nmtu = 1400\n", ":2:1: mtu"},
        {"workers = 2\nflows = 9\nworkers = 3\n", ":3:1: workers"},
        {"config = other\n", "config"},
        {"help = true\n", "help"},
    }));
    const File file(row.line);
    const std::string error = error_of(least({"--config", file.path()}));
    CAPTURE(row.line, error);
    CHECK(error.starts_with(file.path() + ':'));
    CHECK(error.find(row.named) != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
}

TEST_CASE("args: a value of the command line is not blamed on the file", "[sluice]") {
    const File file("workers = 0\n");
    CHECK(error_of(least({"--config", file.path(), "--workers", "99"}))
              .starts_with("--workers 99: "));
}

TEST_CASE("args: --check is told from a start, and two files are refused", "[sluice]") {
    CHECK(read(least({"--check"})).value().check);
    CHECK_FALSE(read(least({})).value().check);
    const File file("workers = 2\n");
    const std::string error = error_of(least({"--config", file.path(), "--config", file.path()}));
    CHECK(error.starts_with("--config"));
}

TEST_CASE("args: errors are one sentence that names the flag", "[sluice]") {
    struct Row {
        Words words;
        const char* start;
    };
    const Row row = GENERATE(values<Row>({
        {{}, "--lan PORT[,vlan=N][,zone=N][,twin=IFNAME] is missing"},
        {{"--unknown"}, "--unknown: "},
        {{"--worker", "3"}, "--worker: there is no such flag; did you mean --workers?"},
        {{"-x"}, "-x: "},
        {least({"word"}), "word: no flag before it takes this word; see sluice --help"},
        {least({"--no-huge", "false"}), "false: no flag before it takes this word"},
        {least({"--state", ""}), "--state \"\": its value is empty"},
        {least({"--workers"}), "--workers: "},
        {least({"--workers", "-3"}), "--workers -3: "},
        {least({"--no-huge=perhaps"}), "--no-huge = perhaps: "},
        {least({"--mtu", "1500", "--mtu", "1400"}), "--mtu 1400: "},
        {least({"--config", "/nonexistent/file"}), "--config /nonexistent/file: "},
        {least({"--config", "/dev/zero"}), "--config /dev/zero: "},
        {least({"--config", "/tmp"}), "--config /tmp: it is a directory"},
        {least({"--pool", "198.51.100.9-198.51.100.1"}), "--pool 198.51.100.9-198.51.100.1: "},
        {least({"--route", "10.9.0.0/16", "via"}), "--route 10.9.0.0/16: "},
    }));
    const std::string error = error_of(row.words);
    CAPTURE(error);
    CHECK(error.starts_with(row.start));
    CHECK(error.find('\n') == std::string::npos);
}

}  // namespace args_test
