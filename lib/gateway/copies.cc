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

/// What hangs on others goes before them, so a pass may free what the next one ends.
void Copies::end_those(flow::Member& member, const IsOver& is_over) {
    end_strays(member, is_over);
    for (bool has_ended = true; std::exchange(has_ended, false);)
        for (Twin& twin : twins_)
            if (stands(twin) && is_over(table_.record(twin.own - 1)))
                has_ended |= end(twin, member);
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

/// Strays first, for what is told hangs on none of them. Passes follow one another until one has
/// nothing to end.
bool Copies::sweep(flow::Member& member, uint32_t records) {
    while (records != 0) {
        const uint32_t end = std::min(position_ + records, table_.capacity());
        records -= end - position_;
        has_ended_ |= sweep_slice(member, end);
        position_ = end == table_.capacity() ? 0 : end;
        if (position_ != 0 || std::exchange(has_ended_, false))
            continue;
        strays_.clear();
        if (!std::exchange(is_at_strays_, false))
            return true;
    }
    return false;
}

bool Copies::sweep_slice(flow::Member& member, uint32_t end) {
    if (is_at_strays_)
        return strays_.end(position_, end, member, [](const FlowRecord&) { return true; });
    bool has_ended = false;
    for (uint32_t index = position_; index < end; ++index) {
        Twin& twin = twins_[index];
        if (twin.round != round_ && stands(twin))
            has_ended |= this->end(twin, member);
    }
    return has_ended;
}

}  // namespace sluice::gateway
