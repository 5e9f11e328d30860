// SPDX-License-Identifier: BSD-3-Clause
#include "command/who_list.h"

#include "listing/time_of_day.h"
#include "listing/tuple_text.h"
#include "net/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

namespace sluice::command {
namespace {

using listing::Hold;
using listing::Means;
using listing::PublicEndpoint;

constexpr size_t kMostHolds = 10'000;
constexpr uint16_t kLastPort = 65535;

std::string_view name_of(Means means) {
    switch (means) {
        case Means::Flow:
            return "flow";
        case Means::Mapping:
            return "mapping";
        case Means::Block:
            return "block";
        case Means::Forward:
            return "forward";
        case Means::OneToOne:
            return "one-to-one";
    }
    return {};
}

std::string since(std::chrono::milliseconds age, std::time_t now) {
    return listing::utc_text(now - std::chrono::duration_cast<std::chrono::seconds>(age).count());
}

/// "<2026-11-28T17:19:09Z" is at that time or before.
std::string since_text(const Hold& hold, std::time_t now) {
    return hold.age ? (hold.is_older() ? "<" : "") + since(*hold.age, now) : "configured";
}

bool has_all_ports(const Hold& hold) {
    return hold.first_port == 0 && hold.last_port == kLastPort;
}

/// "198.51.100.1:2048-2111/tcp"; the address alone where there are all ports and protocols.
std::string held(const PublicEndpoint& endpoint, const Hold& hold) {
    std::string text = net::to_string(endpoint.address);
    if (!has_all_ports(hold)) {
        text += ':' + std::to_string(hold.first_port);
        if (hold.first_port != hold.last_port)
            text += '-' + std::to_string(hold.last_port);
    }
    return hold.protocol ? text + '/' + listing::protocol_text(*hold.protocol) : text;
}

std::string line(const std::string& host, const char* kind, const char* flows, const char* since,
                 const std::string& rest) {
    std::array<char, 128> columns{};
    std::snprintf(columns.data(), columns.size(), "%-15s %-12s%10s  %-22s", host.c_str(), kind,
                  flows, since);
    return columns.data() + rest + '\n';
}

}  // namespace

Result<WhoQuery> read_who_query(const listing::Query& query) {
    const Error wrong{
        "/v1/who takes public=ADDRESS[:PORT][/PROTOCOL], once, at=SECONDS since 1970, and format "
        "only."};
    const auto endpoint = query.find("public");
    const auto at = query.find("at");
    if (endpoint == query.end() || query.size() != (at == query.end() ? 1 : 2))
        return wrong;
    const auto read = PublicEndpoint::parse(endpoint->second);
    if (!read)
        return read.error();
    WhoQuery asked{*read};
    if (at != query.end()) {
        const std::string& word = at->second;
        std::time_t time = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), time);
        if (error != std::errc{} || end != word.data() + word.size() || time < 0)
            return wrong;
        asked.at = time;
    }
    return asked;
}

void keep_since(std::vector<Hold>& holds, std::time_t at, std::time_t now) {
    std::erase_if(holds, [&](const Hold& hold) {
        return hold.age && !hold.is_older() && *hold.age < std::chrono::seconds(now - at);
    });
}

std::string who_table(const PublicEndpoint& endpoint, std::span<const Hold> holds,
                      const WhoWords& words) {
    std::string table = line("host", "kind", "flows", "since", "public");
    for (const Hold& hold : holds.first(std::min(holds.size(), kMostHolds))) {
        const std::string zone =
            hold.host.zone == 0 ? "" : "  zone=" + std::to_string(hold.host.zone);
        table += line(nat64::to_string(words.naming.host(hold.host.address)),
                      name_of(hold.means).data(), std::to_string(hold.flows).c_str(),
                      since_text(hold, words.now).c_str(), held(endpoint, hold) + zone);
    }
    if (holds.size() > kMostHolds)
        table += "and " + std::to_string(holds.size() - kMostHolds) + " more: name a port.\n";
    return table;
}

std::string who_json(const PublicEndpoint& endpoint, std::span<const Hold> holds,
                     const WhoWords& words) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Hold& hold : holds.first(std::min(holds.size(), kMostHolds))) {
        list.push_back({{"host", nat64::to_string(words.naming.host(hold.host.address))},
                        {"kind", name_of(hold.means)},
                        {"flows", hold.flows},
                        {"address", net::to_string(endpoint.address)}});
        nlohmann::ordered_json& last = list.back();
        if (hold.host.zone != 0)
            last["zone"] = hold.host.zone;
        if (hold.age)
            last["since"] = since(*hold.age, words.now);
        if (hold.is_older())
            last["or_before"] = true;
        if (hold.protocol)
            last["protocol"] = listing::protocol_text(*hold.protocol);
        if (!has_all_ports(hold)) {
            last["first_port"] = hold.first_port;
            last["last_port"] = hold.last_port;
        }
    }
    const size_t left_out = holds.size() - list.size();
    return nlohmann::ordered_json{{"holds", std::move(list)}, {"left_out", left_out}}.dump() + '\n';
}

}  // namespace sluice::command
