// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet entry: what a thread tells of one packet, with the frame behind it.
///
/// Shape    A fixed part, then `captured` bytes of the frame. A packet that comes in is told with
///          the frame as it came and with what became of it; one that leaves as it leaves.
/// Units    Time in nanoseconds of the steady clock, read once for a burst; each packet of it is
///          one nanosecond behind the one before, so that they stand in the order in which they
///          came.
/// Threads  Written by one thread until it is published (packet_ring.h), then read by one other.

#include "base/big_endian.h"
#include "net/ipv6.h"
#include "net/mac.h"
#include "net/tuple.h"
#include "stats/drop.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace sluice::observe {

/// Which way a frame was going when it was seen.
enum class Way : uint8_t { In, Out };

/// What became of a packet, as far as the thread knows that tells of it.
enum class Outcome : uint8_t {
    Sent,      ///< Way::In: translated, and on its way out. Way::Out: the port took it.
    Dropped,   ///< For `reason`.
    Waiting,   ///< Translated; the control core keeps it until `next_hop` answers ARP.
    Answered,  ///< A ping to the gateway itself.
    Consumed,  ///< ARP, for the control core.
    Void,      ///< The port did not take it: there is nothing to tell.
};

inline constexpr uint16_t kNowhere = 4095;  ///< No interface is known.

/// Addresses as they stand on the wire.
struct Ipv6Ends {
    net::Ipv6Address source;
    net::Ipv6Address destination;
};

struct PacketEntry {
    uint32_t bytes = 0;     ///< Of the entry and its frame; a multiple of kEntryAlignment.
    uint32_t captured = 0;  ///< Bytes of the frame that are here.
    uint32_t length = 0;    ///< Bytes of the frame.
    Way way{};
    Outcome outcome{};
    stats::Drop reason{};
    uint8_t thread = 0;        ///< The worker, or the number of workers for the control core.
    uint16_t from = kNowhere;  ///< Interface that it came by.
    uint16_t to = kNowhere;    ///< Interface that it leaves by.
    bool has_tuple = false;
    bool has_flow = false;
    bool is_new = false;           ///< It has opened its flow.
    bool is_translated = false;    ///< The frame is as it would leave, though it was to be Way::In.
    bool was_handed_over = false;  ///< Another worker has received it.
    bool is_ipv6 = false;          ///< The frame is, without a tuple: `ipv6` has its addresses, and
                                   ///< `tuple` its protocol and ports alone.
    bool is_mapped = false;        ///< Of such a frame: it has left as `mapped`, or is to.
    net::Direction direction{};    ///< Of the flow.
    uint8_t state_before = 0;      ///< conntrack::ProtocolState of the flow.
    uint8_t state_after = 0;       ///< Likewise.
    uint8_t status = 0;            ///< conntrack::Status bits of the flow, after the packet.
    net::MacAddress next_mac{};    ///< Of the neighbour that it was sent to.
    int64_t time = 0;              ///< Nanoseconds of the steady clock.
    Be32 next_hop;                 ///< Of Waiting.
    net::Tuple tuple;              ///< As it stands in the frame.
    std::array<net::Tuple, 2> flow;  ///< The flow's tuples, by net::Direction.
    Ipv6Ends ipv6;
    Ipv6Ends mapped;

    std::span<const uint8_t> frame() const {
        return {reinterpret_cast<const uint8_t*>(this + 1), captured};
    }
    uint8_t* frame_bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
};

inline constexpr size_t kEntryAlignment = 16;
static_assert(sizeof(PacketEntry) % kEntryAlignment == 0 &&
              alignof(PacketEntry) <= kEntryAlignment);
static_assert(std::is_trivially_copyable_v<PacketEntry> &&
              std::is_trivially_destructible_v<PacketEntry>);

}  // namespace sluice::observe
