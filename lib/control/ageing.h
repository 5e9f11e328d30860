// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ageing: ends the flows whose time is up, a slice of the table each turn.
///
/// Shape    Scans the deadlines, four bytes a flow, and reads a record only when it is due. A flow
///          that is alive gets its real deadline; one that lookups have not seen for 2 s is killed:
///          whatever its owner was doing with it then is long done.
///          Flows end in batches: the records of a batch come into the cache together, then the
///          buckets of their keys. Blocks of ports begin and end for the operator here, each once.
///          Where blocks are wanted and there are none, as many of those by which no flow has been
///          answered are taken back: their flows end, and no new one is given a port of them.
/// Threads  The control core's.
/// Cost     A pass over the whole table takes a second, in slices by the time that has gone by.
///          A turn looks at no more than kMaxDuePerTurn records; when more are due, passes take
///          longer, which lookups do not notice.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/expectations.h"
#include "nat/holders.h"
#include "policy/current.h"
#include "pool/exhaustion.h"
#include "stats/counters.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

namespace sluice::control {

/// A block of ports has been given to an inside host, or is given back.
struct BlockEvent {
    net::InsideAddress host = Be32{};
    net::Endpoint first;  ///< Public.
    uint16_t ports = 0;
    Duration age = {};                  ///< Since it was given, if it is not given back.
    std::optional<int64_t> began = {};  ///< Given back: what the notice of its beginning returned.
};
/// Returns what the notice of the block's end wants to know.
using BlockNotice = std::function<int64_t(const BlockEvent&)>;

/// How often a block is looked at. One that is older and on which nothing hangs is given back.
inline constexpr Duration kBlockLook = Duration::seconds(2);

/// Blocks are short for so long after one was last wanted in vain.
inline constexpr Duration kBlockShortage = Duration::seconds(4);
/// How often what hangs on a block that may be taken back is looked at.
inline constexpr Duration kTrialLook = Duration::seconds(1);
/// How soon a block that is taken back is looked at again.
inline constexpr Duration kClosingLook{250};

/// How often an expectation is asked whether its master lives.
inline constexpr Duration kMasterLook = Duration::seconds(2);

inline constexpr Duration kAgeingPass = Duration::seconds(1);
inline constexpr Duration kUnseenBeforeKill = Duration::seconds(2);
inline constexpr unsigned kMaxDuePerTurn = 2048;
/// More than a pass or two, so that a holder is looked at before its time is up.
inline constexpr Duration kLeastRenewal = Duration::seconds(4);

struct AgeingParams {
    flow::FlowTable& table;
    flow::Member& member;
    stats::Counters& counters;
    const policy::Current& policy;
    BlockNotice notice = {};
    const pool::Exhaustion* exhaustion = nullptr;  ///< Null: blocks are never taken back.
};

class Ageing {
public:
    /// All that the params refer to outlives this object.
    explicit Ageing(AgeingParams params) : params_(std::move(params)) {}

    /// Looks at the table's next slice. Returns how many flows it ended.
    unsigned turn(Tick now);

private:
    uint32_t slice(Tick now);
    unsigned scan(uint32_t& entries, Tick now, unsigned& killed);
    void watch_blocks(Tick now);
    void judge_block(flow::FlowRecord& record, Tick now);
    std::optional<flow::LifeWord> look_at(const flow::Deadlines::Due& due, Tick now);
    void look_at_holder(const flow::Deadlines::Due& due, flow::LifeWord life, Tick now);
    void look_at_expectation(const flow::Deadlines::Due& due, flow::LifeWord life, Tick now);
    void look_at_block(const flow::Deadlines::Due& due, flow::LifeWord life, Tick now);
    /// A holder with less to live is given twice that, if flows hang on it.
    Duration renewal() const {
        return std::max(Duration{params_.policy->holders.mapping_timeout.milliseconds / 8},
                        kLeastRenewal);
    }
    BlockEvent event_of(const flow::FlowRecord& block) const;

    AgeingParams params_;
    uint64_t blocks_wanted_ = 0;
    uint64_t to_take_back_ = 0;     // blocks
    std::optional<Tick> shortage_;  // a block was wanted and not to be had; for a while
    uint32_t position_ = 0;
    std::optional<Tick> last_;
};

}  // namespace sluice::control
