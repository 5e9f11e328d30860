// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/strays.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice::gateway {

using flow::FlowRecord;
using flow::Life;

/// A look at each record would take a second where there are ten million.
void Strays::begin() {
    std::fill(marks_.begin(), marks_.end(), ~uint64_t{0});
    are_there_ = true;
}

void Strays::clear() {
    if (std::exchange(are_there_, false))
        std::fill(marks_.begin(), marks_.end(), 0);
}

std::optional<uint32_t> Strays::find(const FlowRecord& told, Tick now) const {
    if (!are_there_)
        return std::nullopt;
    const flow::FlowRef found = table_.find(told.tuple[0], now);
    if (!found || (marks_[found.index() / kBits] & bit(found.index())) == 0 ||
        table_.record(found.index()).tuple != told.tuple)
        return std::nullopt;
    return found.index();
}

bool Strays::end(uint32_t first, uint32_t last, flow::Member& member,
                 const std::function<bool(const FlowRecord&)>& is_over) {
    bool has_ended = false;
    last = are_there_ ? std::min(last, table_.capacity()) : first;
    for (uint32_t index = first; index < last;) {
        const uint64_t left = marks_[index / kBits] >> index % kBits;
        if (left == 0) {
            index = (index / kBits + 1) * kBits;
            continue;
        }
        index += static_cast<uint32_t>(std::countr_zero(left));
        if (index < last)
            has_ended |= end(index, member, is_over);
        ++index;
    }
    return has_ended;
}

bool Strays::end(uint32_t index, flow::Member& member,
                 const std::function<bool(const FlowRecord&)>& is_over) {
    const FlowRecord& record = table_.record(index);
    // Acquire: as FlowTable::for_each_live().
    const flow::LifeWord life = record.life.load(std::memory_order_acquire);
    const bool lives = life.life() == Life::Live;
    const bool has_ended = lives && is_over(record) && member.kill(index, life);
    if (!lives || has_ended)
        forget(index);
    return has_ended;
}

}  // namespace sluice::gateway
