// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Lines: a configuration as the lines of a file that would say the same, and what two of them
/// have not in common.
///
/// Shape    What is given, and what rules, pools and routes are by default. Values that can be
///          written in several ways are written in one.

#include "config/config.h"
#include "config/read.h"
#include "config/sources.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// One value of one flag.
struct Line {
    std::string flag;
    std::string value;

    auto operator<=>(const Line&) const = default;
};

/// "10.9.0.0/16 via 10.1.0.9".
std::string to_string(const StaticRoute& route);

/// "flag = value", quoted where that is needed.
std::string to_string(const Line& line);

/// What words behind a flag say by themselves, each value as its line would have it.
Result<std::vector<std::string>> values_of(const Given& given);
/// All that `sources` say, and `config` makes of it, in the order of flags().
std::vector<Line> lines_of(const Sources& sources, const Config& config);
/// Those of the rules: of --inside, --snat, --no-nat and --route6, in this order.
std::vector<Line> rule_lines(const Config& config);

/// Those that say whose flows there can be, and by which addresses: rules, pools, static mappings.
std::vector<Line> ground_lines(const Config& config);

/// Where each rule of --deny stands, "sluice.conf:12", in their order; empty where that is the
/// command line, or one rule in several words of a list.
std::vector<std::string> deny_places(const Sources& sources, const Config& config);
/// Likewise of rule_lines().
std::vector<std::string> rule_places(const Sources& sources, const Config& config);

/// What is in one and not in the other.
struct Difference {
    std::vector<Line> gone;
    std::vector<Line> come;

    bool is_none() const { return gone.empty() && come.empty(); }
};
Difference difference(const std::vector<Line>& before, const std::vector<Line>& after);

/// True for flags of which each line is about flows that can be told: rules, addresses, routes.
bool is_about_flows(std::string_view flag);
/// True for flags that a running gateway can change: who is served and how, routes, limits,
/// timeouts. The others are for the start: ports, threads, memory, own addresses, and what records
/// of flows are made by (docs/adr/0008-policy-and-reload.md).
bool is_changeable(std::string_view flag);

}  // namespace sluice::config
