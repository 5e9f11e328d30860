// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_mappings.h"

#include "config/read_door.h"
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

std::optional<net::Protocol> parse_forwarded(string_view text) {
    if (text == "tcp")
        return net::Protocol::Tcp;
    if (text == "udp")
        return net::Protocol::Udp;
    return std::nullopt;
}

/// ADDRESS:PORT or ADDRESS:FIRST-LAST, an IPv6 address in brackets.
struct Ports {
    Be32 address;
    pool::PortRange ports;
    std::optional<net::Ipv6Address> ipv6 = {};  ///< In place of `address`.

    net::Endpoint first() const { return {address, Be16::from_host(ports.first)}; }
};

std::optional<Ports> parse_address_and_ports(string_view text) {
    const size_t colon = text.rfind(':');
    if (colon == string_view::npos)
        return std::nullopt;
    const string_view host = text.substr(0, colon);
    const auto ports = parse_ports(text.substr(colon + 1));
    if (!ports)
        return std::nullopt;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        const auto ipv6 = net::parse_ipv6_address(host.substr(1, host.size() - 2));
        return ipv6 ? std::optional(Ports{{}, *ports, ipv6}) : std::nullopt;
    }
    const auto address = net::parse_address(host);
    return address ? std::optional(Ports{*address, *ports}) : std::nullopt;
}

Error no_forward(const Given& given, string_view text) {
    return wrong(given.flag, text,
                 "a forward is written PROTOCOL ADDRESS:PORTS -> ADDRESS:PORTS [zone N] "
                 "[from PREFIX] [max-flows=N] [rate=N], as "
                 "tcp 198.51.100.1:8080 -> 10.1.0.10:80 or "
                 "udp 198.51.100.1:5000-5009 -> 10.1.0.10:5000-5009 from 203.0.113.0/24");
}

Error no_one_to_one(const Given& given, string_view text) {
    return wrong(given.flag, text,
                 "a pair is written ADDRESS = ADDRESS or PREFIX = PREFIX, [zone N] [max-flows=N] "
                 "[rate=N] behind it, as "
                 "198.51.100.5 = 10.1.0.20 or 198.51.100.16/28 = 10.1.0.32/28");
}

/// ADDRESS, or PREFIX without host bits.
std::optional<net::Prefix> parse_addresses(string_view text) {
    if (const auto address = net::parse_address(text))
        return net::Prefix{*address, 32};
    const auto prefix = net::parse_prefix(text);
    return prefix && *prefix == prefix->network() ? prefix : std::nullopt;
}

constexpr size_t kForwardWords = 4;  // without "zone N", "from PREFIX" and limits

/// One, from the front of `rest`, off which it takes what it has read.
Result<pool::Forward> take_forward(const Given& given, std::span<const string>& rest) {
    const std::span<const string> words = rest;
    rest = rest.subspan(kForwardWords);
    const auto zone = take_zone(given.flag, rest);
    if (!zone)
        return zone.error();
    const bool has_from = !rest.empty() && rest.front() == "from";
    if (has_from && rest.size() < 2)
        return no_forward(given, joined(words));
    const std::span<const string> from_words = rest.first(has_from ? 2 : 0);
    rest = rest.subspan(from_words.size());
    const auto door = take_door(given.flag, rest);
    if (!door)
        return door.error();
    const string text = joined(words.first(words.size() - rest.size()));
    const auto protocol = parse_forwarded(words[0]);
    const auto external = parse_address_and_ports(words[1]);
    const auto internal = parse_address_and_ports(words[3]);
    if (words[2] != "->")
        return no_forward(given, text);
    if (!protocol)
        return wrong(given.flag, text, "tcp or udp is wanted");
    if (!external || !internal || external->ipv6)
        return no_forward(given, text);
    if (external->ports.size() != internal->ports.size())
        return wrong(given.flag, text, "both sides are to have as many ports");
    pool::Forward forward{*protocol, external->first(), internal->first(),
                          static_cast<uint16_t>(external->ports.size())};
    forward.internal.zone = (*zone).value_or(0);
    forward.internal6 = internal->ipv6;
    forward.door = *door;
    if (!has_from)
        return forward;
    const auto from = net::parse_prefix(from_words[1]);
    if (!from || *from != from->network())
        return wrong(given.flag, text, "behind from a prefix is wanted, as 203.0.113.0/24");
    forward.from = *from;
    return forward;
}

}  // namespace

Result<std::vector<pool::Forward>> read_forwards(const Given& given) {
    const std::vector<string> items = items_of(given);
    std::vector<pool::Forward> forwards;
    for (std::span<const string> rest(items); !rest.empty();) {
        if (rest.size() < kForwardWords)
            return no_forward(given, joined(rest));
        const auto forward = take_forward(given, rest);
        if (!forward)
            return forward.error();
        forwards.push_back(*forward);
    }
    if (forwards.empty())
        return no_forward(given, given.words[0]);
    return forwards;
}

Result<std::vector<pool::OneToOne>> read_one_to_one(const Given& given) {
    constexpr size_t kWords = 3;
    const std::vector<string> items = items_of(given);
    std::vector<pool::OneToOne> pairs;
    for (std::span<const string> rest(items); !rest.empty();) {
        const std::span<const string> words = rest.first(std::min(kWords, rest.size()));
        const string text = joined(words);
        if (words.size() < kWords || words[1] != "=")
            return no_one_to_one(given, text);
        const auto external = parse_addresses(words[0]);
        const auto internal = parse_addresses(words[2]);
        if (!external || !internal)
            return no_one_to_one(given, text);
        if (external->length != internal->length)
            return wrong(given.flag, text, "both are to have the same length");
        rest = rest.subspan(kWords);
        const auto zone = take_zone(given.flag, rest);
        if (!zone)
            return zone.error();
        const auto door = take_door(given.flag, rest);
        if (!door)
            return door.error();
        pairs.push_back(
            {external->address, internal->address, external->length, (*zone).value_or(0), *door});
    }
    if (pairs.empty())
        return no_one_to_one(given, given.words[0]);
    return pairs;
}

}  // namespace sluice::config
