// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Denials: which flows inside hosts may not open, and how many packets each such rule has refused.
///
/// Shape    A rule that was in the configuration before goes on with its counter.
/// Threads  Immutable after construction but for the counters, which all workers add to.
/// Cost     For a packet that meets no flow, what Classifier's search is; an atomic addition where
///          it is refused.

#include "policy/classifier.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice::policy {

class Denials {
public:
    /// `before` are those of the configuration that this one follows; null at the start.
    explicit Denials(std::span<const Match> matches, const Denials* before = nullptr);

    /// The number of the rule by which a packet opens no flow; kNone where there is none.
    uint32_t find(const net::Tuple& packet) const {
        return matches_.empty() ? kNone : classifier_.find(packet);
    }
    bool holds(const net::Tuple& packet) const { return find(packet) != kNone; }

    /// The rule has refused a packet.
    void count(uint32_t rule) const {
        packets_[rule]->fetch_add(1, std::memory_order_relaxed);  // relaxed: it stands alone
    }

    std::span<const Match> matches() const { return matches_; }
    /// Since the rule came.
    uint64_t packets(size_t rule) const { return packets_[rule]->load(std::memory_order_relaxed); }

private:
    using Counter = std::shared_ptr<std::atomic<uint64_t>>;  // of two policies, while one follows

    std::vector<Match> matches_;
    Classifier classifier_;
    std::vector<Counter> packets_;  // by rule
};

}  // namespace sluice::policy
