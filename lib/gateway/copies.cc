// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/copies.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::gateway {

using flow::FlowRecord;

// Twins of before are left as they are: to write all of them takes 70 ms where there are ten
// million.
void Copies::clear() {
    first_round_ = round_ + 1;
    strays_.clear();
}

void Copies::change_teller() {
    first_round_ = round_ + 1;
    strays_.begin();
}

bool Copies::stands(const Twin& twin) const {
    return twin.own != 0 && twin.round >= first_round_ &&
           table_.record(twin.own - 1).life.load(std::memory_order_acquire) == twin.life;
}

std::optional<uint32_t> Copies::own_of(uint32_t link) const {
    if (link == 0 || link > twins_.size() || !stands(twins_[link - 1]))
        return std::nullopt;
    return twins_[link - 1].own - 1;
}

void Copies::name(Twin& twin, uint32_t own, uint32_t generation) {
    // relaxed: nobody else puts records to use.
    twin = {own + 1, table_.record(own).life.load(std::memory_order_relaxed), generation, round_};
}

/// Where it hangs on something else another has been opened under these tuples. What it hangs on
/// would stay for its sake, though the peer has that no more; so it is in the way, as any rival.
void Copies::claim(Twin& twin, const sync::Record& told, const FlowRecord& candidate, Tick now) {
    const auto stray = strays_.find(candidate, now);
    if (!stray)
        return;
    std::array<std::optional<uint32_t>, 2> holders;
    size_t count = 0;
    table_.record(*stray).for_each_holder([&](uint32_t index) { holders[count++] = index; });
    const std::array links{told.holder, told.second_holder};
    for (size_t i = 0; i < links.size(); ++i)
        if (links[i] == 0 ? holders[i].has_value() : !holders[i] || own_of(links[i]) != holders[i])
            return;
    strays_.forget(*stray);
    name(twin, *stray, told.generation);
}

bool Copies::end(Twin& twin, flow::Member& member) {
    if (stands(twin) && !member.kill(twin.own - 1, twin.life))
        return false;
    twin.own = 0;
    return true;
}

void Copies::end_strays(flow::Member& member, const IsOver& is_over) {
    while (strays_.end(0, table_.capacity(), member, is_over)) {
    }
}

void Copies::begin_sweep() {
    position_ = 0;
    is_at_strays_ = true;
    has_ended_ = false;
}

/// Strays first, for what is told hangs on none of them. What hangs on others goes before them, so
/// a pass may free what the next one ends: they follow one another until one has nothing to end.
template <typename IsTwinOver>
bool Copies::end_some(flow::Member& member, uint32_t records, const IsOver& is_stray_over,
                      IsTwinOver is_over) {
    while (records != 0) {
        const uint32_t end = std::min(position_ + records, table_.capacity());
        records -= end - position_;
        has_ended_ |= is_at_strays_ ? strays_.end(position_, end, member, is_stray_over)
                                    : end_twins(member, end, is_over);
        position_ = end == table_.capacity() ? 0 : end;
        if (position_ != 0 || std::exchange(has_ended_, false))
            continue;
        if (!std::exchange(is_at_strays_, false))
            return true;
    }
    return false;
}

template <typename IsTwinOver>
bool Copies::end_twins(flow::Member& member, uint32_t end, IsTwinOver is_over) {
    bool has_ended = false;
    for (uint32_t index = position_; index < end; ++index)
        if (Twin& twin = twins_[index]; is_over(twin))
            has_ended |= this->end(twin, member);
    return has_ended;
}

bool Copies::sweep(flow::Member& member, uint32_t records) {
    const auto is_over = [this](const Twin& twin) { return twin.round != round_ && stands(twin); };
    if (!end_some(
            member, records, [](const FlowRecord&) { return true; }, is_over))
        return false;
    strays_.clear();
    return true;
}

bool Copies::end_those(flow::Member& member, const IsOver& is_over, uint32_t records) {
    return end_some(member, records, is_over, [&](const Twin& twin) {
        return stands(twin) && is_over(table_.record(twin.own - 1));
    });
}

}  // namespace sluice::gateway
