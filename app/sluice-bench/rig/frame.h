// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Frame: the packets of a benchmark, from their flow's number to bytes, and what came of them.
///
/// Shape    60 bytes of Ethernet frame, 64 with the sum that a NIC adds, where nothing else is
///          wanted; a TCP segment whose options leave no room has no data. An mbuf carries the
///          number of its flow behind the worker's note.

#include "link/note.h"
#include "net/arp.h"
#include "net/tuple.h"
#include "rig/book.h"

#include <rte_mbuf.h>

#include <cstdint>

namespace sluice::bench {

/// What a packet is to its flow.
enum class Kind : uint8_t {
    Open,    ///< The first of its direction: of TCP the SYN, or the SYN/ACK.
    Data,    ///< Of TCP with ACK.
    Other,   ///< As Data, but the gateway will not see it: no sequence number counts it.
    Ack,     ///< ACK without data.
    Finish,  ///< FIN and ACK.
};

inline constexpr uint16_t kFrameBytes = 60;

/// A packet yet to be made.
struct Item {
    uint64_t flow = 0;
    net::Direction direction = net::Direction::Original;
    Kind kind = Kind::Data;
    uint16_t bytes = kFrameBytes;  ///< Of the frame, at least, without the sum.
    bool has_timestamp = false;    ///< TCP's option, in what is neither SYN nor FIN.
};

inline constexpr uint16_t kTagBytes = 64;
static_assert(sizeof(Item) <= kTagBytes);

/// What `mbuf` was made for; packets of the gateway's own have none.
inline Item& item_of(rte_mbuf* mbuf) {
    return *reinterpret_cast<Item*>(static_cast<uint8_t*>(rte_mbuf_to_priv(mbuf)) +
                                    link::kNoteBytes);
}

struct Addressing {
    net::MacAddress source{};
    net::MacAddress destination{};
};

inline constexpr uint8_t kTtl = 64;

/// Writes the packet into an empty mbuf. The book counts its sequence numbers on.
void write_frame(rte_mbuf* mbuf, const Item& item, const Addressing& addressing, Book& book);

/// Takes from a translated first packet what the gateway has made of its flow.
void learn_from(rte_mbuf* mbuf, Book& book);

/// What is wrong with a packet that should be its item's, translated, with `ttl`; null if nothing.
const char* find_fault(rte_mbuf* mbuf, const Book& book, uint8_t ttl);

}  // namespace sluice::bench
