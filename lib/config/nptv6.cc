// SPDX-License-Identifier: BSD-3-Clause
#include "config/nptv6.h"

#include "config/lines.h"
#include "config/ports.h"
#include "config/ranges.h"
#include "config/read_match.h"
#include "net/text.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>

namespace sluice::config {
namespace {

using nat64::PrefixPair;
using net::Ipv6Prefix;
using std::string;

constexpr uint8_t kShortest = 16;
constexpr auto kWanted =
    "two networks of 16 to 64 bits are wanted, as fd00:1::/48 -> 2001:db8:7::/48";

bool is_of_hosts(const Ipv6Prefix& prefix) {
    return prefix.length >= kShortest && !prefix.address.is_unspecified() &&
           !prefix.address.is_multicast() && !prefix.address.is_link_local();
}

/// What IPv6 hosts inside have; empty where the prefix is of none.
string whose_inside(const Config& config, const Ipv6Prefix& prefix) {
    if (overlap(*config.lan6, prefix))
        return "the subnet of --lan6 " + net::to_string(*config.lan6);
    for (const StaticRoute& route : config.routes)
        if (route.prefix6 && overlap(*route.prefix6, prefix))
            return "--route " + to_string(route);
    return {};
}

/// Why nobody can be mapped so; empty where somebody can.
string why_no_pair(const Config& config, const PrefixPair& pair) {
    const Ipv6Prefix& wan6 = *config.wan6;
    if (whose_inside(config, pair.inside()).empty())
        return "its hosts are not on the subnet of --lan6 " + net::to_string(*config.lan6) +
               ", and no --route leads to them";
    if (const string whose = whose_inside(config, pair.outside()); !whose.empty())
        return "outside its hosts would have addresses of " + whose;
    if (overlap(pair.outside(), wan6))
        return "outside it is on the link of --wan6 " + net::to_string(wan6) +
               ", where hosts would ask for each of its addresses; it must be routed to this "
               "gateway";
    if (overlap(pair.inside(), wan6))
        return "inside it has addresses of the subnet of --wan6 " + net::to_string(wan6);
    for (const Ipv6Prefix* one : {&pair.inside(), &pair.outside()})
        if (config.nat64 && overlap(*one, config.nat64->prefix()))
            return "it has addresses behind --nat64 " + net::to_string(config.nat64->prefix());
    return {};
}

/// Why two cannot be beside one another, or one beside itself.
string why_not_beside(const PrefixPair& pair, const PrefixPair& other) {
    if (overlap(pair.inside(), other.outside()) || overlap(pair.outside(), other.inside()))
        return "an address is inside and outside by it and --nptv6 " + to_string(other);
    const bool is_twice = &pair != &other && (overlap(pair.inside(), other.inside()) ||
                                              overlap(pair.outside(), other.outside()));
    return is_twice ? "it overlaps --nptv6 " + to_string(other) : "";
}

Status check_pairs(const Config& config) {
    for (const PrefixPair& pair : config.nptv6) {
        if (const string why = why_no_pair(config, pair); !why.empty())
            return wrong("nptv6", to_string(pair), why);
        for (const PrefixPair& other : config.nptv6)
            if (const string why = why_not_beside(pair, other); !why.empty())
                return wrong("nptv6", to_string(pair), why);
    }
    return Done{};
}

/// Rules are asked when a flow opens, and these hosts open none.
Status check_denials(const Config& config) {
    for (const policy::Match& match : config.deny)
        for (const PrefixPair& pair : config.nptv6)
            if (match.inside6 && overlap(*match.inside6, pair.inside()))
                return wrong("deny", to_string(match),
                             "what its hosts send by --nptv6 " + to_string(pair) +
                                 " would leave all the same, for NPTv6 asks no rule");
    return Done{};
}

/// That the gateway's end of the link outside is said, and can be.
Status check_outside(const Config& config) {
    const string wan6 = net::to_string(*config.wan6);
    const string gateway6 = net::to_string(*config.gateway6);
    const Attachment& at = config.wans.front().at;
    if (is_one_armed(config))
        return wrong("wan6", wan6, "a gateway with one arm has no other port for IPv6 outside");
    if (at.vlan != link::kUntagged)
        return wrong("wan6", wan6,
                     "the first --wan, " + to_string(at) +
                         ", has vlan=; IPv6 is served on a port without tags only");
    if (const string whose = whose_inside(config, *config.wan6); !whose.empty())
        return wrong("wan6", wan6, "it overlaps " + whose);
    if (config.nat64 && overlap(*config.wan6, config.nat64->prefix()))
        return wrong("wan6", wan6, "it overlaps --nat64 " + net::to_string(config.nat64->prefix()));
    if (!config.gateway6->is_link_local() && !config.wan6->contains(*config.gateway6))
        return wrong("gateway6", gateway6,
                     "it is not on the subnet of --wan6 " + wan6 + ", and no link-local address");
    if (*config.gateway6 == config.wan6->address)
        return wrong("gateway6", gateway6, "this is the gateway's own address, of --wan6");
    for (const uint32_t number :
         {nat64::kOutsideOwn, nat64::kOutsideLinkLocal, nat64::kOutsideGateway})
        if (config.numbers.named(number))
            return wrong("wan6", wan6,
                         "beside it " + std::to_string(nat64::kMostNamedBeside) +
                             " IPv6 hosts can be named by rules, by forwards or as next hops");
    return Done{};
}

}  // namespace

Result<std::vector<PrefixPair>> read_nptv6(const Given& given) {
    constexpr size_t kWords = 3;
    const std::vector<string> items = items_of(given);
    std::vector<PrefixPair> pairs;
    for (std::span<const string> rest(items); !rest.empty(); rest = rest.subspan(kWords)) {
        if (rest.size() < kWords || rest[1] != "->")
            return wrong(given.flag, joined(rest), kWanted);
        const string text = joined(rest.first(kWords));
        const Result<Ipv6Prefix> inside = read_ipv6_network(given.flag, rest[0]);
        if (!inside)
            return inside.error();
        const Result<Ipv6Prefix> outside = read_ipv6_network(given.flag, rest[2]);
        if (!outside)
            return outside.error();
        const auto pair = PrefixPair::of(*inside, *outside);
        if (!pair || !is_of_hosts(pair->inside()) || !is_of_hosts(pair->outside()))
            return wrong(given.flag, text, kWanted);
        pairs.push_back(*pair);
    }
    if (pairs.empty())
        return wrong(given.flag, given.words[0], kWanted);
    return pairs;
}

Result<net::Ipv6Address> read_gateway6(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    const auto address = net::parse_ipv6_address(*word);
    if (!address || address->is_unspecified() || address->is_loopback() || address->is_multicast())
        return wrong(given.flag, *word, "an IPv6 address of a host is wanted");
    return *address;
}

Status check_ipv6_outside(const Config& config) {
    constexpr auto kNothingLeaves =
        "without --nptv6 or --route6 nothing leaves as IPv6; it wants one";
    const bool is_asked = !config.nptv6.empty() || !config.route6.empty();
    if (!is_asked && config.wan6)
        return wrong("wan6", net::to_string(*config.wan6), kNothingLeaves);
    if (!is_asked && config.gateway6)
        return wrong("gateway6", net::to_string(*config.gateway6), kNothingLeaves);
    if (!is_asked)
        return Done{};
    const char* const flag = config.nptv6.empty() ? "route6" : "nptv6";
    const string first = config.nptv6.empty() ? net::to_string(*config.route6.front().inside6)
                                              : to_string(config.nptv6.front());
    if (!config.lan6)
        return wrong(flag, first, "it wants --lan6, the gateway's own IPv6 address inside");
    if (!config.wan6)
        return wrong(flag, first, "it wants --wan6, the gateway's own IPv6 address outside");
    if (!config.gateway6)
        return wrong(flag, first, "it wants --gateway6, the next hop outside");
    return check_outside(config);
}

Status check_nptv6(const Config& config) {
    if (config.nptv6.empty())
        return Done{};
    for (const auto check : {check_pairs, check_denials})
        if (Status status = check(config); !status)
            return status;
    return Done{};
}

bool have_same_ipv6_routes(const Config& one, const Config& other) {
    const auto routes_of = [](const Config& config) {
        std::set<string> routes;
        for (const StaticRoute& route : config.routes)
            if (route.prefix6 && !config.nptv6.empty())
                routes.insert(to_string(route));
        return routes;
    };
    return routes_of(one) == routes_of(other);
}

}  // namespace sluice::config
