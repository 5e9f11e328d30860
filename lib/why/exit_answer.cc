// SPDX-License-Identifier: BSD-3-Clause
#include "why/exit_answer.h"

#include "link/interfaces.h"
#include "link/next_hops.h"
#include "worker/ipv6_crossing.h"

#include <cstddef>
#include <cstdint>

namespace sluice::why {

Exit exit_answer(const worker::Shared& shared, const link::Exit& exit, const link::Path& path) {
    const bool is_ipv6 = shared.interfaces[path.interface].vlan == link::kIpv6Side;
    const size_t mtu = is_ipv6 ? worker::ipv6_mtu(exit) : exit.mtu;
    const link::Hop hop = shared.next_hops.read(path.hop);
    const bool is_known = path.hop != link::kNoHop;
    return {.path = path,
            .mtu = static_cast<uint16_t>(mtu),
            .has_link = exit.has_link,
            .has_mac = is_known && hop.is_resolved(),
            .has_failed = is_known && !hop.is_resolved() && hop.has_failed(),
            .mac = hop.mac()};
}

}  // namespace sluice::why
