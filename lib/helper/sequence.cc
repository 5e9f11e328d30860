// SPDX-License-Identifier: BSD-3-Clause
#include "helper/sequence.h"

#include "base/serial.h"

namespace sluice::helper {
namespace {

/// As far as any window reaches (RFC 7323 §2.3): what lies so far behind has been acknowledged.
constexpr uint32_t kFar = 1U << 30;

uint32_t moved(uint32_t number, int32_t by) {
    return number + static_cast<uint32_t>(by);
}

}  // namespace

void Correction::rewrite(uint32_t begin, uint32_t end, int32_t growth) {
    if (is_past(begin))
        return;
    before_ = after_;
    begin_ = begin;
    end_ = end;
    after_ += growth;
    is_rewritten_ = true;
}

bool Correction::is_past(uint32_t begin) const {
    return is_rewritten_ && is_before(begin, end_);
}

void Correction::forget_before(uint32_t seq) {
    if (!is_rewritten_ || is_before(seq, end_) || seq - end_ < kFar)
        return;
    before_ = after_;
    is_rewritten_ = false;
}

uint32_t Correction::sent(uint32_t seq) const {
    return moved(seq, is_past(seq) ? before_ : after_);
}

uint32_t Correction::acknowledged(uint32_t ack) const {
    const uint32_t behind = moved(ack, -after_);
    if (!is_past(behind))
        return behind;
    const uint32_t ahead = moved(ack, -before_);
    return is_after(ahead, begin_) ? begin_ : ahead;
}

}  // namespace sluice::helper
