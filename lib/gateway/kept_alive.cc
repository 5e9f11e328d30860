// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/kept_alive.h"

#include "flow/age.h"

#include <algorithm>

namespace sluice::gateway {
namespace {

constexpr Duration kPass = Duration::seconds(1);

}  // namespace

void KeptAlive::begin(Tick now) {
    position_ = 0;
    kept_at_.reset();
    pass_at_ = now;
}

/// In a pass each record gets back what has gone of its time since the pass before. All of a pass
/// get the same, however late their turn comes, so what they have is never wrong by more than a
/// pass.
void KeptAlive::turn(Tick now) {
    // relaxed: what lists read of records.
    using std::memory_order_relaxed;
    const Duration gone = kept_at_ ? now - *kept_at_ : Duration{1};
    if (gone.milliseconds <= 0)
        return;
    kept_at_ = now;
    if (gone >
        kPass)  // nobody was here for a while: what is left of this pass would get too little
        position_ = 0;
    if (position_ == 0) {
        gone_ = now - pass_at_;
        pass_at_ = now;
    }
    const auto share = static_cast<uint64_t>(std::min(gone, kPass).milliseconds);
    const auto slice = static_cast<uint32_t>(
        table_.capacity() * share / static_cast<uint64_t>(kPass.milliseconds) + 1);
    const uint32_t end = std::min(position_ + slice, table_.capacity());
    table_.for_each_live(position_, end, [&](uint32_t index, flow::FlowRecord& record) {
        const Tick deadline = record.deadline.load(memory_order_relaxed) + gone_;
        const Duration left = std::clamp(deadline - now, kLeastLeft, kLongestTimeout);
        record.deadline.store(now + left, memory_order_relaxed);
        flow::limit_age(record, now);
        // Nobody ages here, and a look that is due for too long is taken for one to come.
        table_.deadlines().set(index, now, now + kLeastLeft);
    });
    position_ = end == table_.capacity() ? 0 : end;
}

}  // namespace sluice::gateway
