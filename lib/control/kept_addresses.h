// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Kept addresses: public addresses that the configuration no longer has, and flows still do; ARP
/// is answered for them until the last of these has gone.
///
/// Shape    When another policy holds, all that the one before answered for is kept at first. A
///          walk over the table, a slice each turn, finds the addresses that flows, mappings and
///          blocks of ports have; the others are withdrawn. As long as some are kept it walks
///          again, at intervals.
/// Threads  The control core's. A walk begins when every worker goes by the new policy, so no flow
///          is given an address behind it that it has not found.
/// Memory   Four bytes for each address that is kept, on the heap.
/// Cost     kRecordsPerLook records each turn during a walk; nothing where nothing is kept.

#include "base/clock.h"
#include "control/notice.h"
#include "flow/flow_table.h"
#include "link/interfaces.h"
#include "policy/announcing.h"
#include "policy/current.h"

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace sluice::control {

inline constexpr uint32_t kRecordsPerLook = 4096;
inline constexpr Duration kLookAgain = Duration::seconds(10);

class KeptAddresses {
public:
    /// All but `notice` outlive this object.
    KeptAddresses(flow::FlowTable& table, const policy::Current& policy,
                  const link::Interfaces& interfaces, Notice notice)
        : table_(table),
          policy_(policy),
          interfaces_(interfaces),
          notice_(notice ? std::move(notice) : [](const std::string&) {}) {}

    /// Another policy holds, or flows are there that none of this process has opened; the one
    /// before answered for these.
    void begin(std::span<const policy::Answered> before);
    void turn(Tick now);

    bool contain(Be32 address, link::InterfaceId interface) const;

private:
    void look_at(const flow::FlowRecord& record);
    void add(Be32 address);
    void end_walk(Tick now);

    flow::FlowTable& table_;
    const policy::Current& policy_;
    const link::Interfaces& interfaces_;
    Notice notice_;
    std::vector<policy::Answered> before_;  // until the walk has ended
    std::vector<Be32> kept_;                // ascending
    std::set<Be32> found_;                  // by the walk
    std::optional<uint64_t> period_;        // of grace, before the walk
    bool is_walking_ = false;
    uint32_t position_ = 0;
    Tick due_;  // the next walk
};

}  // namespace sluice::control
