// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/taking_back.h"

namespace sluice::gateway {
namespace {

// relaxed: words of the control core's own.
using std::memory_order_relaxed;
using sync::Wish;

/// Who has said nothing for so long is away.
constexpr Duration kUntilAway{static_cast<int32_t>(sync::kSilence.count())};

}  // namespace

bool TakingBack::waits(Tick now) {
    if (!since_) {
        since_ = now;
        notice_("this gateway has no flows, and asks the peer for those that it may have");
    }
    // Acquire: as Standing has it.
    if (standing_.peer.load(std::memory_order_acquire) == sync::Peer::Active) {
        if (end(Wish::Standby))
            notice_("the peer is active, and this gateway, which has just started, stands by");
        return true;
    }
    return !is_over(now - *since_) || !end(Wish::Active);
}

/// False where an operator has said another role meanwhile.
bool TakingBack::end(Wish wish) {
    Wish taking = Wish::TakeBack;
    return standing_.wish.compare_exchange_strong(taking, wish);
}

bool TakingBack::is_over(Duration waited) {
    if (standing_.is_whole.load(memory_order_relaxed) || waited >= kTakingBack)
        return true;
    // Acquire: as Standing has it.
    const bool is_there = standing_.peer.load(std::memory_order_acquire) != sync::Peer::Away;
    has_found_none_ =
        is_there ? !standing_.peer_has_flows.load(memory_order_relaxed) : waited >= kUntilAway;
    return has_found_none_;
}

}  // namespace sluice::gateway
