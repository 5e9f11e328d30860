// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Asked gateways: those that are asked what becomes of packets, and who is around them.

#include "testbed.h"

#include <functional>
#include <vector>

namespace why_test {
using namespace sluice;
using namespace sluice::test;
using net::Protocol;

inline constexpr auto kWeb = "10.1.0.12";    // its port 80 is public as kPublic:8080
inline constexpr auto kWhole = "10.1.0.13";  // has kWholeOwn to itself
inline constexpr auto kWholeOwn = "198.51.100.30";
inline constexpr auto kExempt = "10.1.0.14";
inline constexpr uint16_t kZone = 5;
inline constexpr auto kSilentServer = "198.51.100.77";  // on the outside wire
inline const std::vector<const char*> kHosts{kHost,  "10.1.0.11", kWeb,
                                             kWhole, kExempt,     "10.1.0.15"};
inline const std::vector<const char*> kServers{kServer, "203.0.113.11", "203.0.113.12",
                                               kSilentServer};
inline const std::vector<const char*> kPublics{kPublic, "198.51.100.2", kWholeOwn, "198.51.100.50",
                                               "192.0.2.3"};
inline const std::vector<const char*> kNobodys{"192.0.2.1", "10.7.7.7",   "224.0.0.1",
                                               "127.0.0.1", "10.1.0.255", "10.1.0.1",
                                               "10.1.0.77", "10.2.0.10",  "198.51.100.254"};

/// What is drawn from, as often as it stands here.
inline const std::vector<Protocol> kProtocols{Protocol::Tcp,     Protocol::Tcp,  Protocol::Udp,
                                              Protocol::Udp,     Protocol::Icmp, Protocol::Gre,
                                              Protocol::UdpLite, Protocol{50}};

struct Setup {
    const char* name;
    std::function<void(config::Config&)> configure;
    unsigned workers = 1;
    bool is_one_armed = false;
    size_t insides = 1;  ///< Interfaces; those outside come behind them.
    size_t outsides = 1;
    std::vector<Protocol> protocols = kProtocols;
};

inline void use_pool(config::Config& config, config::SnatRule rule) {
    config.inside.clear();
    config.pool.clear();
    rule.inside = {ip("10.1.0.0"), 24};
    config.snat = {std::move(rule)};
}

/// Few ports, so that they run out.
inline config::SnatRule small_pool() {
    return {.inside = {}, .addresses = {{ip(kPublic), ip("198.51.100.2")}}, .ports = {1024, 1039}};
}

inline void mapped(config::Config& config, nat::Filtering filtering) {
    config::SnatRule rule{.inside = {}, .addresses = {{ip(kPublic), ip(kPublic)}}};
    rule.independence = nat::Independence{{{Protocol::Udp}}, {2000, 2063}, filtering};
    use_pool(config, std::move(rule));
}

inline const std::vector<Setup> kSetups{
    {"plain", [](config::Config&) {}},
    {"two workers", [](config::Config&) {}, 2},
    {"a small pool", [](config::Config& config) { use_pool(config, small_pool()); }},
    {"blocks",
     [](config::Config& config) {
         config::SnatRule rule = small_pool();
         rule.ports = {1024, 1087};
         use_pool(config, std::move(rule));
         config.holders.blocks = {8, 2};
     }},
    {"a full cone",
     [](config::Config& config) { mapped(config, nat::Filtering::EndpointIndependent); }},
    {"mappings that filter",
     [](config::Config& config) { mapped(config, nat::Filtering::AddressDependent); }},
    {"limits, and refusals that are told",
     [](config::Config& config) {
         config.host_limits = {.flows = 6, .new_per_second = 3};
         config.invalid = config::Invalid::Reject;
         config.on_exhaustion = config::OnExhaustion::Reject;
     }},
    {"a rule with limits and timeouts of its own",
     [](config::Config& config) {
         config.host_limits = {.flows = 2, .new_per_second = 1};
         config::SnatRule rule{.inside = {}, .addresses = {{ip(kPublic), ip(kPublic)}}};
         rule.limits = {.flows = 6, .new_per_second = 0};
         rule.timeouts[*conntrack::timeout_place("udp")] = Duration::seconds(7);
         rule.timeouts[*conntrack::timeout_place("tcp-syn-sent")] = Duration::seconds(9);
         rule.timeouts[*conntrack::timeout_place("tcp-established")] = Duration::seconds(11);
         use_pool(config, std::move(rule));
     }},
    {"prefixes that are full, inside and outside",
     [](config::Config& config) {
         config.quotas.inside_prefix = {30, 6};  // two have all hosts
         config.quotas.outside_prefix = {30, 3};
     }},
    {"outside hosts that have all flows that they may, and few for each prefix",
     [](config::Config& config) {
         config.quotas = {.inward = 5, .outside_prefix = {30, 2}};
         config.no_nat_inbound = true;
     }},
    {"a forward that is full",
     [](config::Config& config) {
         config.forwards[0].door.max_flows = 2;
         config.quotas.outside_prefix = {31, 2};
     }},
    {"inside routing, liberal windows",
     [](config::Config& config) {
         config.inside_routing = true;
         config.tuning.tcp_be_liberal = true;
     }},
    {"no mid-stream pickup, no NAT from outside",
     [](config::Config& config) {
         config.tuning.tcp_loose = false;
         config.no_nat_inbound = true;
     }},
    {"twins of the kernel's",
     [](config::Config& config) {
         config.lan_twin = "lan0";
         config.wan_twin = "wan0";
         config.twin_rate = 1'000'000;
     }},
    {"two inside networks",
     [](config::Config& config) {
         config.lans.push_back({{"second wire"}, {ip("10.2.0.1"), 24}});
         config.inside.push_back({ip("10.2.0.0"), 24});
         config.inside_routing = true;
     },
     1, false, 2},
    {"two zones with the same addresses",
     [](config::Config& config) {
         config.lans.push_back({{"second wire"}, {ip("10.1.0.1"), 24}, kZone});
     },
     1, false, 2},
    {"two uplinks",
     [](config::Config& config) {
         config.wans.push_back({{"second wire"}, {ip("192.0.2.2"), 24}, ip("192.0.2.254")});
         config.pool.push_back({ip("192.0.2.2"), ip("192.0.2.3")});
     },
     2, false, 1, 2},
    {"one-armed", [](config::Config& config) { config.no_nat.clear(); }, 1, true},
    {"sources that ARP must have told of",
     [](config::Config& config) { config.strict.source = true; }},
    {"associations of SCTP",
     [](config::Config&) {},
     1,
     false,
     1,
     1,
     {Protocol::Sctp, Protocol::Sctp, Protocol::Sctp, Protocol::Sctp, Protocol::Tcp, Protocol::Udp,
      Protocol::Icmp}},
};

/// The one of a pair that the other forwards for.
inline const Setup kStandby{"a gateway that stands by", [](config::Config& config) {
                                config.sync = config::Sync{};
                                config.role = config::Role::Standby;
                            }};

inline TestbedOptions options(const Setup& setup) {
    return {
        .workers = setup.workers,
        .flows = 4096,
        .is_one_armed = setup.is_one_armed,
        .configure = [&setup](config::Config& config) {
            config.no_nat = {{{ip(kExempt), 32}, {}}};
            config.deny = {{{ip("10.1.0.0"), 24}, {.protocol = Protocol::Udp, .ports = {53, 53}}}};
            config.forwards = {{Protocol::Tcp,
                                {ip(kPublic), Be16::from_host(8080)},
                                {ip(kWeb), Be16::from_host(80)}}};
            config.one_to_one = {{ip(kWholeOwn), ip(kWhole)}};
            config.icmp_rate = 1'000'000;
            config.reject_rate = 1'000'000;
            setup.configure(config);
        }};
}

}  // namespace why_test
