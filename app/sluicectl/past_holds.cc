// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/past_holds.h"

#include "listing/time_of_day.h"
#include "net/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluicectl {
namespace {

using nlohmann::json;
using sluice::Error;
using sluice::Result;
using sluice::listing::PublicEndpoint;

constexpr int64_t kSecond = 1'000'000;

constexpr const char* kWanted =
    "a time in UTC is wanted, as 2026-01-31T12:00:00Z, with an offset, as "
    "2026-01-31T13:00:00+01:00, or in seconds since 1970, as @1769860800";

/// ".25" as microseconds; moves behind it.
int64_t take_fraction(const char*& rest) {
    int64_t value = 0;
    if (*rest != '.')
        return value;
    ++rest;
    for (int64_t unit = kSecond / 10; '0' <= *rest && *rest <= '9'; ++rest, unit /= 10)
        value += (*rest - '0') * unit;
    return value;
}

/// "Z" or "+01:00" in seconds, and nothing behind it.
std::optional<int64_t> offset_of(const char* rest) {
    const std::string_view text = rest;
    if (text == "Z")
        return 0;
    int hours = 0;
    int minutes = 0;
    int length = 0;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') ||
        std::sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 || length != 5 ||
        hours > 14 || minutes > 59 || hours < 0 || minutes < 0)
        return std::nullopt;
    return (text[0] == '-' ? -1 : 1) * (hours * int64_t{3600} + minutes * 60);
}

unsigned port_of(const json& tuple, const char* name) {
    return tuple.contains(name) ? tuple.at(name).get<unsigned>() : tuple.value("id", 0u);
}

std::string zone_of(const json& of) {
    return of.contains("zone") ? std::to_string(of.at("zone").get<unsigned>()) : "";
}

std::string peer_of(const json& tuple, const char* address, const char* port) {
    const std::string peer = tuple.at(address).get<std::string>();
    if (!tuple.contains(port))
        return peer;
    const std::string number = std::to_string(tuple.at(port).get<unsigned>());
    return peer.find(':') == std::string::npos ? peer + ':' + number : '[' + peer + "]:" + number;
}

/// Toward whom a flow's port is held: a session of an IPv6 host by the server's IPv4 address, by
/// which IPv4 hosts know it, too.
std::string server_of(const json& original, const json& reply) {
    const bool is_ipv6 =
        original.at("dst").get_ref<const std::string&>().find(':') != std::string::npos;
    return is_ipv6 ? peer_of(reply, "src", "sport") : peer_of(original, "dst", "dport");
}

std::string time_text(const std::optional<int64_t>& time) {
    return time ? sluice::listing::utc_text(static_cast<std::time_t>(*time / kSecond)) : "unknown";
}

/// What only one can have at a time: a block, or a port toward a peer.
std::string claim_of(const PastHold& hold) {
    return hold.protocol + ' ' + std::to_string(hold.first_port) + ' ' + hold.peer;
}

/// Whether a protocol of the log is the one that was asked for.
bool is_of(const PublicEndpoint& endpoint, const std::string& protocol) {
    if (!endpoint.protocol)
        return true;
    auto named = PublicEndpoint::parse(sluice::net::to_string(endpoint.address) + '/' + protocol);
    return named && named->protocol == endpoint.protocol;
}

}  // namespace

Result<int64_t> parse_time(const std::string& text) {
    const Error wrong{"--at " + text + ": " + kWanted};
    if (text.starts_with('@')) {
        const size_t digits = text.find_first_not_of("0123456789", 1);
        if (text.size() == 1 || text.size() > 12 || digits != std::string::npos)
            return wrong;
        return std::stoll(text.substr(1)) * kSecond;
    }
    std::tm parts{};
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr)
        return wrong;
    const int64_t fraction = take_fraction(rest);
    const auto offset = offset_of(rest);
    if (!offset)
        return wrong;
    return (timegm(&parts) - *offset) * kSecond + fraction;
}

/// Of most lines it is enough to know that neither the address is in them nor one that has it.
bool PastHolds::may_matter(std::string_view line) const {
    constexpr std::string_view kBefore = R"("id":")";
    const size_t id = line.find(kBefore);
    const std::string_view rest =
        id == std::string_view::npos ? "" : line.substr(id + kBefore.size());
    return line.find(sluice::net::to_string(endpoint_.address)) != std::string_view::npos ||
           line.find(R"("event":"lost")") != std::string_view::npos ||
           claims_.contains(std::string(rest.substr(0, rest.find('"'))));
}

void PastHolds::read(std::string_view line) {
    if (line.empty())
        return;
    if (!line.ends_with('}')) {
        ++unreadable_;
        return;
    }
    if (!may_matter(line))
        return;
    try {
        read_event(json::parse(line));
    } catch (const json::exception&) {
        ++unreadable_;
    }
}

void PastHolds::read_event(const json& event) {
    const std::string what = event.at("event").get<std::string>();
    if (what == "lost") {
        losses_.push_back("from " + event.value("from", "unknown") + " to " +
                          event.value("to", "unknown"));
        return;
    }
    if (what != "new" && what != "destroy")
        return;
    const auto time = std::llround(event.at("time").get<double>() * kSecond);
    const std::string id = event.at("id").get<std::string>();
    if (what == "new")
        end_reused(id, time);
    const auto matches = [&](const json& address, unsigned first, unsigned last) {
        return address == sluice::net::to_string(endpoint_.address) &&
               endpoint_.is_within(first, last);
    };
    if (event.contains("block")) {
        const json& block = event.at("block");
        const auto first = block.at("first_port").get<unsigned>();
        const unsigned last = block.value("last_port", first);
        if (matches(block.at("address"), first, last))
            take(
                id, time, what == "new",
                {block.at("host").get<std::string>(), zone_of(block), {}, first, last, {}, {}, {}});
        return;
    }
    const json& original = event.at("original");
    const json& reply = event.at("reply");
    const std::string protocol = event.at("protocol").get<std::string>();
    if (!is_of(endpoint_, protocol))
        return;
    // Where `to` goes to another address than `from` comes from, that one stands for it.
    const auto take_end = [&](const json& from, const json& to, const std::string& peer) {
        const unsigned port = port_of(to, "dport");
        if (from.at("src") != to.at("dst") && matches(to.at("dst"), port, port))
            take(id, time, what == "new",
                 {from.at("src").get<std::string>(),
                  zone_of(from),
                  protocol,
                  port,
                  port,
                  peer,
                  {},
                  {}});
    };
    take_end(original, reply, server_of(original, reply));
    take_end(reply, original, peer_of(original, "src", "sport"));
}

void PastHolds::take(const std::string& id, int64_t time, bool is_start, PastHold hold) {
    const std::string claim = claim_of(hold);
    if (is_start) {
        end_unseen(claim, time);  // nobody else has a claim at once
        hold.from = time;
        alive_.emplace(claim, Alive{id, std::move(hold)});
        claims_.emplace(id, claim);
        return;
    }
    if (const auto known = alive_.find(claim); known != alive_.end() && known->second.id == id) {
        hold.from = known->second.hold.from;
        forget(known);
    }
    hold.to = time;
    end(std::move(hold), time);
}

/// Identifiers begin anew with the gateway: what has not ended so far did so unseen.
void PastHolds::end_reused(const std::string& id, int64_t time) {
    const auto [first, last] = claims_.equal_range(id);
    const std::multimap<std::string, std::string> same(first, last);
    for (const auto& [own, claim] : same)
        end_unseen(claim, time);
}

/// Some time before another began. The two ends of one flow begin together.
void PastHolds::end_unseen(const std::string& claim, int64_t time) {
    const auto known = alive_.find(claim);
    if (known == alive_.end() || *known->second.hold.from >= time)
        return;
    end(known->second.hold, time);
    forget(known);
}

void PastHolds::forget(std::map<std::string, Alive>::iterator known) {
    const auto [first, last] = claims_.equal_range(known->second.id);
    claims_.erase(
        std::find_if(first, last, [&](const auto& one) { return one.second == known->first; }));
    alive_.erase(known);
}

/// At `latest`.
void PastHolds::end(PastHold hold, int64_t latest) {
    if ((!hold.from || *hold.from <= at_) && at_ <= latest)
        past_.push_back(std::move(hold));
}

std::vector<PastHold> PastHolds::holds() const {
    std::vector<PastHold> holds = past_;
    for (const auto& [claim, alive] : alive_)
        if (*alive.hold.from <= at_)
            holds.push_back(alive.hold);
    std::ranges::stable_sort(holds, {}, &PastHold::from);
    return holds;
}

std::string past_table(const PublicEndpoint& endpoint, const std::vector<PastHold>& holds) {
    const auto line = [](const std::array<std::string, 5>& words) {
        std::array<char, 256> columns{};
        std::snprintf(columns.data(), columns.size(), "%-15s %-7s%-22s%-22s", words[0].c_str(),
                      words[1].c_str(), words[2].c_str(), words[3].c_str());
        return columns.data() + words[4] + '\n';
    };
    std::string table = line({"host", "kind", "from", "to", "public"});
    for (const PastHold& hold : holds) {
        std::string rest =
            sluice::net::to_string(endpoint.address) + ':' + std::to_string(hold.first_port);
        if (hold.is_block())
            rest += '-' + std::to_string(hold.last_port);
        else
            rest += '/' + hold.protocol + "  with " + hold.peer;
        if (!hold.zone.empty())
            rest += "  zone=" + hold.zone;
        table += line({hold.host, hold.is_block() ? "block" : "flow", time_text(hold.from),
                       time_text(hold.to), rest});
    }
    return table;
}

std::string past_json(const PublicEndpoint& endpoint, const std::vector<PastHold>& holds) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const PastHold& hold : holds) {
        list.push_back({{"host", hold.host},
                        {"kind", hold.is_block() ? "block" : "flow"},
                        {"address", sluice::net::to_string(endpoint.address)},
                        {"first_port", hold.first_port},
                        {"last_port", hold.last_port}});
        nlohmann::ordered_json& last = list.back();
        if (!hold.zone.empty())
            last["zone"] = std::stoi(hold.zone);
        if (!hold.is_block()) {
            last["protocol"] = hold.protocol;
            last["peer"] = hold.peer;
        }
        if (hold.from)
            last["from"] = time_text(hold.from);
        if (hold.to)
            last["to"] = time_text(hold.to);
    }
    return nlohmann::ordered_json{{"holds", std::move(list)}}.dump() + '\n';
}

}  // namespace sluicectl
