// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Config: all that an operator can say, once it has been read and checked.
///
/// Shape    Plain values; defaults stand beside the fields. Immutable after the start.

#include "base/big_endian.h"
#include "config/choices.h"
#include "config/cluster.h"
#include "config/collector.h"
#include "config/http_address.h"
#include "config/state.h"
#include "config/sync.h"
#include "conntrack/tuning.h"
#include "fragment/datagrams.h"
#include "helper/ports.h"
#include "hosts/quotas.h"
#include "link/interfaces.h"
#include "nat64/embedding.h"
#include "nat64/nptv6.h"
#include "nat64/number_plan.h"
#include "nat64/zero_checksum.h"
#include "net/ipv6.h"
#include "net/mac.h"
#include "net/prefix.h"
#include "net/tuple.h"
#include "policy/classifier.h"
#include "policy/holder_params.h"
#include "policy/rule_set.h"
#include "policy/strictness.h"
#include "pool/address_key.h"
#include "pool/port_range.h"
#include "pool/static_mappings.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::config {

using net::AddressRange;

/// Where an interface is.
struct Attachment {
    std::string port;                     ///< kind:rest, as written, but for vlan=.
    link::VlanId vlan = link::kUntagged;  ///< Of its frames' tags.

    bool operator==(const Attachment&) const = default;
};

/// An inside interface: a --lan and the --lan-address in the same place.
struct Lan {
    Attachment at;
    net::Prefix own;        ///< The gateway's own address there and the length of its subnet.
    uint16_t zone = 0;      ///< Of the hosts there: subnets of one zone do not overlap.
    std::string twin = {};  ///< What twin= says (config/twins.h); empty for nothing.
};

/// An outside interface, and the next hop there: a --wan, and the --wan-address and the --gateway
/// in the same place.
struct Wan {
    Attachment at;
    net::Prefix own;  ///< The gateway's own address there and the length of its subnet.
    Be32 gateway;
    bool gateway_is_on_link = false;  ///< Reached directly, though on no subnet.
    std::string twin = {};            ///< As Lan::twin.
};

/// Where --twin-ports is not given, beside those on which the kernel listens (io/listener.h).
inline constexpr pool::PortRange kTwinPorts{22, 22};
inline constexpr unsigned kMostWorkers = 63;  ///< With the control core they are 64 threads.

struct StaticRoute {
    net::Prefix prefix;
    Be32 via;
    uint16_t zone = 0;  ///< Where it leads inside.
    // As written, where it leads to IPv6 hosts: config/ipv6.h gives the two above.
    std::optional<net::Ipv6Prefix> prefix6 = {};
    net::Ipv6Address via6 = {};
};

/// "PREFIX [zone N] [to PREFIX] [PROTOCOL [PORTS]] -> RANGE[,RANGE…][:FIRST-LAST] [KEY=VALUE …]".
struct SnatRule {
    net::Prefix inside;
    std::vector<AddressRange> addresses;      ///< Its pool; never empty.
    pool::PortRange ports = pool::kAllPorts;  ///< What of its ports may be used.
    std::optional<policy::Independence> independence =
        {};                                             ///< Nothing: endpoint-dependent mapping.
    policy::Toward toward = {};                         ///< Whom its hosts talk to.
    std::optional<uint16_t> zone = {};                  ///< That they are of; nothing: any.
    policy::OwnLimits limits = {};                      ///< In place of Config::host_limits.
    conntrack::OwnTimeouts timeouts = {};               ///< In place of Config::tuning.
    policy::Logging logging = policy::Logging::AsSaid;  ///< In place of FlowLogs::both.
    std::optional<helper::Ports> helpers = {};          ///< In place of Config::helpers.
    std::optional<net::Ipv6Prefix> inside6 = {};        ///< As policy::Match has it.
};

/// --neighbour.
struct FixedNeighbour {
    Be32 address;
    net::MacAddress mac{};
    uint16_t zone = 0;                          ///< Of one inside.
    std::optional<net::Ipv6Address> ipv6 = {};  ///< In place of the address: --gateway6.
};

struct Config {
    std::vector<Lan> lans;                 ///< One at least.
    std::vector<Wan> wans;                 ///< Likewise; several are several uplinks.
    std::vector<uint8_t> uplink_weights;   ///< In their order; empty: all the same.
    std::vector<StaticRoute> routes_from;  ///< Public addresses, and the gateway of their uplink.
    UplinkChoice uplink_choice = UplinkChoice::Flow;
    // Whom the gateway serves, and how: policy/classifier.h says which rule wins.
    std::vector<AddressRange> pool;   ///< Of all of `inside`; not empty if that is not.
    std::vector<net::Prefix> inside;  ///< Empty only beside `snat`.
    std::vector<SnatRule> snat;
    std::vector<policy::Match> no_nat;  ///< These leave with their own addresses.
    bool no_nat_inbound = false;        ///< And are reached by them.
    std::vector<policy::Match> deny;    ///< These do not leave, whatever rule serves them.
    std::vector<pool::Forward> forwards;
    std::vector<pool::OneToOne> one_to_one;
    std::vector<StaticRoute> routes;
    bool inside_routing = false;  ///< Inside networks reach one another, untranslated.
    uint32_t neighbours = 0;      ///< Next hops that can be known at once; 0: as subnets want.
    std::vector<FixedNeighbour> fixed_neighbours;
    // IPv6 hosts beside those of the first --lan: config/ipv6.h, config/nptv6.h, config/route6.h.
    std::optional<nat64::Embedding> nat64;     ///< Behind it they find IPv4 hosts.
    std::vector<nat64::PrefixPair> nptv6;      ///< By these they leave as IPv6.
    std::vector<policy::Match> route6;         ///< These with their own addresses, tracked.
    std::optional<net::Ipv6Prefix> lan6;       ///< The gateway's own address there, and the subnet.
    std::optional<net::Ipv6Prefix> wan6;       ///< Likewise on the first --wan, with these two.
    std::optional<net::Ipv6Address> gateway6;  ///< The next hop there.
    /// What stands for them, and for what is said of them: 198.18.0.0/16.
    nat64::NumberPlan numbers{net::Prefix{Be32::from_host(0xc6120000), 16}};
    /// What stands for those outside that `route6` talks to: 198.19.0.0/16.
    net::Prefix peers{Be32::from_host(0xc6130000), 16};
    nat64::ZeroChecksum zero_checksum = nat64::ZeroChecksum::Compute;  ///< Of UDP from IPv4.
    bool advertises_router = false;      ///< They are told of the gateway.
    std::vector<net::Ipv6Address> dns6;  ///< And of these DNS servers.
    // The kernel's own interfaces in the place of the first --lan and --wan, where twin= does not
    // say them; empty for none.
    std::string lan_twin;
    std::string wan_twin;
    std::optional<std::vector<pool::PortRange>> twin_ports;  ///< Nothing: as kTwinPorts.
    unsigned twin_rate = 10000;                              ///< Packets a second to each.

    Claim claim = Claim::Force;
    OnConflict on_conflict = OnConflict::Defend;
    Duration announce_interval = Duration::seconds(60);  ///< Of gratuitous ARP; 0 for none.

    unsigned workers = 1;
    std::vector<unsigned> worker_cores;    ///< Empty: the CPUs after the control core's.
    std::optional<unsigned> control_core;  ///< Nothing: the first allowed CPU.
    std::optional<Idle> idle;              ///< Nothing: Sleep where lcores share a CPU, else Busy.

    unsigned burst = 32;   ///< Packets that a worker asks of a queue at once.
    bool prefetch = true;  ///< A burst's headers are sent for before they are read.
    unsigned mtu = 0;      ///< Of both ports; 0: as they are.
    OnLostPort on_lost_port = OnLostPort::End;
    unsigned rx_ring = 1024;       ///< Descriptors of each receive queue.
    unsigned tx_ring = 1024;       ///< Descriptors of each transmit queue.
    std::vector<uint8_t> rss_key;  ///< Empty: as the port chooses.
    SteerReplies steer_replies = SteerReplies::Changed;
    uint32_t flows = 1 << 18;
    hosts::Limits host_limits;
    hosts::QuotaLimits quotas;
    bool no_huge = false;
    std::optional<unsigned> memory_mb;  ///< Nothing: computed.

    VerifyChecksum verify_checksum = VerifyChecksum::Auto;
    unsigned icmp_rate = 1000;  ///< ICMP errors a second, in all.
    Invalid invalid = Invalid::Drop;
    OnExhaustion on_exhaustion = OnExhaustion::Drop;
    unsigned reject_rate = 1000;  ///< RSTs a second, in all.
    MssClamp mss_clamp = MssClamp::Off;
    uint16_t mss = 0;  ///< Of MssClamp::Value.
    conntrack::Tuning tuning;
    policy::Strictness strict;
    policy::HolderParams holders;
    fragment::Limits fragments;  ///< Of each worker.
    bool accounting = false;     ///< Packets and bytes of each flow are counted.
    helper::Ports helpers;       ///< Flows to these ports may foretell others.

    std::string control_socket = "/run/sluice.sock";
    std::string control_group;  ///< May ask there; a name or a number, empty for none.
    std::optional<pool::AddressKey> address_key;  ///< Nothing: of the file beside the socket.
    bool force = false;                           ///< On the default route's interface too.
    bool confine = true;                          ///< Privileges are given up after the start.
    OnReload on_reload = OnReload::Keep;
    unsigned drain_time = 300;    ///< Seconds.
    unsigned stats_interval = 0;  ///< Seconds between summaries on stdout; 0 for none.
    FlowLogs flow_logs;
    std::optional<HttpAddress> http;  ///< HTTP is answered there too, to who asks.
    State state;
    std::optional<Sync> sync;  ///< The gateway is one of two.
    std::string sync_key;      ///< A file; empty without `sync`, and may be with certificates.
    SyncCertificates sync_certificates;
    SyncFlows sync_flows = SyncFlows::Assured;
    Role role = Role::Active;        ///< At the start.
    std::optional<Cluster> cluster;  ///< It shares its public addresses with others.
    std::vector<std::string> eal;    ///< What stood behind "--".
};

/// Some flows are helped.
inline bool helps(const Config& config) {
    return !config.helpers.are_none() ||
           std::any_of(config.snat.begin(), config.snat.end(), [](const SnatRule& rule) {
               return rule.helpers && !rule.helpers->are_none();
           });
}

/// --lan and --wan are one interface, and what comes from inside is told by its addresses. IPv6
/// hosts there are told by their frames.
inline bool is_one_armed(const Config& config) {
    const auto arms = std::count_if(config.lans.begin(), config.lans.end(),
                                    [](const Lan& lan) { return lan.at.vlan != link::kIpv6Side; });
    return arms == 1 && config.wans.size() == 1 && config.lans.front().at == config.wans.front().at;
}

/// The inside interface of its zone on whose subnet an address is; null where there is none.
inline const Lan* lan_of(const Config& config, net::InsideAddress address) {
    const auto found = std::find_if(config.lans.begin(), config.lans.end(), [&](const Lan& lan) {
        return lan.zone == address.zone && lan.own.contains(address.address);
    });
    return found == config.lans.end() ? nullptr : &*found;
}

/// The outside interface on whose subnet an address is; null where there is none.
inline const Wan* wan_of(const Config& config, Be32 address) {
    const auto found = std::find_if(config.wans.begin(), config.wans.end(),
                                    [&](const Wan& wan) { return wan.own.contains(address); });
    return found == config.wans.end() ? nullptr : &*found;
}

/// An outside interface has it.
inline bool is_own_outside(const Config& config, Be32 address) {
    const Wan* wan = wan_of(config, address);
    return wan != nullptr && wan->own.address == address;
}

/// An inside interface of its zone has it.
inline bool is_own_inside(const Config& config, net::InsideAddress address) {
    const Lan* lan = lan_of(config, address);
    return lan != nullptr && lan->own.address == address.address;
}

}  // namespace sluice::config
