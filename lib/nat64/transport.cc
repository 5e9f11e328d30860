// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/transport.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace sluice::nat64 {
namespace {

constexpr size_t kIcmpChecksum = 2;

std::optional<size_t> checksum_place(uint8_t protocol) {
    switch (protocol) {
        case kTcp:
            return 16;
        case kUdp:
        case kUdpLite:
        case kDccp:
            return 6;
        default:
            return std::nullopt;
    }
}

}  // namespace

std::span<uint8_t> transport_of(rte_mbuf* mbuf, const Headers& headers) {
    const size_t at = kEtherBytes + headers.bytes;
    return {rte_pktmbuf_mtod_offset(mbuf, uint8_t*, at),
            std::min<size_t>(rte_pktmbuf_data_len(mbuf) - at, headers.transport_bytes)};
}

uint16_t read_word(const uint8_t* bytes) {
    uint16_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

void write_word(uint8_t* bytes, uint16_t raw) {
    std::memcpy(bytes, &raw, sizeof raw);
}

bool change_checksum(uint8_t protocol, std::span<uint8_t> transport, const Sum& from,
                     const Sum& to) {
    const auto place = checksum_place(protocol);
    if (!place)
        return true;
    if (transport.size() < *place + sizeof(uint16_t))
        return false;
    uint8_t* at = &transport[*place];
    const uint16_t before = read_word(at);
    if (protocol == kUdp && before == 0)
        return true;
    const uint16_t after = changed(before, from, to);
    write_word(at, after == 0 && protocol != kTcp ? 0xffff : after);
    return true;
}

IcmpHead read_head(const uint8_t* icmp) {
    uint32_t rest;
    std::memcpy(&rest, icmp + 4, sizeof rest);
    return {icmp[0], icmp[1], Be32{rest}.host()};
}

void write_head(uint8_t* icmp, const IcmpHead& head) {
    icmp[0] = head.type;
    icmp[1] = head.code;
    const Be32 rest = Be32::from_host(head.rest);
    std::memcpy(icmp + 4, &rest.raw, sizeof rest.raw);
}

void change_head(uint8_t* icmp, const IcmpHead& head, Sum from, Sum to) {
    from.add(icmp, 2).add(icmp + 4, 4);
    write_head(icmp, head);
    to.add(icmp, 2).add(icmp + 4, 4);
    write_word(icmp + kIcmpChecksum, changed(read_word(icmp + kIcmpChecksum), from, to));
}

}  // namespace sluice::nat64
