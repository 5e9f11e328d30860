// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Asked IPv6 gateways: those that are asked what becomes of packets of IPv6 hosts, and who is
/// around them.

#include "bed_with_route6.h"
#include "ipv6_addresses.h"
#include "testbed.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace why_ipv6_test {
using namespace sluice;
using namespace sluice::test;
using net::Protocol;

using Addresses = std::vector<std::string>;

inline constexpr auto kSilent6 = "2001:db8:1::8";  // answers no solicitation
inline constexpr auto kSecond = "198.51.100.2";    // of pools with two addresses
inline const Addresses kHosts6{kHost6, kHost6, kHost6, "2001:db8:1::11", kOther6, kSilent6};
inline const Addresses kNobodys6{kWorld6, "fe80::77", "::",           "ff02::1",
                                 kOwn6,   kServer6,   "2001:db8:9::1"};
inline const Addresses kServers6{kServer6, "64:ff9b::203.0.113.11", "64:ff9b::203.0.113.12"};
inline const Addresses kPublics6{"64:ff9b::198.51.100.1", "64:ff9b::198.51.100.2", kOwn6,
                                 kOwnLinkLocal};
inline const Addresses kWorlds6{kWorld6, kWorld6, "2001:db8:cafe::11", kFarRouter6};
inline const Addresses kStrange6{"64:ff9b::10.1.0.10", kOther6, kWan6,    "fe80::9",
                                 "2001:db8:77::1",     "::1",   "ff02::5"};
inline const Addresses kHosts4{kHost, "10.1.0.11"};
inline const Addresses kServers4{kServer, "203.0.113.11", "203.0.113.12"};
inline const Addresses kPublics4{kPublic, kPublic, kSecond, "198.18.0.20", kHost};
inline const std::vector<Protocol> kProtocols{
    Protocol::Tcp, Protocol::Tcp,  Protocol::Tcp,  Protocol::Udp,     Protocol::Udp,
    Protocol::Udp, Protocol::Icmp, Protocol::Icmp, Protocol::UdpLite, Protocol{50}};

struct Setup {
    const char* name;
    std::function<void(config::Config&)> configure;
    unsigned workers = 1;
    bool has_outside = false;  ///< IPv6 outside, to which some hosts have --route6.
    bool is_crowd = false;     ///< New hosts come all the time: outside, where that has IPv6.
};

/// For IPv4 hosts and for IPv6 hosts.
inline void use_rule(config::Config& config, config::SnatRule rule) {
    config.inside.clear();
    config.pool.clear();
    rule.inside = {ip("10.1.0.0"), 24};
    config.snat = {rule};
    rule.inside = {};
    rule.inside6 = prefix6("2001:db8:1::/64");
    config.snat.push_back(std::move(rule));
}

inline config::SnatRule few_ports(uint16_t ports) {
    return {.inside = {},
            .addresses = {{ip(kPublic), ip(kSecond)}},
            .ports = {1024, static_cast<uint16_t>(1024 + ports - 1)}};
}

inline void mapped(config::Config& config, nat::Filtering filtering) {
    config::SnatRule rule{.inside = {}, .addresses = {{ip(kPublic), ip(kPublic)}}};
    rule.independence = nat::Independence{{{Protocol::Udp}}, {2000, 2063}, filtering};
    use_rule(config, std::move(rule));
}

/// A port of the gateway's that is an IPv6 host's, and a port to which none of them sends.
inline void forward_and_deny(config::Config& config) {
    pool::Forward forward;
    forward.protocol = Protocol::Tcp;
    forward.external = {ip(kPublic), Be16::from_host(8080)};
    forward.internal = {{}, Be16::from_host(80)};
    forward.internal6 = v6(kHost6);
    config.forwards = {forward};
    config.deny = {{.inside = {},
                    .toward = {.protocol = Protocol::Udp, .ports = {53, 53}},
                    .inside6 = prefix6("2001:db8:1::/64")}};
}

inline void limit_and_tell(config::Config& config) {
    config.host_limits = {.flows = 6, .new_per_second = 3};
    config.invalid = config::Invalid::Reject;
    config.on_exhaustion = config::OnExhaustion::Reject;
}

inline const std::vector<Setup> kSetups{
    {"NAT64", [](config::Config&) {}},
    {"NAT64, two workers", [](config::Config&) {}, 2},
    {"NAT64, a small pool", [](config::Config& config) { use_rule(config, few_ports(2)); }},
    {"NAT64, a small pool that tells who finds it full",
     [](config::Config& config) {
         use_rule(config, few_ports(2));
         config.on_exhaustion = config::OnExhaustion::Reject;
     }},
    {"NAT64, blocks",
     [](config::Config& config) {
         use_rule(config, few_ports(16));
         config.holders.blocks = {8, 2};
     }},
    {"NAT64, a full cone",
     [](config::Config& config) { mapped(config, nat::Filtering::EndpointIndependent); }},
    {"NAT64, mappings that filter",
     [](config::Config& config) { mapped(config, nat::Filtering::AddressDependent); }},
    {"NAT64, limits, and refusals that are told", limit_and_tell},
    {"NAT64, a forward and a denial", forward_and_deny},
    {"NAT64, prefixes that are full, inside and outside",
     [](config::Config& config) {
         config.quotas.inside_prefix = {28, 6};
         config.quotas.outside_prefix = {30, 3};
     }},
    {"NAT64, few numbers",
     [](config::Config& config) {
         config.numbers = nat64::NumberPlan{net::Prefix{Be32::from_host(0xc6120000), 24}};
     },
     1, false, true},
    {"hosts with their own addresses", [](config::Config&) {}, 1, true},
    {"hosts with their own addresses, two workers", [](config::Config&) {}, 2, true},
    {"hosts with their own addresses, limits, and refusals that are told", limit_and_tell, 1, true},
    {"hosts with their own addresses, prefixes that are full",
     [](config::Config& config) {
         config.quotas.inside_prefix = {28, 6};
         config.quotas.outside_prefix = {30, 3};
     },
     1, true},
    {"hosts with their own addresses, few numbers for those outside",
     [](config::Config& config) {
         config.peers = {Be32::from_host(0xc6130000), 24};
     },
     1, true, true},
};

inline TestbedOptions options(const Setup& setup) {
    const auto configure = [&setup](config::Config& config) {
        config.icmp_rate = 1'000'000;
        config.reject_rate = 1'000'000;
        setup.configure(config);
    };
    TestbedOptions options{.workers = setup.workers, .flows = 4096};
    if (setup.has_outside)
        return route6_options(options, [configure](config::Config& config) {
            add_nat64(config);
            configure(config);
        });
    options.configure = [configure](config::Config& config) {
        configure(config);
        serve_ipv6(config);
        if (!config.snat.empty())
            config.inside.clear();
    };
    return options;
}

}  // namespace why_ipv6_test
