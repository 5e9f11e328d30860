// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/taken_over.h"

#include "conntrack/tcp_tracker.h"

#include <cstring>

namespace sluice::conntrack {

bool forget_windows(TcpState state, TrackerMemory memory) {
    if (state == TcpState::SynSent || state == TcpState::SynRecv || state == TcpState::SynSent2)
        return false;
    TcpTracker before;
    std::memcpy(&before, memory.data(), sizeof before);
    TcpTracker after;
    for (size_t i = 0; i < after.ends.size(); ++i) {
        constexpr uint8_t kFixed = kOffersScale | kOffersSack | kClosedFirst;
        after.ends[i].scale = before.ends[i].scale;
        after.ends[i].flags =
            static_cast<uint8_t>((before.ends[i].flags & kFixed) | kLiberal | kTakenOver);
    }
    after.simultaneous_open = before.simultaneous_open;
    std::memcpy(memory.data(), &after, sizeof after);
    return true;
}

}  // namespace sluice::conntrack
