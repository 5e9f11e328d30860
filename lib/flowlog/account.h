// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Account: what has become of the log's records, and of which losses the log itself does not tell
/// yet.
///
/// Threads  The numbers are read by any; all else is the log's thread's.

#include "flowlog/message.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace sluice::flowlog {

/// Of several logs, those that have ended too.
struct Totals {
    std::atomic<uint64_t> sent{0};
    std::atomic<uint64_t> lost{0};
};

class Account {
public:
    /// What it counts is added to `totals`, too, which outlive it; null: to none.
    explicit Account(Totals* totals = nullptr) : totals_(totals) {}

    void send(uint64_t records) {
        // relaxed, here and below: each number stands alone.
        sent_.fetch_add(records, std::memory_order_relaxed);
        if (totals_ != nullptr)
            totals_->sent.fetch_add(records, std::memory_order_relaxed);
    }
    void lose(uint64_t records, const Period& when) {
        lost_.fetch_add(records, std::memory_order_relaxed);
        if (totals_ != nullptr)
            totals_->lost.fetch_add(records, std::memory_order_relaxed);
        add(when);
    }

    uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
    uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

    /// Losses that the log does not tell of, and their time.
    bool has_untold() const { return has_untold_; }
    const Period& untold() const { return untold_; }
    uint64_t untold_records() const { return has_untold_ ? lost() - told_ : 0; }
    /// How many of those lost have been told.
    uint64_t told() const { return told_; }
    /// All are on their way.
    void tell() {
        has_untold_ = false;
        told_ = lost();
    }
    /// What was told of that time has not arrived, so these alone have been.
    void untell(const Period& when, uint64_t told) {
        told_ = std::min(told_, told);
        add(when);
    }

private:
    void add(const Period& when) {
        untold_ = has_untold_ ? Period{std::min(untold_.first, when.first),
                                       std::max(untold_.last, when.last)}
                              : when;
        has_untold_ = true;
    }

    Totals* totals_;
    std::atomic<uint64_t> sent_{0};
    std::atomic<uint64_t> lost_{0};
    Period untold_;
    bool has_untold_ = false;
    uint64_t told_ = 0;  // of those lost
};

}  // namespace sluice::flowlog
