// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/numbering.h"

#include "base/secret.h"
#include "base/sip_hash.h"
#include "gateway/gateway.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace sluice::gateway {
namespace {

/// Where a process before has left such numbers, in their memory; by the key that the other gateway
/// of a pair has too, or else by one of this start's.
nat64::NumbersParams params_of(const nat64::NumberPlan& plan, const Ground& ground,
                               const std::optional<SipKey>& shared, Use use,
                               std::span<std::byte> Inheritance::*left) {
    nat64::NumbersParams params{.plan = plan,
                                .key = shared.value_or(derive_sip_key(ground.secret, use)),
                                .is_shared = shared.has_value(),
                                .pages = PageKind::Ordinary,
                                .numa_node = ground.numa_node};
    if (ground.inheritance) {
        params.outside = (*ground.inheritance).*left;
        params.now = ground.inheritance->now;
    }
    return params;
}

}  // namespace

nat64::NumbersParams number_params(const config::Config& config, const Ground& ground) {
    return params_of(config.numbers, ground, ground.number_key, Use::Ipv6Hosts,
                     &Inheritance::numbers);
}

nat64::NumbersParams peer_params(const config::Config& config, const Ground& ground) {
    return params_of(nat64::NumberPlan(config.peers), ground, ground.outside_number_key,
                     Use::Ipv6Peers, &Inheritance::peers);
}

sync::Ipv6Hosts ipv6_hosts(const config::Config& config, const nat64::Naming& naming) {
    if (!naming.is_on())
        return {};
    sync::Ipv6Hosts hosts{config.numbers.network(), [naming](Be32 number, Tick when) {
                              return naming.at(when).host(number).ipv6;
                          }};
    if (!config.route6.empty())
        hosts.outside = config.peers;
    return hosts;
}

std::function<bool(uint32_t, Tick)> number_use(const config::Config& config,
                                               const hosts::HostTable& hosts,
                                               const link::NextHops& next_hops, LetGo let_go) {
    // The side of --lan6 is behind all other inside interfaces (config/ipv6.h).
    return [&hosts, &next_hops, side = static_cast<link::InterfaceId>(config.lans.size() - 1),
            network = config.numbers.network().address.host(), zone = config.lans.front().zone,
            let_go = std::move(let_go)](uint32_t number, Tick now) {
        const Be32 address = Be32::from_host(network | number);
        if (hosts.flow_count({address, zone}))
            return true;
        if (next_hops.find(side, address) == link::kNoHop)
            return false;
        let_go(side, address, now);
        return next_hops.find(side, address) != link::kNoHop;
    };
}

/// --lan6 too: hosts that know one gateway as their router are to know the other as the same.
uint32_t numbering_fingerprint(const config::Config& config) {
    if (!config.lan6)
        return 0;
    constexpr SipKey kKey{};  // told to nobody but the peer
    uint64_t sum = config.numbers.fingerprint();
    const net::Ipv6Prefix behind = config.nat64 ? config.nat64->prefix() : net::Ipv6Prefix{};
    for (const net::Ipv6Prefix& prefix : {behind, *config.lan6})
        sum = sip_hash(kKey, sip_hash(kKey, prefix.address.high(), prefix.address.low()),
                       sum ^ prefix.length);
    if (!config.route6.empty())  // whose prefixes have their parts of the numbers above
        sum = sip_hash(kKey, config.peers.address.host(), sum ^ config.peers.length);
    return std::max(static_cast<uint32_t>(sum), uint32_t{1});
}

}  // namespace sluice::gateway
