// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/forward_guard.h"

#include "kernel/netlink_batch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <span>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>

namespace sluice::kernel {
namespace {

constexpr std::string_view kChain = "forward";
constexpr timeval kPatience{2, 0};  // for the kernel's answer

void begin_expression(NetlinkBatch& batch, std::string_view name) {
    batch.open(NFTA_LIST_ELEM);
    batch.add(NFTA_EXPR_NAME, name);
    batch.open(NFTA_EXPR_DATA);
}

void end_expression(NetlinkBatch& batch) {
    batch.close();
    batch.close();
}

void add_chain(NetlinkBatch& batch, std::string_view table) {
    batch.begin(NFT_MSG_NEWTABLE);
    batch.add(NFTA_TABLE_NAME, table);
    batch.add(NFTA_TABLE_FLAGS, uint32_t{NFT_TABLE_F_OWNER});

    batch.begin(NFT_MSG_NEWCHAIN);
    batch.add(NFTA_CHAIN_TABLE, table);
    batch.add(NFTA_CHAIN_NAME, kChain);
    batch.open(NFTA_CHAIN_HOOK);
    batch.add(NFTA_HOOK_HOOKNUM, uint32_t{NF_INET_FORWARD});
    batch.add(NFTA_HOOK_PRIORITY, uint32_t{0});
    batch.close();
    batch.add(NFTA_CHAIN_TYPE, std::string_view("filter"));
    batch.add(NFTA_CHAIN_POLICY, uint32_t{NF_ACCEPT});
}

/// Compares the name of the interface that a packet came by, with zeroes behind it.
void compare_name(NetlinkBatch& batch, const std::string& interface) {
    std::array<uint8_t, IFNAMSIZ> name{};
    std::copy_n(interface.begin(), std::min(interface.size(), name.size() - 1), name.begin());
    begin_expression(batch, "meta");
    batch.add(NFTA_META_DREG, uint32_t{NFT_REG_1});
    batch.add(NFTA_META_KEY, uint32_t{NFT_META_IIFNAME});
    end_expression(batch);
    begin_expression(batch, "cmp");
    batch.add(NFTA_CMP_SREG, uint32_t{NFT_REG_1});
    batch.add(NFTA_CMP_OP, uint32_t{NFT_CMP_EQ});
    batch.open(NFTA_CMP_DATA);
    batch.add(NFTA_DATA_VALUE, std::span<const uint8_t>(name));
    batch.close();
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

}  // namespace

Result<ForwardGuard> ForwardGuard::install(const std::string& interface) {
    Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    const sockaddr_nl address{AF_NETLINK, 0, 0, 0};
    if (!netlink.is_open() ||
        bind(netlink.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Error{"no netlink socket: " + std::string(std::strerror(errno))};
    setsockopt(netlink.number(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);

    const std::string table = "sluice-" + interface;
    NetlinkBatch batch(NFPROTO_IPV4);
    add_chain(batch, table);
    batch.begin(NFT_MSG_NEWRULE);
    batch.add(NFTA_RULE_TABLE, table);
    batch.add(NFTA_RULE_CHAIN, kChain);
    batch.open(NFTA_RULE_EXPRESSIONS);
    compare_name(batch, interface);
    drop(batch);
    batch.close();
    if (const Status status = batch.send(netlink.number()); !status)
        return Error{"nftables refuses a rule against forwarding from it: " +
                     status.error().message};
    return ForwardGuard(std::move(netlink));
}

}  // namespace sluice::kernel
