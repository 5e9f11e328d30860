// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/ingress_guard.h"

#include "kernel/nft_table.h"

#include <array>
#include <fstream>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/ethernet.h>
#include <unistd.h>

namespace sluice::kernel {
namespace {

constexpr uint32_t kTypeOffset = 12;  // of the EtherType in a frame, or of the tag before it

using Bytes = std::span<const uint8_t>;

/// Loads what stands where the EtherType of an untagged frame is.
void load(NftTable& table, uint32_t bytes) {
    table.begin_expression("payload");
    table.add(NFTA_PAYLOAD_DREG, NFT_REG_1);
    table.add(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_LL_HEADER);
    table.add(NFTA_PAYLOAD_OFFSET, kTypeOffset);
    table.add(NFTA_PAYLOAD_LEN, bytes);
    table.end_expression();
}

void mask(NftTable& table, Bytes bits) {
    const std::array<uint8_t, 8> none{};
    table.begin_expression("bitwise");
    table.add(NFTA_BITWISE_SREG, NFT_REG_1);
    table.add(NFTA_BITWISE_DREG, NFT_REG_1);
    table.add(NFTA_BITWISE_LEN, static_cast<uint32_t>(bits.size()));
    table.add_value(NFTA_BITWISE_MASK, bits);
    table.add_value(NFTA_BITWISE_XOR, Bytes(none).first(bits.size()));
    table.end_expression();
}

void drop_untagged(NftTable& table, uint16_t ether_type) {
    const std::array<uint8_t, 2> type{static_cast<uint8_t>(ether_type >> 8),
                                      static_cast<uint8_t>(ether_type)};
    table.begin_rule();
    load(table, sizeof type);
    table.compare(type);
    table.drop();
}

void drop_tagged(NftTable& table, uint16_t vlan, uint16_t ether_type) {
    constexpr std::array<uint8_t, 6> kWithoutPriority{0xff, 0xff, 0x0f, 0xff, 0xff, 0xff};
    const std::array<uint8_t, 6> tag{ETHERTYPE_VLAN >> 8,
                                     ETHERTYPE_VLAN & 0xff,
                                     static_cast<uint8_t>(vlan >> 8 & 0x0f),
                                     static_cast<uint8_t>(vlan),
                                     static_cast<uint8_t>(ether_type >> 8),
                                     static_cast<uint8_t>(ether_type)};
    table.begin_rule();
    load(table, sizeof tag);
    mask(table, kWithoutPriority);
    table.compare(tag);
    table.drop();
}

Error no_rule(const Error& why) {
    return Error{"no rule at its ingress: " + why.message};
}

}  // namespace

Result<IngressGuard> IngressGuard::install(const std::string& interface,
                                           std::span<const uint16_t> vlans) {
    NftTable table(NFPROTO_NETDEV,
                   {"sluice-" + interface, "ingress", NF_NETDEV_INGRESS, interface});
    for (const uint16_t type : {uint16_t{ETHERTYPE_IP}, uint16_t{ETHERTYPE_ARP}}) {
        for (const uint16_t vlan : vlans) {
            drop_tagged(table, vlan, type);
            if (vlan == 0)
                drop_untagged(table, type);
        }
    }
    Result<Descriptor> netlink = table.install();
    if (!netlink)
        return no_rule(netlink.error());
    return IngressGuard(std::move(*netlink));
}

Status IngressGuard::try_out() {
    const Result<Descriptor> netlink =
        NftTable(NFPROTO_NETDEV,
                 {"sluice-check-" + std::to_string(getpid()), "ingress", NF_NETDEV_INGRESS, "lo"})
            .install();
    return netlink ? Status{Done{}} : no_rule(netlink.error());
}

bool forwards(const std::string& interface) {
    int value = 0;
    std::ifstream("/proc/sys/net/ipv4/conf/" + interface + "/forwarding") >> value;
    return value != 0;
}

}  // namespace sluice::kernel
