// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/ingress_guard.h"

#include "kernel/netlink_batch.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace sluice::kernel {
namespace {

constexpr std::string_view kChain = "ingress";
constexpr uint32_t kTypeOffset = 12;  // of the EtherType in a frame, or of the tag before it
constexpr timeval kPatience{2, 0};    // for the kernel's answer

using Bytes = std::span<const uint8_t>;

void begin_expression(NetlinkBatch& batch, std::string_view name) {
    batch.open(NFTA_LIST_ELEM);
    batch.add(NFTA_EXPR_NAME, name);
    batch.open(NFTA_EXPR_DATA);
}

void end_expression(NetlinkBatch& batch) {
    batch.close();
    batch.close();
}

void add_value(NetlinkBatch& batch, uint16_t attribute, Bytes value) {
    batch.open(attribute);
    batch.add(NFTA_DATA_VALUE, value);
    batch.close();
}

/// Loads what stands where the EtherType of an untagged frame is.
void load(NetlinkBatch& batch, uint32_t bytes) {
    begin_expression(batch, "payload");
    batch.add(NFTA_PAYLOAD_DREG, uint32_t{NFT_REG_1});
    batch.add(NFTA_PAYLOAD_BASE, uint32_t{NFT_PAYLOAD_LL_HEADER});
    batch.add(NFTA_PAYLOAD_OFFSET, kTypeOffset);
    batch.add(NFTA_PAYLOAD_LEN, bytes);
    end_expression(batch);
}

void mask(NetlinkBatch& batch, Bytes bits) {
    const std::array<uint8_t, 8> none{};
    begin_expression(batch, "bitwise");
    batch.add(NFTA_BITWISE_SREG, uint32_t{NFT_REG_1});
    batch.add(NFTA_BITWISE_DREG, uint32_t{NFT_REG_1});
    batch.add(NFTA_BITWISE_LEN, static_cast<uint32_t>(bits.size()));
    add_value(batch, NFTA_BITWISE_MASK, bits);
    add_value(batch, NFTA_BITWISE_XOR, Bytes(none).first(bits.size()));
    end_expression(batch);
}

void compare(NetlinkBatch& batch, Bytes value) {
    begin_expression(batch, "cmp");
    batch.add(NFTA_CMP_SREG, uint32_t{NFT_REG_1});
    batch.add(NFTA_CMP_OP, uint32_t{NFT_CMP_EQ});
    add_value(batch, NFTA_CMP_DATA, value);
    end_expression(batch);
}

void drop(NetlinkBatch& batch) {
    begin_expression(batch, "immediate");
    batch.add(NFTA_IMMEDIATE_DREG, uint32_t{NFT_REG_VERDICT});
    batch.open(NFTA_IMMEDIATE_DATA);
    batch.open(NFTA_DATA_VERDICT);
    batch.add(NFTA_VERDICT_CODE, uint32_t{NF_DROP});
    batch.close();
    batch.close();
    end_expression(batch);
}

void begin_rule(NetlinkBatch& batch, std::string_view table) {
    batch.begin(NFT_MSG_NEWRULE);
    batch.add(NFTA_RULE_TABLE, table);
    batch.add(NFTA_RULE_CHAIN, kChain);
    batch.open(NFTA_RULE_EXPRESSIONS);
}

void drop_untagged(NetlinkBatch& batch, std::string_view table, uint16_t ether_type) {
    const std::array<uint8_t, 2> type{static_cast<uint8_t>(ether_type >> 8),
                                      static_cast<uint8_t>(ether_type)};
    begin_rule(batch, table);
    load(batch, sizeof type);
    compare(batch, type);
    drop(batch);
    batch.close();
}

void drop_tagged(NetlinkBatch& batch, std::string_view table, uint16_t vlan, uint16_t ether_type) {
    constexpr std::array<uint8_t, 6> kWithoutPriority{0xff, 0xff, 0x0f, 0xff, 0xff, 0xff};
    const std::array<uint8_t, 6> tag{ETHERTYPE_VLAN >> 8,
                                     ETHERTYPE_VLAN & 0xff,
                                     static_cast<uint8_t>(vlan >> 8 & 0x0f),
                                     static_cast<uint8_t>(vlan),
                                     static_cast<uint8_t>(ether_type >> 8),
                                     static_cast<uint8_t>(ether_type)};
    begin_rule(batch, table);
    load(batch, sizeof tag);
    mask(batch, kWithoutPriority);
    compare(batch, tag);
    drop(batch);
    batch.close();
}

void add_chain(NetlinkBatch& batch, std::string_view table, const std::string& interface) {
    batch.begin(NFT_MSG_NEWTABLE);
    batch.add(NFTA_TABLE_NAME, table);
    batch.add(NFTA_TABLE_FLAGS, uint32_t{NFT_TABLE_F_OWNER});

    batch.begin(NFT_MSG_NEWCHAIN);
    batch.add(NFTA_CHAIN_TABLE, table);
    batch.add(NFTA_CHAIN_NAME, kChain);
    batch.open(NFTA_CHAIN_HOOK);
    batch.add(NFTA_HOOK_HOOKNUM, uint32_t{NF_NETDEV_INGRESS});
    batch.add(NFTA_HOOK_PRIORITY, uint32_t{0});
    batch.add(NFTA_HOOK_DEV, interface);
    batch.close();
    batch.add(NFTA_CHAIN_TYPE, std::string_view("filter"));
    batch.add(NFTA_CHAIN_POLICY, uint32_t{NF_ACCEPT});
}

}  // namespace

Result<IngressGuard> IngressGuard::install(const std::string& interface,
                                           std::span<const uint16_t> vlans) {
    Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    const sockaddr_nl address{AF_NETLINK, 0, 0, 0};
    if (!netlink.is_open() ||
        bind(netlink.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Error{"no netlink socket: " + std::string(std::strerror(errno))};
    setsockopt(netlink.number(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);

    const std::string table = "sluice-" + interface;
    NetlinkBatch batch(NFPROTO_NETDEV);
    add_chain(batch, table, interface);
    for (const uint16_t type : {uint16_t{ETHERTYPE_IP}, uint16_t{ETHERTYPE_ARP}}) {
        for (const uint16_t vlan : vlans) {
            drop_tagged(batch, table, vlan, type);
            if (vlan == 0)
                drop_untagged(batch, table, type);
        }
    }
    if (const Status status = batch.send(netlink.number()); !status)
        return Error{"nftables refuses a rule at its ingress: " + status.error().message};
    return IngressGuard(std::move(netlink));
}

bool forwards(const std::string& interface) {
    int value = 0;
    std::ifstream("/proc/sys/net/ipv4/conf/" + interface + "/forwarding") >> value;
    return value != 0;
}

}  // namespace sluice::kernel
