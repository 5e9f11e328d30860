// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/forward_guard.h"

#include "kernel/nft_table.h"

#include <algorithm>
#include <array>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

namespace sluice::kernel {

Result<ForwardGuard> ForwardGuard::install(const std::string& interface) {
    // The kernel's name of an interface has zeroes behind it.
    std::array<uint8_t, IFNAMSIZ> name{};
    std::copy_n(interface.begin(), std::min(interface.size(), name.size() - 1), name.begin());
    NftTable table(NFPROTO_IPV4, {"sluice-" + interface, "forward", NF_INET_FORWARD});
    table.begin_rule();
    table.begin_expression("meta");
    table.add(NFTA_META_DREG, NFT_REG_1);
    table.add(NFTA_META_KEY, NFT_META_IIFNAME);
    table.end_expression();
    table.compare(name);
    table.drop();
    Result<Descriptor> netlink = table.install();
    if (!netlink)
        return Error{"no rule against forwarding from it: " + netlink.error().message};
    return ForwardGuard(std::move(*netlink));
}

}  // namespace sluice::kernel
