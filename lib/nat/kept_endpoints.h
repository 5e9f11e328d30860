// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Kept endpoints: by which flows an inside endpoint has another external port than its own, so
/// that it is given the same toward other servers as long as one of them lives (STUN counts on it).
///
/// Shape    1024 sets of 4 by a hash of the inside endpoint, the newest flow first. An entry is one
///          word: the record, which use of it, and six bits of the hash. Only a wish: whether the
///          endpoint is free is for the flow table to say.
/// Threads  All workers learn and find; finders are members of the flow table. A word stands alone:
///          its record tells whether it is still the flow that was meant. A record that is found
///          live now is not reused before the finder's next quiescence, so its tuples may be read.
/// Source   find_appropriate_src() of Linux, net/netfilter/nf_nat_core.c.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/decision.h"
#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace sluice::nat {

class KeptEndpoints {
public:
    /// The external endpoint that the inside one of `original` has by its newest flow of these,
    /// that of the record `but` left out.
    std::optional<net::Endpoint> find(const flow::FlowTable& table, const net::Tuple& original,
                                      Tick now, uint32_t but = kNoRecord) const;

    /// The flow of `record`, which is live, has another port than its own.
    void learn(uint32_t index, const flow::FlowRecord& record);

private:
    static constexpr unsigned kSets = 1024;
    static constexpr unsigned kWays = 4;

    std::array<std::array<std::atomic<uint64_t>, kWays>, kSets> words_{};
};

}  // namespace sluice::nat
