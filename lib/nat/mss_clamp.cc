// SPDX-License-Identifier: BSD-3-Clause
#include "nat/mss_clamp.h"

#include "net/checksum.h"
#include "net/header_options.h"

#include <rte_tcp.h>

#include <cstddef>
#include <cstring>
#include <span>

namespace sluice::nat {
namespace {

// RFC 9293 §3.2.
constexpr uint8_t kMss = 2;
constexpr uint8_t kMssBytes = 4;

/// The value of the MSS option, two bytes in network order; null where there is none.
uint8_t* find_mss(std::span<uint8_t> options) {
    using Options = net::HeaderOptions<uint8_t>;
    Options all(options);
    for (auto option = all.next(); !option.empty(); option = all.next())
        if (option[0] == kMss)
            return option.size() == kMssBytes ? &option[Options::kHeadBytes] : nullptr;
    return nullptr;
}

}  // namespace

bool clamp_mss(const net::Packet& packet, uint16_t most) {
    auto& tcp = *reinterpret_cast<rte_tcp_hdr*>(packet.transport);
    const size_t header = (tcp.data_off >> 4) * size_t{4};
    uint8_t* const option = find_mss({packet.transport + sizeof tcp, header - sizeof tcp});
    if (option == nullptr)
        return false;
    Be16 before;
    std::memcpy(&before.raw, option, sizeof before.raw);
    if (before.host() <= most)
        return false;
    const Be16 after = Be16::from_host(most);
    std::memcpy(option, &after.raw, sizeof after.raw);

    // At an odd place the two bytes are the halves of two words of the sum (RFC 1071 §2.B).
    const bool odd = (option - packet.transport) % 2 != 0;
    net::ChecksumDelta delta;
    delta.change(odd ? Be16{swap_bytes(before.raw)} : before,
                 odd ? Be16{swap_bytes(after.raw)} : after);
    tcp.cksum = delta.apply(tcp.cksum);
    return true;
}

}  // namespace sluice::nat
