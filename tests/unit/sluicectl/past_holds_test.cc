// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/past_holds.h"

#include "catch.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace past_holds_test {

using namespace sluicectl;
using sluice::listing::PublicEndpoint;

namespace {

constexpr int64_t kSecond = 1'000'000;

/// A line of a log: what happens to 10.1.0.10:4000 -> 203.0.113.10:80, as 198.51.100.1:`port`.
std::string flow(const char* event, unsigned seconds, const char* id = "7-0", unsigned port = 4001,
                 const char* host = "10.1.0.10") {
    const nlohmann::json line = {
        {"time", seconds + 0.25},
        {"id", id},
        {"event", event},
        {"protocol", "tcp"},
        {"original", {{"src", host}, {"dst", "203.0.113.10"}, {"sport", 4000}, {"dport", 80}}},
        {"reply",
         {{"src", "203.0.113.10"}, {"dst", "198.51.100.1"}, {"sport", 80}, {"dport", port}}}};
    return line.dump();
}

/// Likewise of an IPv6 host.
std::string ipv6_flow(const char* event, unsigned seconds, const char* id) {
    auto line = nlohmann::json::parse(flow(event, seconds, id, 4001, "2001:db8:1::10"));
    line["original"]["dst"] = "64:ff9b::cb00:710a";
    return line.dump();
}

std::string block(const char* event, unsigned seconds) {
    const nlohmann::json line = {{"time", seconds},
                                 {"id", "9-1"},
                                 {"event", event},
                                 {"block",
                                  {{"host", "10.1.0.11"},
                                   {"zone", 3},
                                   {"address", "198.51.100.1"},
                                   {"first_port", 4000},
                                   {"last_port", 4063}}}};
    return line.dump();
}

PastHolds read(const char* endpoint, int64_t seconds, const std::vector<std::string>& lines) {
    PastHolds holds(*PublicEndpoint::parse(endpoint), seconds * kSecond);
    for (const std::string& line : lines)
        holds.read(line);
    return holds;
}

size_t count(const char* endpoint, int64_t seconds, const std::vector<std::string>& lines) {
    return read(endpoint, seconds, lines).holds().size();
}

}  // namespace

TEST_CASE("past holds: a time is UTC, has an offset, or is seconds since 1970", "[sluicectl]") {
    CHECK(parse_time("2026-01-31T12:00:00Z").value() == 1'769'860'800 * kSecond);
    CHECK(parse_time("2026-01-31T13:30:00.25+01:30").value() ==
          1'769'860'800 * kSecond + kSecond / 4);
    CHECK(parse_time("2026-01-31T07:00:00-05:00").value() == 1'769'860'800 * kSecond);
    CHECK(parse_time("@1769860800").value() == 1'769'860'800 * kSecond);
    for (const char* wrong :
         {"", "@", "@x", "@-1", "now", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00ZZ",
          "2026-01-31T12:00:00+1", "2026-01-31T12:00:00+99:00", "2026-13-31T12:00:00Z",
          "2026-01-31T12:00:00+01:00x", "@99999999999999999999"}) {
        CAPTURE(wrong);
        const auto time = parse_time(wrong);
        REQUIRE_FALSE(time);
        CHECK(time.error().message.find("a time in UTC is wanted") != std::string::npos);
    }
}

TEST_CASE("past holds: a flow has its endpoint from its beginning to its end", "[sluicectl]") {
    const std::vector lines{flow("new", 100), flow("update", 120), flow("destroy", 200)};
    CHECK(count("198.51.100.1:4001", 99, lines) == 0);
    CHECK(count("198.51.100.1:4001", 101, lines) == 1);
    CHECK(count("198.51.100.1:4001", 200, lines) == 1);
    CHECK(count("198.51.100.1:4001", 201, lines) == 0);
    CHECK(count("198.51.100.1", 150, lines) == 1);
    CHECK(count("198.51.100.1:4001/tcp", 150, lines) == 1);
    CHECK(count("198.51.100.1:4001/udp", 150, lines) == 0);
    CHECK(count("198.51.100.1:4000", 150, lines) == 0);
    CHECK(count("198.51.100.2:4001", 150, lines) == 0);
    const auto holds = read("198.51.100.1:4001", 150, lines).holds();
    CHECK(holds[0].host == "10.1.0.10");
    CHECK(holds[0].peer == "203.0.113.10:80");
    CHECK(holds[0].from == 100 * kSecond + kSecond / 4);
    CHECK(holds[0].to == 200 * kSecond + kSecond / 4);
}

TEST_CASE("past holds: what has no beginning or no end in the log may have it", "[sluicectl]") {
    CHECK(count("198.51.100.1:4001", 50, {flow("destroy", 200)}) == 1);
    CHECK(count("198.51.100.1:4001", 250, {flow("destroy", 200)}) == 0);
    CHECK(count("198.51.100.1:4001", 999, {flow("new", 100)}) == 1);
    // A gateway was killed, and identifiers began anew.
    const std::vector lines{flow("new", 100), flow("new", 300), flow("destroy", 400)};
    CHECK(count("198.51.100.1:4001", 200, lines) == 1);
    CHECK_FALSE(read("198.51.100.1:4001", 200, lines).holds()[0].to);
    CHECK(count("198.51.100.1:4001", 350, lines) == 1);
    CHECK(read("198.51.100.1:4001", 350, lines).holds().at(0).to);
}

TEST_CASE("past holds: what others have since then, nobody else has", "[sluicectl]") {
    // By identifier and by port: both of the first two ended with their gateway.
    const std::vector lines{flow("new", 100, "7-0", 4001), flow("new", 101, "8-0", 4002),
                            flow("new", 300, "7-0", 4009, "10.1.0.77"),
                            flow("new", 301, "9-0", 4002, "10.1.0.99")};
    CHECK(count("198.51.100.1", 200, lines) == 2);
    CHECK(count("198.51.100.1:4001", 400, lines) == 0);
    const auto holds = read("198.51.100.1:4002", 400, lines).holds();
    REQUIRE(holds.size() == 1);
    CHECK(holds[0].host == "10.1.0.99");
    // A block too.
    const std::vector blocks{block("new", 100), block("new", 200)};
    CHECK(count("198.51.100.1:4000", 150, blocks) == 1);
    CHECK(count("198.51.100.1:4000", 250, blocks) == 1);
}

TEST_CASE("past holds: of an IPv6 host and another one alone has a port toward a server",
          "[sluicectl]") {
    const std::vector lines{ipv6_flow("new", 100, "7-0"), flow("new", 200, "8-0")};
    const PastHolds before = read("198.51.100.1:4001", 150, lines);
    REQUIRE(before.holds().size() == 1);
    CHECK(before.holds()[0].host == "2001:db8:1::10");
    CHECK(before.holds()[0].peer == "203.0.113.10:80");
    const PastHolds after = read("198.51.100.1:4001", 201, lines);
    REQUIRE(after.holds().size() == 1);
    CHECK(after.holds()[0].host == "10.1.0.10");
}

TEST_CASE("past holds: a flow between two inside hosts is of both", "[sluicectl]") {
    const nlohmann::json line = {
        {"time", 100},
        {"id", "3-0"},
        {"event", "new"},
        {"protocol", "udp"},
        {"original",
         {{"src", "10.1.0.10"}, {"dst", "198.51.100.1"}, {"sport", 5000}, {"dport", 8080}}},
        {"reply", {{"src", "10.1.0.20"}, {"dst", "198.51.100.1"}, {"sport", 80}, {"dport", 5001}}}};
    CHECK(count("198.51.100.1", 150, {line.dump()}) == 2);
    nlohmann::json end = line;
    end["event"] = "destroy";
    end["time"] = 200;
    CHECK(count("198.51.100.1", 150, {line.dump(), end.dump()}) == 2);
    CHECK(count("198.51.100.1", 250, {line.dump(), end.dump()}) == 0);
}

TEST_CASE("past holds: an identifier that is used again is another flow", "[sluicectl]") {
    const std::vector lines{flow("new", 100), flow("destroy", 200),
                            flow("new", 300, "7-0", 4001, "10.1.0.99"),
                            flow("destroy", 400, "7-0", 4001, "10.1.0.99")};
    CHECK(read("198.51.100.1:4001", 150, lines).holds().at(0).host == "10.1.0.10");
    CHECK(read("198.51.100.1:4001", 350, lines).holds().at(0).host == "10.1.0.99");
    CHECK(count("198.51.100.1:4001", 250, lines) == 0);
}

TEST_CASE("past holds: a forwarded connection is its inside host's", "[sluicectl]") {
    const nlohmann::json line = {
        {"time", 100},
        {"id", "1-1"},
        {"event", "new"},
        {"protocol", "tcp"},
        {"original",
         {{"src", "203.0.113.9"}, {"dst", "198.51.100.1"}, {"sport", 555}, {"dport", 8080}}},
        {"reply", {{"src", "10.1.0.20"}, {"dst", "203.0.113.9"}, {"sport", 80}, {"dport", 555}}}};
    const auto holds = read("198.51.100.1:8080", 100, {line.dump()}).holds();
    REQUIRE(holds.size() == 1);
    CHECK(holds[0].host == "10.1.0.20");
    CHECK(holds[0].peer == "203.0.113.9:555");
    CHECK(count("203.0.113.9:555", 100, {line.dump()}) == 0);
}

TEST_CASE("past holds: a block has all its ports", "[sluicectl]") {
    const std::vector lines{block("new", 100), block("destroy", 200)};
    CHECK(count("198.51.100.1:4000", 150, lines) == 1);
    CHECK(count("198.51.100.1:4063/udp", 150, lines) == 1);
    CHECK(count("198.51.100.1:4064", 150, lines) == 0);
    CHECK(count("198.51.100.1:4000", 250, lines) == 0);
    CHECK(past_table(*PublicEndpoint::parse("198.51.100.1:4000"),
                     read("198.51.100.1:4000", 150, lines).holds()) ==
          "host            kind   from                  to                    public\n"
          "10.1.0.11       block  1970-01-01T00:01:40Z  1970-01-01T00:03:20Z  "
          "198.51.100.1:4000-4063  zone=3\n");
}

TEST_CASE("past holds: a table and an object say the same", "[sluicectl]") {
    const auto endpoint = PublicEndpoint::parse("198.51.100.1:4001");
    const auto holds = read("198.51.100.1:4001", 150, {flow("new", 100)}).holds();
    CHECK(past_table(*endpoint, holds) ==
          "host            kind   from                  to                    public\n"
          "10.1.0.10       flow   1970-01-01T00:01:40Z  unknown               "
          "198.51.100.1:4001/tcp  with 203.0.113.10:80\n");
    CHECK(nlohmann::json::parse(past_json(*endpoint, holds)) ==
          nlohmann::json({{"holds",
                           {{{"host", "10.1.0.10"},
                             {"kind", "flow"},
                             {"address", "198.51.100.1"},
                             {"first_port", 4001},
                             {"last_port", 4001},
                             {"protocol", "tcp"},
                             {"peer", "203.0.113.10:80"},
                             {"from", "1970-01-01T00:01:40Z"}}}}}));
}

TEST_CASE("past holds: losses are told, and what is no line of a log is counted", "[sluicectl]") {
    const auto holds = read(
        "198.51.100.1", 150,
        {R"({"event":"lost","count":3,"from":"A","to":"B"})", "", flow("new", 100).substr(0, 40),
         "[]", "198.51.100.1 {}", R"({"event":"new","x":"198.51.100.1"})"});
    CHECK(holds.holds().empty());
    CHECK(holds.losses() == std::vector<std::string>{"from A to B"});
    CHECK(holds.unreadable() == 4);
}

}  // namespace past_holds_test
