// SPDX-License-Identifier: BSD-3-Clause
#include "config/ipv6.h"

#include "config/lines.h"
#include "config/mappings.h"
#include "config/nptv6.h"
#include "config/ports.h"
#include "config/ranges.h"
#include "config/read_match.h"
#include "config/read_rules.h"
#include "config/route6.h"
#include "nat64/addresses.h"
#include "nat64/discovery.h"
#include "nat64/numbers.h"
#include "net/text.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::config {
namespace {

constexpr uint8_t kIpv4Bits = 32;
constexpr uint8_t kIpv6Bits = 128;
constexpr Duration kLongestRouterPause = Duration::seconds(600);  // a third of a router's lifetime

Result<net::Ipv6Prefix> read_prefix(const Given& given, const char* wanted) {
    const Result<std::string> word = read_word(given);
    if (!word)
        return word.error();
    const auto prefix = net::parse_ipv6_prefix(*word);
    if (!prefix)
        return wrong(given.flag, *word, wanted);
    return *prefix;
}

bool is_host_address(const net::Ipv6Address& address) {
    return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast();
}

/// Its hosts reach somebody.
bool serves_ipv6(const Config& config) {
    return config.lan6 && (config.nat64 || !config.nptv6.empty() || !config.route6.empty());
}

/// What IPv6 hosts are inside, nobody may see: nothing leaves as it came.
Status check_numbers_stay(const Config& config) {
    const std::string lan6 = net::to_string(*config.lan6);
    if (config.inside_routing)
        return wrong("lan6", lan6,
                     "--inside-routing would show other inside hosts the numbers of its hosts");
    const net::Prefix& numbers = config.numbers.network();
    for (const policy::Match& match : config.no_nat) {
        if (match.inside6)
            return wrong("no-nat", to_string(match),
                         "IPv6 hosts cannot leave with their own addresses toward IPv4; toward "
                         "IPv6 they do by --route6");
        if (overlap(match.inside, numbers))
            return wrong("no-nat", to_string(match),
                         "it overlaps --ipv6-numbers " + net::to_string(numbers) +
                             ", which may be on no wire");
    }
    if (config.claim == Claim::Probe)
        return wrong("claim", "probe", "--lan6 " + lan6 + " is not probed for; take force");
    if (config.on_conflict == OnConflict::Leave)
        return wrong("on-conflict", "leave", "--lan6 " + lan6 + " is not probed for; take tell");
    const bool is_often =
        config.announce_interval > Duration{} && config.announce_interval <= kLongestRouterPause;
    if (config.advertises_router && !is_often)
        return wrong("ra", "1",
                     "hosts forget a router that --announce-interval lets be silent: 1 to 600 "
                     "seconds are wanted");
    return Done{};
}

/// A number is one host's today and another's tomorrow: what is given for good is given by name.
Status check_numbers_go(const Config& config) {
    const net::Prefix& numbers = config.numbers.network();
    const std::string why = " of --ipv6-numbers " + net::to_string(numbers) +
                            ", which go from host to host; name the IPv6 one";
    for (const pool::Forward& forward : config.forwards)
        if (!forward.internal6 && numbers.contains(forward.internal.address))
            return wrong("forward", to_string(forward), "its host is" + why);
    for (const pool::OneToOne& pair : config.one_to_one)
        if (overlap(net::Prefix{pair.internal, pair.length}, numbers))
            return wrong("one-to-one", to_string(pair),
                         "it has addresses of --ipv6-numbers " + net::to_string(numbers) +
                             ", which go from host to host");
    for (const StaticRoute& route : config.routes)
        if (!route.prefix6 && numbers.contains(route.via))
            return wrong("route", to_string(route), "its next hop is" + why);
    return Done{};
}

/// Why hosts have no DNS server there; empty where they can.
std::string why_no_dns(const Config& config, const net::Ipv6Address& server) {
    if (server == config.lan6->address)
        return "this is the gateway's own address, of --lan6, which answers nothing but pings";
    const bool is_inside =
        server.is_link_local() || config.lan6->contains(server) ||
        std::ranges::any_of(ipv6_behind_routers(config),
                            [&](const net::Ipv6Prefix& prefix) { return prefix.contains(server); });
    const bool is_behind = config.nat64 && config.nat64->prefix().contains(server);
    const bool leaves = !config.nptv6.empty() || !config.route6.empty();
    return is_inside || is_behind || leaves
               ? ""
               : "without --nptv6 or --route6 hosts reach no IPv6 outside; a server that has IPv4 "
                 "is behind --nat64, as 64:ff9b::198.51.100.53";
}

Status check_dns(const Config& config) {
    for (const net::Ipv6Address& server : config.dns6)
        if (const std::string why = why_no_dns(config, server); !why.empty())
            return wrong("ra-dns", net::to_string(server), why);
    return Done{};
}

/// A prefix or a host of IPv6 that the configuration names, and where.
struct Named {
    std::string_view flag;
    std::string text;
    net::Ipv6Prefix prefix;  // of 128 bits: the host

    bool is_host() const { return prefix.length == kIpv6Bits; }
};

Named host_named(std::string_view flag, std::string text, const net::Ipv6Address& host) {
    return {flag, std::move(text), {host, kIpv6Bits}};
}

/// Whom rules and forwards are for.
std::vector<Named> served(const Config& config) {
    std::vector<Named> all;
    for (const policy::Match& match : config.route6)
        all.push_back({"route6", net::to_string(*match.inside6), *match.inside6});
    for (const SnatRule& rule : config.snat)
        if (rule.inside6)
            all.push_back({"snat", to_string(rule), *rule.inside6});
    for (const auto& [flag, matches] :
         {std::pair{"no-nat", &config.no_nat}, {"deny", &config.deny}})
        for (const policy::Match& match : *matches)
            if (match.inside6)
                all.push_back({flag, to_string(match), *match.inside6});
    for (const pool::Forward& forward : config.forwards)
        if (forward.internal6)
            all.push_back(host_named("forward", to_string(forward), *forward.internal6));
    return all;
}

/// Why nobody can be there; empty where somebody can.
std::string why_not_served(const Config& config, const Named& named) {
    const bool is_there =
        overlap(*config.lan6, named.prefix) ||
        std::any_of(config.routes.begin(), config.routes.end(), [&](const StaticRoute& route) {
            return route.prefix6 && overlap(*route.prefix6, named.prefix);
        });
    if (!is_there)
        return "it is not on the subnet of --lan6 " + net::to_string(*config.lan6) +
               ", and no --route leads to it";
    if (named.prefix.address == config.lan6->address && named.is_host())
        return "inside: this is the address of --lan6";
    return {};
}

/// Why a route to IPv6 hosts cannot be; empty where it can.
std::string why_no_route(const Config& config, const StaticRoute& route) {
    const net::Ipv6Prefix& prefix = *route.prefix6;
    if (prefix.length == 0 || prefix.address.is_link_local() || prefix.address.is_multicast())
        return "it leads to no network of hosts inside";
    if (overlap(prefix, *config.lan6))
        return "it leads to the subnet of --lan6 " + net::to_string(*config.lan6);
    if (config.nat64 && overlap(prefix, config.nat64->prefix()))
        return "it leads to --nat64 " + net::to_string(config.nat64->prefix());
    if (!is_host_address(route.via6) ||
        !(route.via6.is_link_local() || config.lan6->contains(route.via6)))
        return "its next hop is not on the subnet of --lan6 " + net::to_string(*config.lan6);
    return route.via6 == config.lan6->address ? "its next hop is the gateway's own address" : "";
}

Status check_named(const Config& config) {
    for (const Named& named : served(config)) {
        const bool asks_native = named.flag == "route6" || named.flag == "deny";
        if (!config.lan6 || !(config.nat64 || (asks_native && !config.route6.empty())))
            return wrong(named.flag, named.text,
                         named.flag == "route6"
                             ? "it wants --lan6, the gateway's own IPv6 address inside"
                             : "IPv6 hosts want --nat64 and --lan6");
        if (const std::string why = why_not_served(config, named); !why.empty())
            return wrong(named.flag, named.text, why);
    }
    for (const StaticRoute& route : config.routes) {
        if (!route.prefix6)
            continue;
        if (!serves_ipv6(config))
            return wrong("route", to_string(route),
                         "IPv6 hosts want --lan6, and --nat64, --nptv6 or --route6");
        if (const std::string why = why_no_route(config, route); !why.empty())
            return wrong("route", to_string(route), why);
    }
    return Done{};
}

/// All IPv6 hosts are of one zone, so that it need not be said.
Status check_zones(const Config& config, uint16_t zone) {
    const std::string why = "IPv6 hosts are of zone " + std::to_string(zone);
    const auto is_other = [zone](uint16_t said) { return said != 0 && said != zone; };
    for (const pool::Forward& forward : config.forwards)
        if (forward.internal6 && is_other(forward.internal.zone))
            return wrong("forward", to_string(forward), why);
    for (const StaticRoute& route : config.routes)
        if (route.prefix6 && is_other(route.zone))
            return wrong("route", to_string(route), why);
    return Done{};
}

/// To all that is named.
Status give_numbers(Config& config) {
    std::vector<net::Ipv6Prefix> prefixes = ipv6_behind_routers(config);
    std::vector<net::Ipv6Address> hosts;
    for (const Named& named : served(config))
        if (named.is_host())
            hosts.push_back(named.prefix.address);
        else
            prefixes.push_back(named.prefix);
    for (const StaticRoute& route : config.routes)
        if (route.prefix6)
            hosts.push_back(route.via6);
    const net::Prefix network = config.numbers.network();
    auto plan = nat64::NumberPlan::of(network, prefixes, hosts);
    if (!plan)
        return wrong("ipv6-numbers", net::to_string(network), plan.error().message);
    config.numbers = std::move(*plan);
    return Done{};
}

/// What stands for a prefix that is named; a host has a prefix of its own.
net::Prefix stands_for(const nat64::NumberPlan& numbers, const net::Ipv6Prefix& prefix) {
    if (prefix.length == kIpv6Bits)
        return {numbers.stands_for(prefix.address).value_or(Be32{}), kIpv4Bits};
    return numbers.stands_for(prefix).value_or(net::Prefix{});
}

/// Says what stands for IPv6 wherever it is named.
void name_numbers(Config& config, uint16_t zone) {
    const nat64::NumberPlan& numbers = config.numbers;
    for (SnatRule& rule : config.snat)
        if (rule.inside6)
            rule.inside = stands_for(numbers, *rule.inside6);
    for (std::vector<policy::Match>* matches : {&config.no_nat, &config.deny, &config.route6})
        for (policy::Match& match : *matches)
            if (match.inside6)
                match.inside = stands_for(numbers, *match.inside6);
    for (pool::Forward& forward : config.forwards)
        if (forward.internal6) {
            forward.internal.address = stands_for(numbers, {*forward.internal6, kIpv6Bits}).address;
            forward.internal.zone = zone;
        }
    for (StaticRoute& route : config.routes)
        if (route.prefix6) {
            route.prefix = stands_for(numbers, *route.prefix6);
            route.via = stands_for(numbers, {route.via6, kIpv6Bits}).address;
            route.zone = zone;
        }
}

}  // namespace

Result<nat64::Embedding> read_nat64(const Given& given) {
    constexpr auto kWanted =
        "an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits is wanted, as 64:ff9b::/96, with no bit "
        "set behind it and bits 64 to 71 zero";
    const Result<net::Ipv6Prefix> prefix = read_prefix(given, kWanted);
    if (!prefix)
        return prefix.error();
    const auto embedding = nat64::Embedding::of(*prefix);
    if (!embedding || !is_host_address((*prefix).address) || (*prefix).address.is_link_local())
        return wrong(given.flag, net::to_string(*prefix), kWanted);
    return *embedding;
}

Result<net::Ipv6Prefix> read_ipv6_address(const Given& given) {
    const Result<net::Ipv6Prefix> own =
        read_prefix(given, "an IPv6 address with the length of its subnet is wanted");
    if (!own)
        return own.error();
    const bool is_subnet = (*own).length >= 16 && (*own).length <= 126;
    if (!is_subnet || !is_host_address((*own).address) || (*own).address.is_link_local() ||
        (*own).network().address == (*own).address)
        return wrong(given.flag, net::to_string(*own),
                     "a host's address on a subnet of 16 to 126 bits is wanted, and no link-local "
                     "one");
    return own;
}

Result<nat64::NumberPlan> read_ipv6_numbers(const Given& given) {
    const Result<std::string> word = read_word(given);
    if (!word)
        return word.error();
    const Result<net::Prefix> network = read_network(given.flag, *word);
    if (!network)
        return network.error();
    constexpr uint8_t kShortest = kIpv4Bits - nat64::kMostNumberBits;
    constexpr uint8_t kLongest = kIpv4Bits - nat64::kLeastNumberBits;
    if ((*network).length < kShortest || (*network).length > kLongest)
        return wrong(given.flag, *word,
                     "a network of 12 to 24 bits is wanted: each host that is there takes one of "
                     "its addresses");
    return nat64::NumberPlan(*network);
}

Status store_dns6(const Given& given, Config& config) {
    std::vector<net::Ipv6Address> servers;
    for (const std::string& item : items_of(given)) {
        const auto address = net::parse_ipv6_address(item);
        if (!address || !is_host_address(*address))
            return wrong(given.flag, item, "the IPv6 address of a DNS server is wanted");
        servers.push_back(*address);
    }
    if (servers.empty() || servers.size() > nat64::kMostDnsServers)
        return wrong(given.flag, joined(given.words),
                     "one address is wanted, or up to " + std::to_string(nat64::kMostDnsServers));
    config.dns6 = std::move(servers);
    return Done{};
}

std::vector<net::Ipv6Prefix> ipv6_behind_routers(const Config& config) {
    std::vector<net::Ipv6Prefix> prefixes;
    for (const StaticRoute& route : config.routes)
        if (route.prefix6)
            prefixes.push_back(*route.prefix6);
    return prefixes;
}

Status add_ipv6_side(Config& config) {
    if (!serves_ipv6(config) || config.lans.empty())
        return Done{};
    const Lan& beside = config.lans.front();
    if (Status status = check_zones(config, beside.zone); !status)
        return status;
    if (Status status = give_numbers(config); !status)
        return status;
    name_numbers(config, beside.zone);
    give_peers(config, beside.zone);
    const net::Prefix& network = config.numbers.network();
    const Be32 own = Be32::from_host(network.address.host() | nat64::kOwnNumber);
    config.lans.push_back({{beside.at.port, link::kIpv6Side}, {own, network.length}, beside.zone});
    return Done{};
}

Status check_ipv6(const Config& config) {
    if (!config.dns6.empty() && !config.advertises_router)
        return wrong("ra-dns", net::to_string(config.dns6.front()),
                     "it wants --ra 1, which tells it");
    if (Status status = check_named(config); !status)
        return status;
    for (const auto check : {check_ipv6_outside, check_nptv6, check_route6})
        if (Status status = check(config); !status)
            return status;
    if (!config.nat64 && config.zero_checksum == nat64::ZeroChecksum::Drop)
        return wrong("nat64-zero-checksum", "drop",
                     "it wants --nat64, without which nothing of IPv4 becomes IPv6");
    if (!config.lan6 && config.nat64)
        return wrong("nat64", net::to_string(config.nat64->prefix()),
                     "it wants --lan6, the gateway's own IPv6 address inside");
    if (!config.lan6)
        return config.advertises_router
                   ? Status(wrong("ra", "1", "there is no --lan6 whose hosts could be told"))
                   : Done{};
    if (!serves_ipv6(config))
        return wrong(
            "lan6", net::to_string(*config.lan6),
            "without --nat64, --nptv6 or --route6 its hosts reach nobody; it wants one, as "
            "--nat64 64:ff9b::/96");
    if (config.nat64 && overlap(*config.lan6, config.nat64->prefix()))
        return wrong("lan6", net::to_string(*config.lan6),
                     "it overlaps --nat64 " + net::to_string(config.nat64->prefix()));
    const Attachment& at = config.lans.front().at;
    if (at.vlan != link::kUntagged)
        return wrong("lan6", net::to_string(*config.lan6),
                     "the first --lan, " + to_string(at) +
                         ", has vlan=; IPv6 is served on a port without tags only");
    for (const auto check : {check_numbers_stay, check_numbers_go, check_dns})
        if (Status status = check(config); !status)
            return status;
    if (config.sync && config.lan6->address.low() == 0)
        return wrong("lan6", net::to_string(*config.lan6),
                     "with --sync its last 64 bits are those of a link-local address, and not 0");
    return Done{};
}

}  // namespace sluice::config
