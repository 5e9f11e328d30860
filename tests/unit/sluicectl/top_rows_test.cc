// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/top_rows.h"

#include "catch.h"

#include <algorithm>

namespace top_rows_test {

using namespace sluicectl;
using nlohmann::json;

namespace {

Reading reading(int seconds, uint64_t received, uint64_t fins) {
    Reading result;
    result.stats = {
        {"version", "1.2.3"},
        {"packets",
         {{"received", received}, {"transmitted", received}, {"dropped", fins}, {"held", 2u}}},
        {"drops", {{"invalid_untracked_fin", fins}, {"ttl_expired", 7u}, {"martian", 0u}}},
        {"flows", {{"live", 250u}, {"capacity", 1000u}}},
        {"events", {{"flows_opened", received / 10}}},
        {"ports", {{{"port", "lan"}, {"link", true}}, {{"port", "wan"}, {"link", false}}}},
        {"interfaces",
         {{{"interface", "lan"},
           {"in", {{"packets", received}, {"bytes", received * 100}}},
           {"out", {{"packets", fins}, {"bytes", fins * 50}}}}}},
        {"cycles_per_second", 2'000'000'000u},
        {"workers",
         {{{"worker", 0u},
           {"received", received},
           {"taken", received},
           {"handoff", fins},
           {"turns", 4 * received},
           {"busy_turns", received},
           {"busy_ns", 100'000 * received},
           {"turn_ns", {{2048u, received}, {8192u, fins}}}},
          {{"worker", 1u}, {"received", 5u}}}}};
    result.hosts = json::array({{{"host", "10.1.0.10"},
                                 {"zone", 3u},
                                 {"flows", 12u},
                                 {"half_open", 1u},
                                 {"ports", 11u},
                                 {"rate", 4u},
                                 {"refused", 9u}},
                                {{"host", "10.1.0.11"}, {"flows", 2u}}});
    result.ports = json::array({{{"address", "198.51.100.1"},
                                 {"protocol", "tcp"},
                                 {"destination", "203.0.113.10:80"},
                                 {"used", 12u},
                                 {"left", 64500u}}});
    result.at = std::chrono::steady_clock::time_point(std::chrono::seconds(seconds));
    return result;
}

}  // namespace

TEST_CASE("top rows: rates are over the time between the readings", "[sluicectl]") {
    const auto rows = top_rows(reading(10, 1000, 0), reading(12, 5000, 6), 5);
    const std::vector<std::string> expected = {
        "sluice 1.2.3  lan up  wan DOWN",
        "packets/s  received      2000  transmitted      2000  dropped         3",
        "flows      250 of 1000 (25.0 %)  new/s      200  packets held      2",
        "",
        "interface     packets/s in         bit/s in  packets/s out        bit/s out",
        "lan                  2000          1600000              3             1200",
        "",
        "worker      received/s  transmitted/s   dropped/s  handoffs/s new flows/s",
        "0                 2000              0           0           3           0",
        "1                    0              0           0           0           0",
        "",
        "worker         busy %   turns/s  with packets  cycles/packet  turn p99.9 us",
        "0                  20      8000          25 %         100000              8",
        "1                   0         0           0 %              0              -",
        "",
        "drops                                   /s       total",
        "invalid_untracked_fin                    3           6",
        "ttl_expired                              0           7",
        "",
        "host                     flows   half_open       ports new flows/s     refused",
        "10.1.0.10                   12           1          11           4           9  zone=3",
        "10.1.0.11                    2           0           0           0           0",
        "",
        "ports of                  used        left  protocol  destination",
        "198.51.100.1                12       64500  tcp       203.0.113.10:80",
    };
    CHECK(rows == expected);
}

TEST_CASE("top rows: a list has as many rows as there is room for", "[sluicectl]") {
    const auto rows = top_rows(reading(10, 1000, 0), reading(12, 5000, 6), 1);
    CHECK(rows.size() == 21);
    for (const std::string& row : rows) {
        CHECK_FALSE(row.starts_with("ttl_expired"));
        CHECK_FALSE(row.starts_with("10.1.0.11"));
    }
}

TEST_CASE("top rows: a filter leaves the hosts and ports that it wants, or the reasons",
          "[sluicectl]") {
    const auto has = [](const std::vector<std::string>& rows, const std::string& name) {
        return std::ranges::any_of(rows, [&](const auto& row) { return row.starts_with(name); });
    };
    // The first row of hosts is that of the first one wanted, though it is not among the most.
    const auto one =
        top_rows(reading(10, 1000, 0), reading(12, 5000, 6), 1, RowFilter("10.1.0.11"));
    CHECK(has(one, "10.1.0.11 "));
    CHECK_FALSE(has(one, "10.1.0.10 "));
    CHECK_FALSE(has(one, "198.51.100.1 "));
    CHECK(has(one, "invalid_untracked_fin "));
    const auto server =
        top_rows(reading(10, 1000, 0), reading(12, 5000, 6), 5, RowFilter("203.0.113.0/24"));
    CHECK(has(server, "198.51.100.1 "));
    const auto expired = top_rows(reading(10, 1000, 0), reading(12, 5000, 6), 1, RowFilter("ttl"));
    CHECK(has(expired, "ttl_expired "));
    CHECK_FALSE(has(expired, "invalid_untracked_fin "));
    CHECK(has(expired, "10.1.0.10 "));
}

TEST_CASE("top rows: hosts have their bytes where these are counted", "[sluicectl]") {
    Reading now = reading(12, 5000, 6);
    now.hosts[0]["out"] = {{"packets", 3u}, {"bytes", 4000u}};
    now.hosts[0]["in"] = {{"packets", 5u}, {"bytes", 6000u}};
    const auto rows = top_rows(now, now, 1);
    const auto head =
        std::ranges::find_if(rows, [](const std::string& row) { return row.starts_with("host "); });
    REQUIRE(head != rows.end());
    CHECK(*head ==
          "host                     bytes out        bytes in       flows   half_open       "
          "ports new flows/s     refused");
    CHECK(head[1] ==
          "10.1.0.10                     4000            6000          12           1          "
          "11           4           9  zone=3");
}

TEST_CASE("top rows: a gateway that has started again counts from 0", "[sluicectl]") {
    const auto rows = top_rows(reading(10, 90'000, 0), reading(12, 4000, 0), 5);
    CHECK(rows[1].starts_with("packets/s  received      2000 "));
}

TEST_CASE("top rows: what a reading lacks has no row", "[sluicectl]") {
    CHECK(top_rows({}, {}, 5).size() == 15);
    Reading odd = reading(1, 1, 1);
    odd.stats["workers"] = "none";
    odd.stats["packets"] = json::array({1, 2});
    odd.hosts = 5;
    odd.stats["drops"] = nullptr;
    CHECK(top_rows(odd, odd, 5)[1].starts_with("packets/s  received         0 "));
}

TEST_CASE("top rows: a gateway that is one of two says which", "[sluicectl]") {
    Reading now = reading(12, 5000, 6);
    now.stats["pair"] = {{"role", "standby"}, {"text", "standby; the peer is away"}};
    CHECK(top_rows(now, now, 5)[0] == "sluice 1.2.3  lan up  wan DOWN  standby; the peer is away");
}

TEST_CASE("top rows: what fills says when it is full", "[sluicectl]") {
    Reading now = reading(12, 5000, 6);
    now.stats["flows"]["full_in"] = 90u;
    now.stats["full_ports"] = json::array({{{"address", "198.51.100.1"},
                                            {"protocol", "tcp"},
                                            {"destination", "203.0.113.10:80"},
                                            {"full_in", 40u}}});
    const auto rows = top_rows(reading(10, 1000, 0), now, 5);
    CHECK(rows[2].ends_with("full in 90 s"));
    CHECK(rows.back().ends_with("203.0.113.10:80  full in 40 s"));
}

}  // namespace top_rows_test
