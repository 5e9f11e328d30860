// SPDX-License-Identifier: BSD-3-Clause
#include "config/lines.h"

#include "catch.h"
#include "config/flags.h"
#include "loaded.h"
#include "testing/temporary_file.h"

#include <algorithm>
#include <string>
#include <vector>

namespace lines_test {

using namespace sluice;
using namespace sluice::config;
using test::kLeastFile;
using testing::TemporaryFile;

namespace {

struct Read {
    Sources sources;
    Config config;
};

Read read(const std::string& text) {
    const TemporaryFile file(kLeastFile + text);
    auto sources = Sources::read({}, file.path(), {});
    if (!sources)
        FAIL(sources.error().message);
    auto config = sources->load();
    if (!config)
        FAIL(config.error().message);
    return {std::move(*sources), std::move(*config)};
}

std::vector<Line> lines_of(const std::string& text) {
    const Read all = read(text);
    return config::lines_of(all.sources, all.config);
}

std::string text_of(const std::vector<Line>& lines) {
    std::string text;
    for (const Line& line : lines)
        text += to_string(line) + '\n';
    return text;
}

}  // namespace

TEST_CASE("lines: the least configuration shows what is served by default", "[config]") {
    CHECK(text_of(lines_of("")) ==
          std::string(kLeastFile) + "pool = 198.51.100.1\n" + "inside = 10.1.0.0/24\n");
}

TEST_CASE("lines: what is written in several ways is one line", "[config]") {
    CHECK(
        lines_of("snat = 10.1.0.0/25   ->  198.51.100.5\nno-huge\nworker-cores = 1, 2\n") ==
        lines_of("snat = \"10.1.0.0/25->198.51.100.5\"\nno-huge = true\nworker-cores = [1, 2]\n"));
    CHECK(lines_of("lan = tap:t,zone=3,vlan=5\nlan-address = 10.2.0.1/24\n") ==
          lines_of("lan = tap:t,vlan=5,zone=3\nlan-address = 10.2.0.1/24\n"));
}

TEST_CASE("lines: a value that is a list is shown whole, in whichever way it is written",
          "[config]") {
    const auto value_of = [](const std::vector<Line>& lines, std::string_view flag) {
        const auto found = std::ranges::find(lines, flag, &Line::flag);
        return found == lines.end() ? std::string() : found->value;
    };
    const auto weights = [&](const std::string& value) {
        return value_of(lines_of("wan = tap:w2\nwan-address = 203.0.113.1/24\n"
                                 "gateway = 203.0.113.254\nuplink-weights = " +
                                 value + '\n'),
                        "uplink-weights");
    };
    for (const char* written : {"3,1", "3, 1", "[3, 1]", "\"3\" \"1\"", "3 1"}) {
        CAPTURE(written);
        CHECK(weights(written) == "3,1");
    }
    const auto pair = lines_of(
        "sync = [listen=192.0.2.1:3780, peer=192.0.2.2:3780, priority=7]\nsync-key = /k,1\n");
    CHECK(value_of(pair, "sync") == "listen=192.0.2.1:3780,peer=192.0.2.2:3780,priority=7");
    CHECK(value_of(pair, "sync-key") == "/k,1");
    CHECK(value_of(lines_of("max-flows-per-prefix = 24:9,56:7\n"), "max-flows-per-prefix") ==
          "24:9,56:7");
}

TEST_CASE("lines: the side that IPv6 hosts are on is no --lan of the file's", "[config]") {
    const auto lines = lines_of("nat64 = 64:ff9b::/96\nlan6 = 2001:db8:1::1/64\n");
    CHECK(std::ranges::count(lines, "lan", &Line::flag) == 1);
}

TEST_CASE("lines: the values of some words are those of their lines", "[config]") {
    const auto values = [](const char* flag, const std::vector<std::string>& words) {
        const auto read = values_of({flag, words});
        return read ? read.value() : std::vector<std::string>{read.error().message};
    };
    using Values = std::vector<std::string>;
    CHECK(values("gateway", {"192.0.2.6 onlink"}) == Values{"192.0.2.6 onlink"});
    CHECK(values("neighbour", {"10.1.0.9 = 02:00:00:00:00:0A"}) ==
          Values{"10.1.0.9=02:00:00:00:00:0a"});
    CHECK(values("worker-cores", {"1, 3"}) == Values{"1", "3"});
    CHECK(values("workers", {"0"})[0].starts_with("--workers 0: "));
}

TEST_CASE("lines: what they say is read as the same configuration", "[config]") {
    const std::string text =
        "snat = 10.1.0.0/25 to 192.0.2.0/24 tcp 25 -> 198.51.100.5,198.51.100.7:1024-2047\n"
        "snat = 10.1.0.128/25 -> 198.51.100.9 mapping=endpoint-independent "
        "filtering=address-dependent for=udp:3000-3999,tcp mapping-ports=40000-50000\n"
        "inside = 10.1.0.0/24\nno-nat = 10.1.0.240/28 to 172.16.0.0/12\ndeny = 10.1.0.0/24 udp "
        "137\n"
        "forward = tcp 198.51.100.1:8080 -> 10.1.0.10:80\n"
        "one-to-one = 198.51.100.20 = 10.1.0.20\nroute = 10.9.0.0/16 via 10.1.0.9\n"
        "timeout-udp = 60\nworkers = 2\nno-huge = true\n"
        "control-socket = \"/run/a #b\"\n";
    const std::vector<Line> first = lines_of(text);
    // Without the ports and addresses that read() puts before it.
    std::string again;
    for (const Line& line : first)
        if (std::string(kLeastFile).find(to_string(line)) == std::string::npos)
            again += to_string(line) + '\n';
    CHECK(lines_of(again) == first);
}

TEST_CASE("lines: the lines of rules are in the order of rules", "[config]") {
    const Read all = read(
        "no-nat = 10.1.0.240/28\nsnat = 10.1.0.0/25 -> 198.51.100.5\n"
        "pool = 198.51.100.1\n");
    const auto lines = rule_lines(all.config);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].flag == "inside");
    CHECK(lines[1].flag == "snat");
    CHECK(lines[2] == Line{"no-nat", "10.1.0.240/28"});
}

TEST_CASE("lines: those of the ground of flows are rules, pools and static mappings", "[config]") {
    const Read all = read(
        "pool = 198.51.100.1\ndeny = 10.1.0.0/24 udp 137\nroute = 10.9.0.0/16 via 10.1.0.9\n"
        "forward = tcp 198.51.100.1:8080 -> 10.1.0.10:80\ntimeout-udp = 60\n"
        "one-to-one = 198.51.100.20 = 10.1.0.20\n");
    std::vector<std::string> flags;
    for (const Line& line : ground_lines(all.config))
        flags.push_back(line.flag);
    CHECK(flags == std::vector<std::string>{"inside", "pool", "deny", "forward", "one-to-one"});
}

TEST_CASE("lines: a difference has what is gone and what has come", "[config]") {
    const auto before = lines_of("timeout-udp = 60\ndeny = 10.1.0.0/24 udp 137\n");
    CHECK(difference(before, before).is_none());
    const Difference found = difference(before, lines_of("timeout-udp = 50\ninvalid = reject\n"));
    CHECK(text_of(found.gone) == "deny = 10.1.0.0/24 udp 137\ntimeout-udp = 60\n");
    CHECK(text_of(found.come) == "invalid = reject\ntimeout-udp = 50\n");
}

TEST_CASE("lines: ports, threads and memory cannot be changed", "[config]") {
    for (const char* flag :
         {"lan", "wan", "lan-address", "wan-address", "workers", "flows", "port-block-size",
          "port-hold", "fragment-bytes", "control-socket", "accounting"})
        CHECK_FALSE(is_changeable(flag));
    for (const char* flag : {"snat",
                             "deny",
                             "forward",
                             "pool",
                             "on-reload",
                             "route",
                             "gateway",
                             "timeout-udp",
                             "timeout-tcp-close",
                             "mss-clamp",
                             "icmp-rate",
                             "max-flows-per-host",
                             "stats-interval",
                             "verify-checksum",
                             "nat64-zero-checksum",
                             "helper",
                             "claim",
                             "on-conflict",
                             "announce-interval",
                             "ipfix",
                             "netflow9",
                             "log-flows",
                             "log-both"})
        CHECK(is_changeable(flag));
}

TEST_CASE("lines: a port of one helper is not that of another", "[config]") {
    const auto before = lines_of("helper = ftp:21,2121,tftp\n");
    const auto after = lines_of("helper = ftp:21,tftp:69,2121\n");
    const Difference found = difference(before, after);
    CHECK(text_of(found.gone) == "helper = ftp:21,2121,tftp\n");
    CHECK(text_of(found.come) == "helper = ftp,tftp:69,2121\n");
    CHECK(
        difference(before, lines_of("helper = ftp:21\nhelper = 2121\nhelper = tftp\n")).is_none());
}

TEST_CASE("lines: every timeout of a tracker can be changed", "[config]") {
    unsigned timeouts = 0;
    for (const Flag& flag : flags())
        if (section_of(flag) == "timeouts" && flag.name != "port-hold") {
            CHECK(is_changeable(flag.name));
            ++timeouts;
        }
    CHECK(timeouts == 26);
}

TEST_CASE("lines: of some flags it can be said which flows they are about", "[config]") {
    for (const char* flag : {"snat", "deny", "forward", "pool", "route", "gateway"})
        CHECK(is_about_flows(flag));
    for (const char* flag : {"timeout-udp", "mss-clamp", "on-reload", "lan"})
        CHECK_FALSE(is_about_flows(flag));
}

TEST_CASE("lines: the place of each denial is that of its value in the file", "[config]") {
    const Read all = read(
        "deny = 10.1.0.0/24 udp 137\n"
        "deny = [\"10.1.0.0/25\",\n  \"10.1.0.128/25 tcp 25\"]\n");
    REQUIRE(all.config.deny.size() == 3);
    const std::string file = all.sources.file()->path();
    CHECK(deny_places(all.sources, all.config) ==
          std::vector<std::string>{file + ":6", file + ":7", file + ":8"});
    const TemporaryFile other(std::string(kLeastFile) + "deny = 10.1.0.0/24\n");
    auto given = Sources::read({{"deny", {"10.1.0.9/32"}}}, other.path(), {});
    REQUIRE(given);
    auto config = given->load();
    REQUIRE(config);
    CHECK(deny_places(*given, *config) == std::vector<std::string>{""});
}

TEST_CASE("lines: the place of each rule is that of its value in the file", "[config]") {
    const Read all = read(
        "snat = 10.1.0.0/25 -> 198.51.100.7\n"
        "no-nat = 10.1.0.128/25 to 10.9.0.0/16\n");
    const std::string file = all.sources.file()->path();
    const auto places = rule_places(all.sources, all.config);
    REQUIRE(places.size() == rule_lines(all.config).size());
    REQUIRE(places.size() >= 2);
    CHECK(places[places.size() - 2] == file + ":6");
    CHECK(places.back() == file + ":7");
    for (size_t i = 0; i + 2 < places.size(); ++i)  // networks of the interfaces, written nowhere
        CHECK(places[i].empty());
}

}  // namespace lines_test
