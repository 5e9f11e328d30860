// SPDX-License-Identifier: BSD-3-Clause
#include "control/entries.h"

#include "control/least_wanted.h"

#include <algorithm>

namespace sluice::control {

using link::HopIndex;

namespace {

// Parts of the places.
constexpr uint32_t kFreeShare = 16;   ///< Kept free for who is wanted next.
constexpr uint32_t kPerMacShare = 4;  ///< Of one MAC, before others go.
constexpr uint32_t kAskingShare = 4;  ///< Of hosts that have not answered yet.

uint32_t share(uint32_t all, uint32_t part) {
    return std::max(1U, all / part);
}

uint32_t beyond(uint32_t count, uint32_t most) {
    return count - std::min(count, most);
}

}  // namespace

void Entries::change(HopIndex hop, Stage stage) {
    Entry& entry = all_[hop];
    known_ += (stage != Stage::Unknown) - (entry.stage != Stage::Unknown);
    asking_ += (stage == Stage::Asking) - (entry.stage == Stage::Asking);
    entry.stage = stage;
}

bool Entries::may_ask() const {
    return asking_ < share(hops_.capacity(), kAskingShare);
}

void Entries::note_use(HopIndex hop, Tick now) {
    if (hops_.read(hop).is_used() && hops_.take_used(hop))
        all_[hop].last_used = now;
}

void Entries::limit_looks(Duration most, Tick now) {
    for (Entry& entry : all_)
        if (entry.stage != Stage::Unknown && entry.due.is_after(now + most))
            entry.due = now;
}

std::vector<HopIndex> Entries::excess(Tick now) {
    const uint32_t asking = share(hops_.capacity(), kAskingShare);
    const uint32_t too_many = beyond(known_, hops_.capacity() - hops_.capacity() / kFreeShare);
    const uint32_t too_many_asking = beyond(asking_, asking - asking / kFreeShare);
    if (too_many == 0 && too_many_asking == 0)
        return {};
    std::vector<Candidate> silent;
    std::vector<Candidate> others;
    for (uint32_t i = 1; i < all_.size(); ++i) {
        const auto hop = static_cast<HopIndex>(i);
        const Entry& entry = all_[hop];
        if (entry.stage == Stage::Unknown || entry.stage == Stage::Fixed || entry.is_gateway)
            continue;
        note_use(hop, now);
        if (entry.stage == Stage::Asking)
            silent.push_back({hop, 0, now.ms_since(entry.asked)});
        else
            others.push_back({hop, hops_.read(hop).mac_bits(), now.ms_since(entry.last_used)});
    }
    const uint32_t per_mac = share(hops_.capacity(), kPerMacShare);
    std::vector<HopIndex> result = least_wanted(silent, too_many_asking, per_mac);
    const std::vector<HopIndex> more = least_wanted(others, too_many, per_mac);
    result.insert(result.end(), more.begin(), more.end());
    return result;
}

void Entries::forget(HopIndex hop) {
    hops_.remove(hop);
    change(hop, Stage::Unknown);
    all_[hop] = {};
}

void Entries::let_go(HopIndex hop, Duration unused, Tick now) {
    if (all_[hop].stage == Stage::Reachable && !all_[hop].is_gateway &&
        unused_ms(hop, now) >= static_cast<uint32_t>(unused.milliseconds))
        forget(hop);
}

}  // namespace sluice::control
