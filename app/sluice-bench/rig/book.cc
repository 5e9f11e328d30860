// SPDX-License-Identifier: BSD-3-Clause
#include "rig/book.h"

namespace sluice::bench {
namespace {

constexpr uint32_t kFirstHost = 0x0a010000;    // 10.1.0.0
constexpr uint32_t kFirstServer = 0xcb007100;  // 203.0.113.0
constexpr uint16_t kServerPort = 443;
constexpr unsigned kHostBits = 16;
constexpr uint16_t kFirstPort = 1024;
constexpr uint32_t kPorts = 65536 - kFirstPort;

/// Spreads the ports of hosts and servers, as those of real hosts are.
uint32_t scatter(uint32_t value) {
    value *= 0x9e3779b1;
    return value ^ value >> 15;
}

}  // namespace

net::Tuple Book::original(uint64_t flow) const {
    const auto host = static_cast<uint32_t>(flow & ((1u << kHostBits) - 1));
    const auto server = static_cast<uint32_t>(flow >> kHostBits & ((1u << server_bits_) - 1));
    const uint64_t turn = flow >> (kHostBits + server_bits_);
    const auto port =
        static_cast<uint16_t>(kFirstPort + (scatter(server << kHostBits | host) + turn) % kPorts);
    return {Be32::from_host(kFirstHost + host),
            Be32::from_host(kFirstServer + server),
            Be16::from_host(port),
            Be16::from_host(kServerPort),
            protocol_,
            {}};
}

net::Tuple Book::reply(uint64_t flow) const {
    const Entry& entry = entries_[flow % entries_.size()];
    net::Tuple reply = original(flow).reversed();
    reply.destination = entry.address;
    reply.destination_port = entry.port;
    return reply;
}

void Book::learn(uint64_t flow, Be32 address, Be16 port) {
    entry(flow).address = address;
    entry(flow).port = port;
}

}  // namespace sluice::bench
