// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_mappings.h"

#include "config/read_independence.h"
#include "net/text.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

std::optional<net::Protocol> parse_protocol(string_view text) {
    if (text == "tcp")
        return net::Protocol::Tcp;
    if (text == "udp")
        return net::Protocol::Udp;
    return std::nullopt;
}

/// ADDRESS:PORT or ADDRESS:FIRST-LAST.
struct Ports {
    Be32 address;
    pool::PortRange ports;

    net::Endpoint first() const { return {address, Be16::from_host(ports.first)}; }
};

std::optional<Ports> parse_address_and_ports(string_view text) {
    const size_t colon = text.find(':');
    if (colon == string_view::npos)
        return std::nullopt;
    const auto address = net::parse_address(text.substr(0, colon));
    const auto ports = parse_ports(text.substr(colon + 1));
    if (!address || !ports)
        return std::nullopt;
    return Ports{*address, *ports};
}

Error no_forward(const Given& given, string_view text) {
    return wrong(given.flag, text,
                 "a forward is written PROTOCOL ADDRESS:PORTS -> ADDRESS:PORTS [from PREFIX], as "
                 "tcp 198.51.100.1:8080 -> 10.1.0.10:80 or "
                 "udp 198.51.100.1:5000-5009 -> 10.1.0.10:5000-5009 from 203.0.113.0/24");
}

Error no_one_to_one(const Given& given, string_view text) {
    return wrong(given.flag, text,
                 "a pair is written ADDRESS = ADDRESS or PREFIX = PREFIX, as "
                 "198.51.100.5 = 10.1.0.20 or 198.51.100.16/28 = 10.1.0.32/28");
}

/// ADDRESS, or PREFIX without host bits.
std::optional<net::Prefix> parse_addresses(string_view text) {
    if (const auto address = net::parse_address(text))
        return net::Prefix{*address, 32};
    const auto prefix = net::parse_prefix(text);
    return prefix && *prefix == prefix->network() ? prefix : std::nullopt;
}

string joined(std::span<const string> words) {
    string text;
    for (const string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

/// Of those that are there.
string joined(const std::vector<string>& items, size_t first, size_t count) {
    return joined(std::span(items).subspan(first, std::min(count, items.size() - first)));
}

constexpr size_t kForwardWords = 4;  // without "from PREFIX"

/// One, of all of `words`.
Result<pool::Forward> read_forward(const Given& given, std::span<const string> words) {
    const string text = joined(words);
    const auto protocol = parse_protocol(words[0]);
    const auto external = parse_address_and_ports(words[1]);
    const auto internal = parse_address_and_ports(words[3]);
    if (words[2] != "->")
        return no_forward(given, text);
    if (!protocol)
        return wrong(given.flag, text, "tcp or udp is wanted");
    if (!external || !internal)
        return no_forward(given, text);
    if (external->ports.size() != internal->ports.size())
        return wrong(given.flag, text, "both sides are to have as many ports");
    pool::Forward forward{*protocol, external->first(), internal->first(),
                          static_cast<uint16_t>(external->ports.size())};
    if (words.size() == kForwardWords)
        return forward;
    const auto from = net::parse_prefix(words[5]);
    if (!from || *from != from->network())
        return wrong(given.flag, text, "behind from a prefix is wanted, as 203.0.113.0/24");
    forward.from = *from;
    return forward;
}

}  // namespace

Result<std::vector<pool::Forward>> read_forwards(const Given& given) {
    const std::vector<string> items = items_of(given);
    std::vector<pool::Forward> forwards;
    for (size_t i = 0; i < items.size();) {
        const bool has_from =
            i + kForwardWords < items.size() && items[i + kForwardWords] == "from";
        const size_t words = kForwardWords + (has_from ? 2 : 0);
        if (i + words > items.size())
            return no_forward(given, joined(items, i, words));
        auto forward = read_forward(given, std::span(items).subspan(i, words));
        if (!forward)
            return forward.error();
        forwards.push_back(*forward);
        i += words;
    }
    if (forwards.empty())
        return no_forward(given, given.words[0]);
    return forwards;
}

Result<std::vector<pool::OneToOne>> read_one_to_one(const Given& given) {
    constexpr size_t kWords = 3;
    const std::vector<string> items = items_of(given);
    std::vector<pool::OneToOne> pairs;
    for (size_t i = 0; i < items.size(); i += kWords) {
        const string text = joined(items, i, kWords);
        if (i + kWords > items.size() || items[i + 1] != "=")
            return no_one_to_one(given, text);
        const auto external = parse_addresses(items[i]);
        const auto internal = parse_addresses(items[i + 2]);
        if (!external || !internal)
            return no_one_to_one(given, text);
        if (external->length != internal->length)
            return wrong(given.flag, text, "both are to have the same length");
        pairs.push_back({external->address, internal->address, external->length});
    }
    if (pairs.empty())
        return no_one_to_one(given, given.words[0]);
    return pairs;
}

}  // namespace sluice::config
