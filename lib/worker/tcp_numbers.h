// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The numbers of a TCP segment, written anew: sequence, acknowledgment with its SACK blocks, and
/// bytes of data in the place of others. Its checksums stay as right as they were.
///
/// Errors   Options that are cut short, or no options at all, are left as they are.
/// Cost     One pass over what changes.
/// Source   RFC 1624; RFC 2018 §3.

#include "net/packet.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

struct rte_mbuf;
struct rte_tcp_hdr;

namespace sluice::helper {
class Correction;
}

namespace sluice::worker {

inline rte_tcp_hdr& tcp_of(const net::Packet& packet) {
    return *reinterpret_cast<rte_tcp_hdr*>(packet.transport);
}
size_t tcp_header_bytes(const net::Packet& packet);

void set_seq(const net::Packet& packet, uint32_t seq);
/// What it acknowledges, by what is known of the stream that it acknowledges.
void restore_acks(const net::Packet& packet, const helper::Correction& correction);

/// Its data can be read and written. False of a fragment, and where there is no room to put a
/// packet that lies in several segments of mbufs into one.
bool make_whole(rte_mbuf* mbuf, net::Packet& packet);

/// A part of a segment's data.
struct Part {
    size_t at = 0;
    size_t bytes = 0;
};
/// The packet lies in one segment of its mbuf, behind which there is room for what it grows by.
void replace(rte_mbuf* mbuf, net::Packet& packet, const Part& part, std::string_view by);

}  // namespace sluice::worker
