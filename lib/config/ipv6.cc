// SPDX-License-Identifier: BSD-3-Clause
#include "config/ipv6.h"

#include "config/ports.h"
#include "nat64/addresses.h"
#include "nat64/numbers.h"
#include "net/text.h"

#include <string>
#include <utility>

namespace sluice::config {
namespace {

constexpr uint8_t kIpv4Bits = 32;
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

/// What IPv6 hosts are inside, nobody may see: nothing leaves as it came.
Status check_numbers_stay(const Config& config) {
    const std::string lan6 = net::to_string(*config.lan6);
    if (config.inside_routing)
        return wrong("lan6", lan6,
                     "--inside-routing would show other inside hosts the numbers of its hosts");
    for (const policy::Match& match : config.no_nat)
        if (match.inside.contains(config.ipv6_numbers.address) ||
            config.ipv6_numbers.contains(match.inside.address))
            return wrong("no-nat", net::to_string(match.inside),
                         "it overlaps --ipv6-numbers " + net::to_string(config.ipv6_numbers) +
                             ", which may be on no wire");
    if (config.claim == Claim::Probe)
        return wrong("claim", "probe", "--lan6 " + lan6 + " is not probed for; take force");
    const bool is_often =
        config.announce_interval > Duration{} && config.announce_interval <= kLongestRouterPause;
    if (config.advertises_router && !is_often)
        return wrong("ra", "1",
                     "hosts forget a router that --announce-interval lets be silent: 1 to 600 "
                     "seconds are wanted");
    return Done{};
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

Result<net::Prefix> read_ipv6_numbers(const Given& given) {
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
    return network;
}

void add_ipv6_side(Config& config) {
    if (!config.nat64 || !config.lan6 || config.lans.empty())
        return;
    const net::Prefix& numbers = config.ipv6_numbers;
    const Be32 own = Be32::from_host(numbers.address.host() | nat64::kOwnNumber);
    const Lan& beside = config.lans.front();
    config.lans.push_back({{beside.at.port, link::kIpv6Side}, {own, numbers.length}, beside.zone});
}

Status check_ipv6(const Config& config) {
    if (!config.nat64 && !config.lan6)
        return config.advertises_router
                   ? Status(wrong("ra", "1", "there is no --lan6 whose hosts could be told"))
                   : Done{};
    if (!config.nat64)
        return wrong("lan6", net::to_string(*config.lan6),
                     "without --nat64 its hosts reach nobody; it wants one, as 64:ff9b::/96");
    const std::string nat64 = net::to_string(config.nat64->prefix());
    if (!config.lan6)
        return wrong("nat64", nat64, "it wants --lan6, the gateway's own IPv6 address inside");
    const net::Ipv6Prefix& behind = config.nat64->prefix();
    if (behind.contains(config.lan6->address) || config.lan6->contains(behind.address))
        return wrong("lan6", net::to_string(*config.lan6), "it overlaps --nat64 " + nat64);
    const Attachment& at = config.lans.front().at;
    if (at.vlan != link::kUntagged)
        return wrong("lan6", net::to_string(*config.lan6),
                     "the first --lan, " + to_string(at) +
                         ", has vlan=; IPv6 is served on a port without tags only");
    for (const Wan& wan : config.wans)
        if (wan.at == at)
            return wrong("lan6", net::to_string(*config.lan6),
                         "a gateway with one arm serves no IPv6");
    if (Status status = check_numbers_stay(config); !status)
        return status;
    if (!config.lan_twin.empty())
        return wrong("lan6", net::to_string(*config.lan6),
                     "the kernel has its own IPv6 by --lan-twin; one of the two can be");
    for (const auto& [name, is_given] :
         {std::pair{"state", !config.state.file.empty()}, {"sync", config.sync.has_value()}})
        if (is_given)
            return wrong("lan6", net::to_string(*config.lan6),
                         std::string("--") + name +
                             " does not know which IPv6 host has which number; one of the two can "
                             "be");
    return Done{};
}

}  // namespace sluice::config
