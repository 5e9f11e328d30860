// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/strays.h"

namespace sluice::gateway {

using flow::FlowRecord;

void Strays::begin() {
    clear();
    table_.for_each_live(0, table_.capacity(), [&](uint32_t index, const FlowRecord&) {
        are_strays_[index] = true;
        ++count_;
    });
}

void Strays::clear() {
    are_strays_.assign(are_strays_.size(), false);
    count_ = 0;
}

void Strays::forget(uint32_t index) {
    count_ -= are_strays_[index] ? 1 : 0;
    are_strays_[index] = false;
}

std::optional<uint32_t> Strays::claim(const FlowRecord& told, Tick now) {
    if (count_ == 0)
        return std::nullopt;
    const flow::FlowRef found = table_.find(told.tuple[0], now);
    if (!found || !are_strays_[found.index()] || table_.record(found).tuple != told.tuple)
        return std::nullopt;
    forget(found.index());
    return found.index();
}

/// A pass may free what the next one ends: contacts of flows, mappings of contacts, blocks.
void Strays::end(flow::Member& member, const std::function<bool(const FlowRecord&)>& is_over) {
    for (bool has_ended = true; has_ended && count_ != 0;) {
        has_ended = false;
        table_.for_each_live(0, table_.capacity(), [&](uint32_t index, const FlowRecord& record) {
            // Acquire: as for_each_live().
            if (!are_strays_[index] || !is_over(record) ||
                !member.kill(index, record.life.load(std::memory_order_acquire)))
                return;
            forget(index);
            has_ended = true;
        });
    }
}

}  // namespace sluice::gateway
