// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Told: a record of another gateway's flow table on its way into this one's.
///
/// Threads  The control core's. Workers may run: nobody sees the record before it is inserted, and
///          all that is counted with it is counted as a worker does.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "gateway/restoration.h"
#include "hosts/host_table.h"
#include "hosts/quotas.h"
#include "sync/message.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

namespace sluice::gateway {

/// What hangs on others ends before them.
inline constexpr std::array kEndOrder{flow::Kind::Flow, flow::Kind::Expectation,
                                      flow::Kind::Contact, flow::Kind::Mapping, flow::Kind::Block};

struct Told {
    const sync::Record& record;
    const flow::FlowRecord& candidate;  ///< Judged, and this gateway's own.
    Tick now;
};

/// Into what it goes.
struct Place {
    flow::FlowTable& table;
    hosts::HostTable& hosts;
    hosts::Quotas& quotas;
    flow::Member& member;
    Restoration heir;
    /// The own record that stands for what the other gateway calls by an index and 1.
    std::function<std::optional<uint32_t>(uint32_t link)> own_of;
};

/// A record as it was told, before anybody has judged it; it lives for so long at least.
void fill(flow::FlowRecord& candidate, const sync::Record& record, Duration least, Tick now);

/// All that is there before the record, which the member has taken, is inserted; false, and it is
/// given back, where what it hangs on is not there.
bool prepare(const Place& place, uint32_t index, const Told& told);

}  // namespace sluice::gateway
