// SPDX-License-Identifier: BSD-3-Clause
#include "worker/segment.h"

#include <cstdint>

namespace sluice::worker {

sctp::Packet sctp_of(const net::Packet& packet) {
    const auto offset = net::ip_header_bytes(packet);
    return sctp::read({packet.transport, size_t{packet.head_bytes} - offset},
                      size_t{packet.length} - offset)
        .value_or(sctp::Packet{});
}

}  // namespace sluice::worker
