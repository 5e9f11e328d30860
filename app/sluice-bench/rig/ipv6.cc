// SPDX-License-Identifier: BSD-3-Clause
#include "rig/ipv6.h"

#include "config/ipv6.h"
#include "net/text.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

namespace sluice::bench {
namespace {

constexpr uint16_t kMore = sizeof(rte_ipv6_hdr) - sizeof(rte_ipv4_hdr);
constexpr std::array<uint8_t, 12> kHosts{0x20, 0x01, 0x0d, 0xb8, 0, 2};
constexpr std::array<uint8_t, 12> kServers{0, 0x64, 0xff, 0x9b};

void write_address(uint8_t* to, const std::array<uint8_t, 12>& prefix, uint32_t address) {
    std::copy(prefix.begin(), prefix.end(), to);
    std::memcpy(to + prefix.size(), &address, sizeof address);
}

std::optional<uint32_t> read_address(const uint8_t* from, const std::array<uint8_t, 12>& prefix) {
    uint32_t address = 0;
    std::memcpy(&address, from + prefix.size(), sizeof address);
    return std::equal(prefix.begin(), prefix.end(), from) ? std::optional(address) : std::nullopt;
}

/// Where the sum stands.
uint8_t* transport_sum(uint8_t* transport, uint8_t protocol) {
    return transport + (protocol == static_cast<uint8_t>(net::Protocol::Tcp)
                            ? offsetof(rte_tcp_hdr, cksum)
                            : offsetof(rte_udp_hdr, dgram_cksum));
}

/// Puts the sum that `compute` finds with nothing in its place; false if another was there.
template <typename Compute>
bool put_sum(uint8_t* to, Compute compute) {
    uint16_t seen = 0;
    std::memcpy(&seen, to, sizeof seen);
    std::memset(to, 0, sizeof seen);
    const uint16_t computed = compute();
    std::memcpy(to, &computed, sizeof computed);
    return seen == computed;
}

}  // namespace

Status serve_ipv6(config::Config& config, const net::MacAddress& router) {
    // Half of its numbers are for the hosts behind the router: eight for each that a book has.
    config.numbers = nat64::NumberPlan({Be32::from_host(0x0b000000), 12});
    config.nat64 = nat64::Embedding::of(*net::parse_ipv6_prefix("64:ff9b::/96"));
    config.lan6 = net::parse_ipv6_prefix("2001:db8:1::1/64");
    config.inside.push_back(config.numbers.network());
    const net::Ipv6Address next_hop = net::parse_ipv6_prefix("fe80::9/128")->address;
    config::StaticRoute route{};
    route.prefix6 = net::parse_ipv6_prefix("2001:db8:2::/48");
    route.via6 = next_hop;
    config.routes.push_back(route);
    config.lans.front().at.vlan = link::kUntagged;
    if (Status status = config::add_ipv6_side(config); !status)
        return status;
    config.fixed_neighbours.push_back({*config.numbers.stands_for(next_hop), router});
    return Done{};
}

void become_ipv6(rte_mbuf* mbuf) {
    // A port puts every frame where the headroom ends.
    const size_t bytes = rte_pktmbuf_data_len(mbuf);
    rte_pktmbuf_append(mbuf, kMore);
    auto* start = rte_pktmbuf_mtod(mbuf, uint8_t*);
    rte_ether_hdr ether{};
    rte_ipv4_hdr ip4{};
    std::memcpy(&ether, start, sizeof ether);
    std::memcpy(&ip4, start + sizeof ether, sizeof ip4);
    constexpr size_t kHeaders = sizeof ether + sizeof ip4;
    std::memmove(start + kHeaders + kMore, start + kHeaders, bytes - kHeaders);
    ether.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
    rte_ipv6_hdr ip{};
    ip.vtc_flow = rte_cpu_to_be_32(uint32_t{6} << 28);
    ip.payload_len =
        Be16::from_host(static_cast<uint16_t>(Be16{ip4.total_length}.host() - sizeof ip4)).raw;
    ip.proto = ip4.next_proto_id;
    ip.hop_limits = ip4.time_to_live;
    write_address(ip.src_addr, kHosts, ip4.src_addr);
    write_address(ip.dst_addr, kServers, ip4.dst_addr);
    std::memcpy(start, &ether, sizeof ether);
    std::memcpy(start + sizeof ether, &ip, sizeof ip);
    uint8_t* const transport = start + sizeof ether + sizeof ip;
    put_sum(transport_sum(transport, ip.proto),
            [&] { return rte_ipv6_udptcp_cksum(&ip, transport); });
}

const char* become_ipv4(rte_mbuf* mbuf) {
    auto* start = rte_pktmbuf_mtod(mbuf, uint8_t*);
    rte_ether_hdr ether{};
    rte_ipv6_hdr ip{};
    std::memcpy(&ether, start, sizeof ether);
    std::memcpy(&ip, start + sizeof ether, sizeof ip);
    if (ether.ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6))
        return "it is no IPv6";
    rte_ipv4_hdr ip4{};
    ip4.version_ihl = RTE_IPV4_VHL_DEF;
    ip4.total_length =
        Be16::from_host(static_cast<uint16_t>(Be16{ip.payload_len}.host() + sizeof ip4)).raw;
    ip4.time_to_live = ip.hop_limits;
    ip4.next_proto_id = ip.proto;
    const auto source = read_address(ip.src_addr, kServers);
    const auto destination = read_address(ip.dst_addr, kHosts);
    if (!source || !destination)
        return "its IPv6 addresses";
    ip4.src_addr = *source;
    ip4.dst_addr = *destination;
    ip4.hdr_checksum = rte_ipv4_cksum(&ip4);
    uint8_t* const transport = start + sizeof ether + sizeof ip;
    uint8_t* const sum = transport_sum(transport, ip.proto);
    if (!put_sum(sum, [&] { return rte_ipv6_udptcp_cksum(&ip, transport); }))
        return "its transport checksum in IPv6";
    put_sum(sum, [&] { return rte_ipv4_udptcp_cksum(&ip4, transport); });
    std::memcpy(start + kMore, &ether, sizeof ether);
    std::memcpy(start + kMore + sizeof ether, &ip4, sizeof ip4);
    rte_pktmbuf_adj(mbuf, kMore);
    return nullptr;
}

}  // namespace sluice::bench
