// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Translation of a plain packet: TCP or UDP, with an IPv4 header that has no options.
///
/// Shape    What decrement_ttl() and translate() do, in one: both addresses go at once, and both
///          ports, and the header's checksum is adjusted once.
/// Source   As translate.h.

#include "flow/flow_record.h"
#include "net/checksum.h"
#include "net/tuple.h"

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <bit>
#include <cstdint>
#include <cstring>

namespace sluice::nat {
namespace detail {

/// Copies a word with its halves exchanged: a pair of addresses, or of ports.
template <typename Word>
void copy_swapped(const void* from, void* to) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    word = std::rotr(word, 4 * sizeof word);
    std::memcpy(to, &word, sizeof word);
}

}  // namespace detail

/// The packet travels in `direction` on `record`, and its TTL is above 1.
inline void translate_plain(const flow::FlowRecord& record, net::Direction direction,
                            rte_ipv4_hdr& ip) {
    constexpr net::ChecksumDelta kOneLess = [] {
        net::ChecksumDelta delta;
        delta.change(Be16::from_host(0x0100), Be16{});  // the TTL is its word's high byte
        return delta;
    }();
    const net::Tuple& reverse = record.tuple[index(direction) ^ 1];
    --ip.time_to_live;
    ip.hdr_checksum = record.rewrite.address.toward(direction).apply(ip.hdr_checksum, kOneLess);
    detail::copy_swapped<uint64_t>(&reverse.source, &ip.src_addr);

    auto* transport = reinterpret_cast<uint8_t*>(&ip + 1);
    detail::copy_swapped<uint32_t>(&reverse.source_port, transport);
    const net::ChecksumDelta delta = record.rewrite.transport.toward(direction);
    if (record.tuple[0].protocol == net::Protocol::Tcp) {
        auto& tcp = *reinterpret_cast<rte_tcp_hdr*>(transport);
        tcp.cksum = delta.apply(tcp.cksum);
        return;
    }
    auto& udp = *reinterpret_cast<rte_udp_hdr*>(transport);
    if (udp.dgram_cksum == 0)  // there is none (RFC 768)
        return;
    const uint16_t sum = delta.apply(udp.dgram_cksum);
    udp.dgram_cksum = sum == 0 ? uint16_t{0xffff} : sum;
}

}  // namespace sluice::nat
