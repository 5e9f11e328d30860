// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Shortage log: tells the operator's log which public addresses run out of ports, and toward whom.
///
/// Shape    Looks once a second. An address is named when it runs out, and again every 10 s for as
///          long as it does; at most kShortagesAtOnce addresses at a time, the others as a number.
/// Threads  The control core's.

#include "base/clock.h"
#include "control/neighbours.h"
#include "policy/current.h"
#include "pool/exhaustion.h"

#include <cstdint>
#include <vector>

namespace sluice::gateway {

inline constexpr Duration kShortageLook = Duration::seconds(1);
inline constexpr Duration kShortageQuiet = Duration::seconds(10);
inline constexpr unsigned kShortagesAtOnce = 8;

class ShortageLog {
public:
    ShortageLog(const policy::Current& policy, const pool::Exhaustion& exhaustion,
                control::Notice notice);

    void turn(Tick now);

private:
    struct Told {
        Be32 address;           // 0 until it is told of
        uint64_t packets = 0;   // when it was last told
        Tick again;             // while it is quiet: when it may be told again
        bool is_quiet = false;  // ended by the first look after `again`, long before a tick is old
    };

    Be32 address_of(uint32_t slot) const;
    void tell(const Told& told, const pool::Shortage& shortage) const;

    const policy::Current& policy_;
    const pool::Exhaustion& exhaustion_;
    control::Notice notice_;
    std::vector<Told> told_;  // by slot
    Tick next_look_;
    bool has_begun_ = false;
};

}  // namespace sluice::gateway
