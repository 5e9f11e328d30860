// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Totals: with --accounting, what has gone over flows that have ended, for each inside host and
/// for each public address; what goes over those that live is in their accounts.
///
/// Shape    A traffic table each. A host is who opened the flow from inside, or is reached from
///          outside; of a flow between two inside hosts the one that opened it. Flows without NAT
///          have no public address.
/// Threads  ended() by who ends a flow, any at once; the rest by any.
/// Memory   All at create().
/// Cost     Two lines for each flow that ends, beside its account's.

#include "base/result.h"
#include "flow/accounts.h"
#include "flow/flow_record.h"
#include "hosts/traffic_table.h"
#include "net/side.h"
#include "net/tuple.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

namespace sluice::hosts {

/// Whose traffic a flow's is.
struct FlowEnds {
    net::InsideAddress host;
    std::optional<Be32> address;  ///< Public.
    bool is_outward;              ///< Its original direction comes from inside.

    FlowEnds(const std::array<net::Tuple, 2>& tuple, net::Sides sides);
    SideTraffic of(const flow::BothTraffic& traffic) const {
        return is_outward ? SideTraffic{traffic[0], traffic[1]}
                          : SideTraffic{traffic[1], traffic[0]};
    }
};

struct TotalsParams {
    uint32_t hosts = 0;  ///< That have a row each, at most TrafficTable::kMostRows.
    PageKind pages = PageKind::Ordinary;
    int numa_node = -1;
    uint64_t secret = 0;
};

class Totals final : public flow::Ending {
public:
    static constexpr uint32_t kMostAddresses = 4096;

    /// `next` is told of each end as well, and outlives this object.
    static Result<std::unique_ptr<Totals>> create(const TotalsParams& params, flow::Ending& next);
    /// Of hosts' table and of addresses', which are mappings of their own.
    static std::array<size_t, 2> bytes_needed(const TotalsParams& params);

    /// Where flows are counted; before the first of them ends.
    void count_by(const flow::Accounts& accounts) { accounts_ = &accounts; }

    void ended(uint32_t index, flow::FlowRecord& record) override;
    void expect(uint32_t index) override { next_.expect(index); }

    /// By the bits of an InsideAddress, and by those of an address.
    const TrafficTable& hosts() const { return *hosts_; }
    const TrafficTable& addresses() const { return *addresses_; }

private:
    explicit Totals(flow::Ending& next) : next_(next) {}

    flow::Ending& next_;
    const flow::Accounts* accounts_ = nullptr;
    std::unique_ptr<TrafficTable> hosts_;
    std::unique_ptr<TrafficTable> addresses_;
};

}  // namespace sluice::hosts
