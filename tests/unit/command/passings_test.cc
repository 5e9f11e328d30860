// SPDX-License-Identifier: BSD-3-Clause
#include "command/passings.h"

#include "catch.h"
#include "packet_builder.h"

#include <nlohmann/json.hpp>

namespace passings_test {

using namespace sluice;
using namespace sluice::command;

namespace {

const Passing kTable{
    .number = 1,
    .at = std::chrono::system_clock::time_point(std::chrono::microseconds(1'800'000'000'000'123)),
    .mark = 90,
    .outlook = {900, 1000, 120}};
const Passing kPorts{.number = 2,
                     .at = kTable.at,
                     .mark = 80,
                     .outlook = {40, 50, {}},
                     .ports = listing::Pressure{test::ip("198.51.100.1"), test::ip("203.0.113.10"),
                                                Be16::from_host(80), net::Protocol::Tcp, 40}};

std::string line_of(const Passing& passing, bool has_timestamp = false) {
    std::string text;
    append_passing(text, passing, has_timestamp);
    return text;
}

nlohmann::json json_of(const Passing& passing) {
    std::string text;
    append_json_passing(text, passing);
    CHECK(text.ends_with("}\n"));
    return nlohmann::json::parse(text);
}

}  // namespace

TEST_CASE("passings: as a line they look like events of flows", "[command]") {
    CHECK(line_of(kTable) == "   [FULL] flows    percent=90 used=900 room=1000 full_in=120\n");
    CHECK(line_of(kTable, true).starts_with("[1800000000.000123]\t   [FULL] flows "));
    CHECK(line_of(kPorts) ==
          "   [FULL] ports    address=198.51.100.1 protocol=tcp destination=203.0.113.10:80 "
          "percent=80 used=40 room=50\n");
}

TEST_CASE("passings: as JSON they say what has become how full", "[command]") {
    const auto table = json_of(kTable);
    CHECK(table["event"] == "full");
    CHECK(table["time"] == 1'800'000'000.000123);
    CHECK(table["flows"] ==
          nlohmann::json::parse(R"({"percent":90,"used":900,"room":1000,"full_in":120})"));
    const auto ports = json_of(kPorts);
    CHECK(ports["ports"]["address"] == "198.51.100.1");
    CHECK(ports["ports"]["protocol"] == "tcp");
    CHECK(ports["ports"]["destination"] == "203.0.113.10:80");
    CHECK(ports["ports"]["full_in"].is_null());
}

TEST_CASE("passings: a follower is told what comes behind the last that it has seen", "[command]") {
    Passings passings;
    CHECK(passings.last() == 0);
    for (unsigned i = 0; i < Passings::kMostKept + 10; ++i)
        passings.add(kTable);
    CHECK(passings.last() == Passings::kMostKept + 10);
    CHECK(passings.since(passings.last()).empty());
    CHECK(passings.since(passings.last() - 3).front().number == passings.last() - 2);
    CHECK(passings.since(0).size() == Passings::kMostKept);
    CHECK(passings.since(0).front().number == 11);
}

}  // namespace passings_test
