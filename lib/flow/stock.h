// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Stock: the free records that a worker has at hand for the flows that it opens.
///
/// Shape    What the burst in hand may need, taken and given back around it; and a reserve, kept
///          from burst to burst. A record comes back only after a grace period: when the table has
///          none left and a flow is ended to make room, the new flow takes one of the reserve, and
///          the next burst refills it first.
/// Threads  Owned by one worker.
/// Errors   Without free records there is none to take.

#include "flow/flow_table.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::flow {

/// How many records each worker keeps in reserve, of a table for `flows`: they come on top.
constexpr uint32_t reserve_for(uint32_t flows, unsigned workers) {
    constexpr uint32_t kMost = 1024;  // a millisecond's flows of a busy worker
    const uint32_t share = flows / 8 / workers;
    return share == 0 ? 1 : share < kMost ? share : kMost;
}

class Stock {
public:
    Stock(Member& member, uint32_t reserve);
    ~Stock();
    Stock(const Stock&) = delete;

    /// Refills the reserve, then takes records for `count` flows; finish() gives back what is left.
    void prepare(unsigned count);
    void finish();

    std::optional<uint32_t> take() {
        if (count_ == 0)
            prepare(1);
        return count_ == 0 ? std::nullopt : std::optional(spare_[--count_]);
    }
    /// Lets one of the reserve be taken, for which another flow has made room.
    bool lend();

    bool has_reserve() const { return !reserve_.empty(); }
    /// Half of the reserve is used up: flows are ended faster than their records come back.
    bool is_scarce() const { return reserve_.size() <= most_ / 2; }
    /// So is half of the rest.
    bool is_bare() const { return reserve_.size() <= most_ / 4; }

private:
    void refill();

    Member& member_;
    size_t most_;
    std::vector<uint32_t> reserve_;  // no more than most_, for which it has room
    std::array<uint32_t, kMaxBulk> spare_{};
    unsigned count_ = 0;
};

}  // namespace sluice::flow
