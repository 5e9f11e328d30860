// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What a journal says of the flows that the tests of this module are about.

#include "flow/journal.h"

#include <atomic>
#include <chrono>

namespace sluice::flowlog::testing {

inline constexpr Be32 kInside = Be32::from_host(0x0a01000a);  // 10.1.0.10
inline constexpr Be32 kServer = Be32::from_host(0xcb00710a);  // 203.0.113.10
inline constexpr Be32 kPublic = Be32::from_host(0xc6336401);  // 198.51.100.1
inline constexpr Be16 kHttp = Be16::from_host(80);

inline const std::atomic<bool> kBoth{true};  // of Told

/// 10.1.0.10:`port` -> 203.0.113.10:80, as 198.51.100.1:`port` + 1.
inline flow::JournalEntry session(flow::Event event, uint16_t port = 40000) {
    flow::JournalEntry entry;
    const Be16 own = Be16::from_host(port);
    const Be16 changed = Be16::from_host(static_cast<uint16_t>(port + 1));
    entry.tuple[0] = {kInside, kServer, own, kHttp, net::Protocol::Tcp};
    entry.tuple[1] = {kServer, kPublic, kHttp, changed, net::Protocol::Tcp};
    entry.time = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    entry.event = event;
    return entry;
}

inline flow::JournalEntry block(flow::Event event, uint16_t first_port) {
    constexpr auto kKind = static_cast<uint8_t>(flow::Kind::Block);
    flow::JournalEntry entry = session(event);
    entry.tuple[0] = {kInside, {}, Be16::from_host(1), {}, {}, kKind};
    entry.tuple[1] = {{}, kPublic, {}, Be16::from_host(first_port), {}, kKind};
    return entry;
}

}  // namespace sluice::flowlog::testing
