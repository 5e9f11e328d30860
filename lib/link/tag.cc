// SPDX-License-Identifier: BSD-3-Clause
#include "link/tag.h"

#include <cstring>

namespace sluice::link {
namespace {

using stats::Drop;

constexpr uint16_t kVlanBits = kVlanCount - 1;
constexpr size_t kMacsBytes = 2 * RTE_ETHER_ADDR_LEN;

bool is_tag(rte_be16_t type) {
    return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) ||
           type == rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ);
}

/// Takes a tag out of the frame itself, whose EtherType says that there is one.
std::optional<Drop> take_out(rte_mbuf* mbuf, VlanId& vlan) {
    if (rte_pktmbuf_data_len(mbuf) < sizeof(rte_ether_hdr) + sizeof(rte_vlan_hdr))
        return Drop::Truncated;
    auto* frame = rte_pktmbuf_mtod(mbuf, char*);
    if (rte_pktmbuf_mtod(mbuf, rte_ether_hdr*)->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ))
        return Drop::Qinq;
    rte_vlan_hdr tag;
    std::memcpy(&tag, frame + sizeof(rte_ether_hdr), sizeof tag);
    std::memmove(frame + sizeof tag, frame, kMacsBytes);
    rte_pktmbuf_adj(mbuf, sizeof tag);
    vlan = rte_be_to_cpu_16(tag.vlan_tci) & kVlanBits;
    return std::nullopt;
}

}  // namespace

std::optional<Drop> take_tag(rte_mbuf* mbuf, const Interfaces& interfaces, PortIndex port,
                             InterfaceId& from) {
    constexpr uint64_t kStripped = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    if (rte_pktmbuf_data_len(mbuf) < sizeof(rte_ether_hdr))
        return Drop::Truncated;
    const auto type = [mbuf] { return rte_pktmbuf_mtod(mbuf, rte_ether_hdr*)->ether_type; };
    VlanId vlan = kUntagged;
    if ((mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0)
        vlan = mbuf->vlan_tci & kVlanBits;
    else if (is_tag(type()))
        if (const auto reason = take_out(mbuf, vlan))
            return reason;
    if (is_tag(type()) || (mbuf->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED) != 0)
        return Drop::Qinq;
    mbuf->ol_flags &= ~kStripped;  // who looks at the packet again finds it untagged
    from = interfaces.find(port, vlan);
    if (from == kNoInterface)
        return Drop::UnknownVlan;
    return std::nullopt;
}

bool insert_tag(rte_mbuf* mbuf, VlanId vlan) {
    char* frame = rte_pktmbuf_prepend(mbuf, sizeof(rte_vlan_hdr));
    if (frame == nullptr)
        return false;
    std::memmove(frame, frame + sizeof(rte_vlan_hdr), kMacsBytes);
    const rte_be16_t tag[] = {rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(vlan)};
    std::memcpy(frame + kMacsBytes, tag, sizeof tag);
    return true;
}

Bare without_tag(const rte_mbuf* mbuf) {
    if ((mbuf->ol_flags & (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_TX_VLAN)) != 0)
        return {static_cast<VlanId>(mbuf->vlan_tci & kVlanBits), mbuf->pkt_len};
    const auto* frame = rte_pktmbuf_mtod(mbuf, const char*);
    if (rte_pktmbuf_data_len(mbuf) < sizeof(rte_ether_hdr) + sizeof(rte_vlan_hdr) ||
        !is_tag(rte_pktmbuf_mtod(mbuf, const rte_ether_hdr*)->ether_type))
        return {kUntagged, mbuf->pkt_len};
    rte_vlan_hdr tag;
    std::memcpy(&tag, frame + sizeof(rte_ether_hdr), sizeof tag);
    return {static_cast<VlanId>(rte_be_to_cpu_16(tag.vlan_tci) & kVlanBits),
            static_cast<uint32_t>(mbuf->pkt_len - sizeof tag)};
}

}  // namespace sluice::link
