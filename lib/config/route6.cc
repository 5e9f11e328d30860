// SPDX-License-Identifier: BSD-3-Clause
#include "config/route6.h"

#include "config/lines.h"
#include "config/mappings.h"
#include "config/ports.h"
#include "config/ranges.h"
#include "config/read_match.h"
#include "config/read_rules.h"
#include "nat64/number_plan.h"
#include "net/text.h"

#include <algorithm>
#include <string_view>

namespace sluice::config {
namespace {

using net::Ipv6Prefix;
using std::string;

constexpr uint8_t kShortestPrefix = 16;
constexpr auto kPrefixWanted =
    "a network of IPv6 hosts is wanted, of 16 to 128 bits, as 2001:db8:1::/48";

/// Why its hosts cannot talk to the world with their own addresses; empty where they can.
string why_not_routed(const Config& config, const Ipv6Prefix& prefix) {
    if (config::overlap(prefix, *config.wan6))
        return "it has addresses of the subnet of --wan6 " + net::to_string(*config.wan6) +
               "; it must be routed to this gateway";
    if (config.nat64 && config::overlap(prefix, config.nat64->prefix()))
        return "it has addresses behind --nat64 " + net::to_string(config.nat64->prefix());
    for (const nat64::PrefixPair& pair : config.nptv6)
        if (config::overlap(prefix, pair.inside()) || config::overlap(prefix, pair.outside()))
            return "it has addresses of --nptv6 " + to_string(pair);
    return {};
}

/// Addresses of IPv4 that the configuration names, and where.
struct Said {
    std::string_view flag;
    string text;
    net::Prefix prefix;
};

/// What the ranges may have in common with the network of peers: their ends, or all of it.
void add_ranges(std::vector<Said>& all, const Said& said, const std::vector<AddressRange>& ranges) {
    const net::Prefix& peers = said.prefix;
    for (const AddressRange& range : ranges) {
        for (const Be32 end : {range.first, range.last})
            all.push_back({said.flag, said.text, {end, net::kHostLength}});
        if (range.first <= peers.address && peers.address <= range.last)
            all.push_back(said);
    }
}

/// Whatever may not be a number as well.
std::vector<Said> all_said(const Config& config) {
    std::vector<Said> all{
        {"ipv6-numbers", net::to_string(config.numbers.network()), config.numbers.network()}};
    const auto add = [&](std::string_view flag, const string& text, const net::Prefix& prefix) {
        all.push_back({flag, text, prefix});
    };
    for (const Lan& lan : config.lans)
        add("lan-address", net::to_string(lan.own), lan.own);
    for (const Wan& wan : config.wans) {
        add("wan-address", net::to_string(wan.own), wan.own);
        add("gateway", net::to_string(wan.gateway), {wan.gateway, net::kHostLength});
    }
    for (const StaticRoute& route : config.routes)
        add("route", to_string(route), route.prefix);
    for (const net::Prefix& inside : config.inside)
        add("inside", net::to_string(inside), inside);
    add_ranges(all, {"pool", "", config.peers}, config.pool);
    for (const SnatRule& rule : config.snat) {
        add("snat", to_string(rule), rule.inside);
        add("snat", to_string(rule), rule.toward.destination);
        add_ranges(all, {"snat", to_string(rule), config.peers}, rule.addresses);
    }
    for (const policy::Match& match : config.no_nat) {
        add("no-nat", to_string(match), match.inside);
        add("no-nat", to_string(match), match.toward.destination);
    }
    for (const pool::Forward& forward : config.forwards)
        add("forward", to_string(forward), {forward.external.address, net::kHostLength});
    for (const pool::OneToOne& pair : config.one_to_one)
        add("one-to-one", to_string(pair), {pair.externals().first, pair.length});
    return all;
}

/// A rule for whomever is none for peers: theirs names them, and so goes before it.
Status check_peers(const Config& config) {
    const string peers = net::to_string(config.peers);
    for (const Said& said : all_said(config))
        if (said.prefix.length != 0 && config::overlap(said.prefix, config.peers))
            return wrong("ipv6-peers", peers,
                         "it overlaps --" + string(said.flag) +
                             (said.text.empty() ? "" : ' ' + said.text) +
                             "; its addresses stand for IPv6 hosts outside, and may be on no wire");
    return Done{};
}

}  // namespace

Result<std::vector<policy::Match>> read_route6(const Given& given) {
    std::vector<policy::Match> matches;
    for (const string& item : items_of(given)) {
        const Result<Ipv6Prefix> prefix = read_ipv6_network(given.flag, item);
        if (!prefix)
            return prefix.error();
        const net::Ipv6Address& address = (*prefix).address;
        if ((*prefix).length < kShortestPrefix || address.is_unspecified() ||
            address.is_multicast() || address.is_link_local())
            return wrong(given.flag, item, kPrefixWanted);
        policy::Match& match = matches.emplace_back();
        match.inside6 = *prefix;
    }
    if (matches.empty())
        return wrong(given.flag, given.words[0], kPrefixWanted);
    return matches;
}

Result<net::Prefix> read_ipv6_peers(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    const Result<net::Prefix> network = read_network(given.flag, *word);
    if (!network)
        return network.error();
    constexpr uint8_t kLeastLength = net::kHostLength - nat64::kMostNumberBits;
    constexpr uint8_t kMostLength = net::kHostLength - nat64::kLeastNumberBits;
    if ((*network).length < kLeastLength || (*network).length > kMostLength)
        return wrong(given.flag, *word,
                     "a network of 12 to 24 bits is wanted: each IPv6 host outside that is talked "
                     "to takes one of its addresses");
    return *network;
}

void give_peers(Config& config, uint16_t zone) {
    for (policy::Match& match : config.route6) {
        match.toward.destination = config.peers;
        if (zone != 0)
            match.zone = zone;
    }
}

std::vector<string> written_route6(const Config& config) {
    std::vector<string> values;
    for (const policy::Match& match : config.route6)
        values.push_back(net::to_string(*match.inside6));
    return values;
}

Status check_route6(const Config& config) {
    if (config.route6.empty())
        return Done{};
    for (auto match = config.route6.begin(); match != config.route6.end(); ++match) {
        const string text = net::to_string(*match->inside6);
        const bool is_twice = std::any_of(
            config.route6.begin(), match,
            [&](const policy::Match& other) { return other.inside6 == match->inside6; });
        if (is_twice)
            return wrong("route6", text, "it is there already");
        if (const string why = why_not_routed(config, *match->inside6); !why.empty())
            return wrong("route6", text, why);
    }
    return check_peers(config);
}

}  // namespace sluice::config
