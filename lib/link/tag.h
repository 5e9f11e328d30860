// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tag: the VLAN tag of a frame, taken off where the frame comes in and put on where it leaves, so
/// that nothing between knows of tags.
///
/// Shape    A port leaves a received frame's tag in the frame, or beside it in the mbuf's fields
///          (RTE_MBUF_F_RX_VLAN_STRIPPED). A tag that names no VLAN, but a priority (VLAN 0),
///          counts as none. Priorities are not carried on.
/// Threads  Belongs to who holds the mbuf.
/// Errors   Frames of no interface, and those with two tags, are refused by name.
/// Cost     An untagged IPv4 packet costs the reading of its EtherType and of its mbuf's flags.
/// Source   IEEE 802.1Q-2018 §9.6: three bits of priority, one of eligibility to be dropped, 12 of
///          identifier.

#include "link/interfaces.h"
#include "net/mac.h"
#include "stats/drop.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <optional>

namespace sluice::link {

/// What most packets are: their interface is the untagged one of their port.
inline bool is_untagged_ipv4(const rte_mbuf* mbuf) {
    const auto* frame = rte_pktmbuf_mtod(mbuf, const rte_ether_hdr*);
    return frame->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) &&
           (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0;
}

/// Of a frame that has come by `port`: takes its tag off, if it has one, and says by which
/// interface it came. Why it is nobody's, otherwise.
std::optional<stats::Drop> take_tag(rte_mbuf* mbuf, const Interfaces& interfaces, PortIndex port,
                                    InterfaceId& from);

/// Puts a tag into a frame; false, and the frame is as it was, where there is no room before it.
bool insert_tag(rte_mbuf* mbuf, VlanId vlan);

/// A frame as its interface has it.
struct Bare {
    VlanId vlan = kUntagged;
    uint32_t bytes = 0;  ///< Without the tag.
};

/// Of a frame that has come, or that is to leave: its tag is beside it in the mbuf's fields, or in
/// it.
Bare without_tag(const rte_mbuf* mbuf);

}  // namespace sluice::link
