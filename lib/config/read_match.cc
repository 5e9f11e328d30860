// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_match.h"

#include "config/read_independence.h"
#include "config/spelling.h"
#include "net/text.h"

#include <optional>
#include <span>
#include <utility>

namespace sluice::config {
namespace {

using net::Protocol;
using policy::Match;
using policy::Toward;
using std::string;
using std::string_view;

constexpr std::pair<string_view, Protocol> kProtocols[] = {
    {"tcp", Protocol::Tcp},         {"udp", Protocol::Udp},   {"icmp", Protocol::Icmp},
    {"udplite", Protocol::UdpLite}, {"sctp", Protocol::Sctp}, {"gre", Protocol::Gre}};

std::optional<Protocol> parse_protocol(string_view text) {
    for (const auto& [name, protocol] : kProtocols)
        if (text == name)
            return protocol;
    return std::nullopt;
}

/// Of a word that stands behind a prefix, and is none of those that may.
string hint(string_view word) {
    if (word.find_first_of(".:/") != string_view::npos)  // meant as a prefix
        return {};
    std::vector<string_view> meant{"zone", "to"};
    for (const auto& [name, protocol] : kProtocols)
        meant.push_back(name);
    return nearest(word, meant) == word ? string() : did_you_mean(word, meant);
}

/// `rest` is what nobody could read of the words.
Error no_match(string_view flag, std::span<const string> words, std::span<const string> rest = {}) {
    return wrong(
        flag, joined(words),
        "hosts are written PREFIX [zone N] [to PREFIX] [PROTOCOL [PORTS]], as 10.2.0.0/16, "
        "10.0.0.0/8 to 10.200.0.0/16 or 10.0.0.0/8 tcp 25" +
            (rest.empty() ? string() : hint(rest.front())));
}

Status read_inside(string_view flag, const string& text, Match& match) {
    if (is_ipv6(text)) {
        const Result<net::Ipv6Prefix> inside = read_ipv6_network(flag, text);
        if (!inside)
            return inside.error();
        match.inside6 = *inside;
        return Done{};
    }
    const Result<net::Prefix> inside = read_network(flag, text);
    if (!inside)
        return inside.error();
    match.inside = *inside;
    return Done{};
}

/// Reads one from the front of `words`, and takes what it has read off them.
Result<Match> take_match(string_view flag, std::span<const string>& words) {
    const std::span<const string> all = words;
    Match match;
    if (Status status = read_inside(flag, words.front(), match); !status)
        return status.error();
    words = words.subspan(1);
    const auto zone = take_zone(flag, words);
    if (!zone)
        return zone.error();
    match.zone = *zone;
    if (!words.empty() && words.front() == "to") {
        if (words.size() < 2)
            return no_match(flag, all);
        const Result<net::Prefix> destination = read_network(flag, words[1]);
        if (!destination)
            return wrong(flag, joined(all.first(3)),
                         "behind to a prefix is wanted, as 192.0.2.0/24");
        match.toward.destination = *destination;
        words = words.subspan(2);
    }
    match.toward.protocol = words.empty() ? std::nullopt : parse_protocol(words.front());
    if (!match.toward.protocol)
        return match;
    words = words.subspan(1);
    if (words.empty() ||
        words.front().find_first_of(".:") != string::npos)  // the next one's prefix
        return match;
    const string text = joined(all.first(all.size() - words.size() + 1));
    const auto ports = parse_ports(words.front());
    if (!ports)
        return wrong(flag, text, "behind the protocol ports from 1 to 65535 may stand, as 25-26");
    if (!net::has_ports(*match.toward.protocol))
        return wrong(flag, text, "this protocol has no ports");
    match.toward.ports = *ports;
    words = words.subspan(1);
    return match;
}

}  // namespace

Result<Match> read_match(string_view flag, const std::vector<string>& words) {
    if (words.empty())
        return no_match(flag, words);
    std::span<const string> rest(words);
    Result<Match> match = take_match(flag, rest);
    if (match && !rest.empty())
        return no_match(flag, words, rest);
    return match;
}

Result<std::vector<Match>> read_matches(const Given& given) {
    const std::vector<string> items = items_of(given);
    std::vector<Match> matches;
    std::span<const string> rest(items);
    while (!rest.empty()) {
        if (!matches.empty() && !hint(rest.front()).empty())
            return wrong(given.flag, rest.front(),
                         "a prefix is wanted, as 10.1.0.0/24" + hint(rest.front()));
        Result<Match> match = take_match(given.flag, rest);
        if (!match)
            return match.error();
        matches.push_back(*match);
    }
    if (matches.empty())
        return no_match(given.flag, given.words);
    return matches;
}

string to_string(const Match& match) {
    const Toward& toward = match.toward;
    string text = match.inside6 ? net::to_string(*match.inside6) : net::to_string(match.inside);
    if (match.zone)
        text += " zone " + std::to_string(*match.zone);
    if (toward.destination.length != 0)
        text += " to " + net::to_string(toward.destination);
    for (const auto& [name, protocol] : kProtocols)
        if (toward.protocol == protocol)
            text += ' ' + string(name);
    if (toward.ports != pool::kAllPorts)
        text += ' ' + to_string(toward.ports);
    return text;
}

}  // namespace sluice::config
