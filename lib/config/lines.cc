// SPDX-License-Identifier: BSD-3-Clause
#include "config/lines.h"

#include "config/flags.h"
#include "config/mappings.h"
#include "config/neighbours.h"
#include "config/ports.h"
#include "config/read_helpers.h"
#include "config/read_rules.h"
#include "config/route6.h"
#include "config/uplinks.h"
#include "net/text.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <span>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

/// Flags whose lines are about some flows and not about others.
constexpr string_view kAboutFlows[] = {
    "gateway", "route-from", "pool",    "inside",     "snat",
    "no-nat",  "deny",       "forward", "one-to-one", "route",
};

// What is neither here nor above, nor a timeout of the trackers, has to wait for the next start.
constexpr string_view kChangeable[] = {
    "no-nat-inbound",
    "inside-routing",
    "uplink-weights",
    "uplink-choice",
    "port-blocks-per-host",
    "max-flows-per-host",
    "max-new-flows-per-second-per-host",
    "max-flows-from-outside",
    "max-flows-per-prefix",
    "max-flows-per-outside-prefix",
    "tcp-loose",
    "tcp-be-liberal",
    "tcp-ignore-invalid-rst",
    "tcp-strict",
    "reset-hold",
    "least-pmtu",
    "verify-checksum",
    "nat64-zero-checksum",
    "helper",
    "claim",
    "on-conflict",
    "announce-interval",
    "strict-source",
    "tcp-max-retrans",
    "invalid",
    "on-exhaustion",
    "reject-rate",
    "icmp-rate",
    "mss-clamp",
    "fragment-timeout",
    "mapping-timeout",
    "on-reload",
    "drain-time",
    "stats-interval",
    "ipfix",
    "netflow9",
    "log-flows",
    "log-both",
};

bool is_in(std::span<const string_view> names, string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// A flag whose values have a form of their own.
struct Typed {
    string_view flag;
    std::vector<string> (*values)(const Config& config);
};

template <auto kMember>
std::vector<string> written(const Config& config) {
    std::vector<string> values;
    for (const auto& each : config.*kMember)
        values.push_back(to_string(each));
    return values;
}

/// Without the side that IPv6 hosts are on, which no --lan names.
std::vector<string> written_lans(const Config& config) {
    std::vector<string> values;
    for (const Lan& lan : config.lans)
        if (lan.at.vlan != link::kIpv6Side)
            values.push_back(to_string(lan));
    return values;
}

std::vector<string> written_wans(const Config& config) {
    std::vector<string> values;
    for (const Wan& wan : config.wans)
        values.push_back(to_string(wan));
    return values;
}

std::vector<string> written_gateways(const Config& config) {
    std::vector<string> values;
    for (const Wan& wan : config.wans)
        values.push_back(gateway_text(wan));
    return values;
}

/// One line: a port means nothing without the helper before it.
std::vector<string> written_helpers(const Config& config) {
    if (config.helpers.are_none())
        return {};
    return {to_string(config.helpers)};
}

constexpr Typed kTyped[] = {
    {"lan", written_lans},
    {"wan", written_wans},
    {"gateway", written_gateways},
    {"helper", written_helpers},
    {"inside", written<&Config::inside>},
    {"pool", written<&Config::pool>},
    {"snat", written<&Config::snat>},
    {"no-nat", written<&Config::no_nat>},
    {"deny", written<&Config::deny>},
    {"forward", written<&Config::forwards>},
    {"one-to-one", written<&Config::one_to_one>},
    {"neighbour", written<&Config::fixed_neighbours>},
    {"nptv6", written<&Config::nptv6>},
    {"route6", written_route6},
    {"route", written<&Config::routes>},
    {"route-from", written<&Config::routes_from>},
};

const Typed* find_typed(string_view flag) {
    const auto found = std::ranges::find(kTyped, flag, &Typed::flag);
    return found == std::end(kTyped) ? nullptr : &*found;
}

std::vector<Line> typed_lines(std::initializer_list<string_view> names, const Config& config) {
    std::vector<Line> lines;
    for (const string_view flag : names)
        for (const string& value : find_typed(flag)->values(config))
            lines.push_back({string(flag), value});
    return lines;
}

/// The one value of a flag: of a list, which some take as their value, all items behind commas.
string one_value(const Flag& flag, const std::vector<string>& words) {
    const std::vector<string> items = items_of({flag.name, words});
    Config config;
    if (items.size() < 2 || !flag.read({flag.name, items}, config))
        return words.front();
    string list;
    for (const string& item : items)
        list += (list.empty() ? "" : ",") + item;
    return list;
}

std::vector<string> plain_values(const Flag& flag, const std::vector<string>& words) {
    const Given given{flag.name, words};
    if (flag.arity == Arity::Many)
        return items_of(given);
    if (flag.arity == Arity::Each)
        return words;
    if (flag.arity == Arity::One)
        return {one_value(flag, words)};
    const Result<bool> is_on = read_switch(given);
    return {is_on && *is_on ? "true" : "false"};
}

/// Where each of so many rules of a flag stands; all empty where that cannot be told.
std::vector<string> places_of(const Sources& sources, string_view flag, size_t rules) {
    std::vector<string> places;
    if (sources.is_of_file(string(flag)))
        for (const FileEntry& entry : sources.file()->entries())
            for (const FileWord& word : entry.words) {
                if (entry.flag != flag)
                    continue;
                const std::vector<string> words{word.text};
                const auto there = values_of({flag, words});
                places.insert(places.end(), there ? there.value().size() : 0,
                              sources.file()->path() + ':' + std::to_string(word.place.line));
            }
    if (places.size() != rules)
        places.assign(rules, {});
    return places;
}

}  // namespace

string to_string(const StaticRoute& route) {
    const string text = route.prefix6
                            ? net::to_string(*route.prefix6) + " via " + net::to_string(route.via6)
                            : net::to_string(route.prefix) + " via " + net::to_string(route.via);
    return text + zone_text(route.zone);
}

string to_string(const Line& line) {
    const bool needs_quotes = line.value.empty() || line.value.find(" #") != string::npos ||
                              line.value.find_first_of("\"'[") == 0;
    if (!needs_quotes)
        return line.flag + " = " + line.value;
    string quoted;
    for (const char c : line.value)
        quoted += (c == '"' || c == '\\' ? "\\" : "") + string(1, c);
    return line.flag + " = \"" + quoted + '"';
}

Result<std::vector<string>> values_of(const Given& given) {
    const Flag& flag = *find_flag(given.flag);
    Config config;
    if (Status status = flag.read(given, config); !status)
        return status.error();
    const Typed* typed = find_typed(flag.name);
    return typed != nullptr ? typed->values(config) : plain_values(flag, given.words);
}

std::vector<Line> lines_of(const Sources& sources, const Config& config) {
    const Settings settings = sources.settings();
    std::vector<Line> lines;
    const auto add = [&](string_view flag, const std::vector<string>& values) {
        for (const string& value : values)
            lines.push_back({string(flag), value});
    };
    for (const Flag& flag : flags()) {
        if (const Typed* typed = find_typed(flag.name))
            add(flag.name, typed->values(config));
        else if (const auto given = settings.find(flag.name);
                 given != settings.end() && !given->second.empty())
            add(flag.name, plain_values(flag, given->second));
    }
    return lines;
}

std::vector<Line> rule_lines(const Config& config) {
    return typed_lines({"inside", "snat", "no-nat", "route6"}, config);
}

std::vector<Line> ground_lines(const Config& config) {
    return typed_lines(
        {"inside", "pool", "snat", "no-nat", "route6", "deny", "forward", "one-to-one"}, config);
}

std::vector<string> deny_places(const Sources& sources, const Config& config) {
    return places_of(sources, "deny", config.deny.size());
}

std::vector<string> rule_places(const Sources& sources, const Config& config) {
    std::vector<string> places = places_of(sources, "inside", config.inside.size());
    for (const auto& more : {places_of(sources, "snat", config.snat.size()),
                             places_of(sources, "no-nat", config.no_nat.size()),
                             places_of(sources, "route6", config.route6.size())})
        places.insert(places.end(), more.begin(), more.end());
    return places;
}

Difference difference(const std::vector<Line>& before, const std::vector<Line>& after) {
    std::vector<Line> old_lines = before;
    std::vector<Line> new_lines = after;
    std::sort(old_lines.begin(), old_lines.end());
    std::sort(new_lines.begin(), new_lines.end());
    Difference result;
    std::set_difference(old_lines.begin(), old_lines.end(), new_lines.begin(), new_lines.end(),
                        std::back_inserter(result.gone));
    std::set_difference(new_lines.begin(), new_lines.end(), old_lines.begin(), old_lines.end(),
                        std::back_inserter(result.come));
    return result;
}

bool is_about_flows(string_view flag) {
    return is_in(kAboutFlows, flag);
}

bool is_changeable(string_view flag) {
    return is_about_flows(flag) || flag.starts_with("timeout-") || is_in(kChangeable, flag);
}

}  // namespace sluice::config
