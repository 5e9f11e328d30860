// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// nftables table: one of this process's own, with one chain, as messages for the kernel.
///
/// Shape    The kernel has the table for as long as the socket that install() returns is open
///          (NFT_TABLE_F_OWNER, Linux 5.12): it is gone with the process, however that ends, and
///          nobody else can change it.
/// Threads  Any one.
/// Errors   A sentence that says what the kernel refused.
/// Source   linux/netfilter/nf_tables.h.

#include "base/descriptor.h"
#include "base/result.h"
#include "kernel/netlink_batch.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::kernel {

struct NftChain {
    std::string table;
    std::string_view name;    ///< Of the chain.
    uint32_t hook = 0;        ///< NF_INET_FORWARD, NF_NETDEV_INGRESS.
    std::string device = {};  ///< Where the hook is one interface's; else empty.
};

class NftTable {
public:
    /// A table of `family`, as NFPROTO_NETDEV.
    NftTable(uint8_t family, NftChain chain);

    /// Rules, each of expressions that all must hold, and ended by drop().
    void begin_rule();
    void begin_expression(std::string_view name);
    void end_expression();
    void add(uint16_t attribute, uint32_t number) { batch_.add(attribute, number); }
    void add_value(uint16_t attribute, std::span<const uint8_t> value);
    /// What the last expression has loaded is this.
    void compare(std::span<const uint8_t> value);
    void drop();

    Result<Descriptor> install();

private:
    NftChain chain_;
    NetlinkBatch batch_;
};

}  // namespace sluice::kernel
