// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/nft_table.h"

#include <cerrno>
#include <cstring>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <utility>

namespace sluice::kernel {
namespace {

constexpr timeval kPatience{2, 0};  // for the kernel's answer

}  // namespace

NftTable::NftTable(uint8_t family, NftChain chain) : chain_(std::move(chain)), batch_(family) {
    batch_.begin(NFT_MSG_NEWTABLE);
    batch_.add(NFTA_TABLE_NAME, chain_.table);
    batch_.add(NFTA_TABLE_FLAGS, uint32_t{NFT_TABLE_F_OWNER});

    batch_.begin(NFT_MSG_NEWCHAIN);
    batch_.add(NFTA_CHAIN_TABLE, chain_.table);
    batch_.add(NFTA_CHAIN_NAME, chain_.name);
    batch_.open(NFTA_CHAIN_HOOK);
    batch_.add(NFTA_HOOK_HOOKNUM, chain_.hook);
    batch_.add(NFTA_HOOK_PRIORITY, uint32_t{0});
    if (!chain_.device.empty())
        batch_.add(NFTA_HOOK_DEV, chain_.device);
    batch_.close();
    batch_.add(NFTA_CHAIN_TYPE, std::string_view("filter"));
    batch_.add(NFTA_CHAIN_POLICY, uint32_t{NF_ACCEPT});
}

void NftTable::begin_rule() {
    batch_.begin(NFT_MSG_NEWRULE);
    batch_.add(NFTA_RULE_TABLE, chain_.table);
    batch_.add(NFTA_RULE_CHAIN, chain_.name);
    batch_.open(NFTA_RULE_EXPRESSIONS);
}

void NftTable::begin_expression(std::string_view name) {
    batch_.open(NFTA_LIST_ELEM);
    batch_.add(NFTA_EXPR_NAME, name);
    batch_.open(NFTA_EXPR_DATA);
}

void NftTable::end_expression() {
    batch_.close();
    batch_.close();
}

void NftTable::add_value(uint16_t attribute, std::span<const uint8_t> value) {
    batch_.open(attribute);
    batch_.add(NFTA_DATA_VALUE, value);
    batch_.close();
}

void NftTable::compare(std::span<const uint8_t> value) {
    begin_expression("cmp");
    add(NFTA_CMP_SREG, NFT_REG_1);
    add(NFTA_CMP_OP, NFT_CMP_EQ);
    add_value(NFTA_CMP_DATA, value);
    end_expression();
}

void NftTable::drop() {
    begin_expression("immediate");
    add(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    batch_.open(NFTA_IMMEDIATE_DATA);
    batch_.open(NFTA_DATA_VERDICT);
    add(NFTA_VERDICT_CODE, NF_DROP);
    batch_.close();
    batch_.close();
    end_expression();
    batch_.close();
}

Result<Descriptor> NftTable::install() {
    Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    const sockaddr_nl address{AF_NETLINK, 0, 0, 0};
    if (!netlink ||
        bind(netlink.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Error{"no netlink socket: " + std::string(std::strerror(errno))};
    setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    if (const Status status = batch_.send(netlink.get()); !status)
        return Error{"nftables refuses it: " + status.error().message};
    return netlink;
}

}  // namespace sluice::kernel
