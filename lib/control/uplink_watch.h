// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Uplink watch: which uplinks live, looked at once a turn, for workers and the operator.
///
/// Shape    An uplink lives while its port has a link and its gateway's MAC is known: gateways are
///          asked for it all the time (control/neighbours.h), and lose it when they do not answer.
///          Where none lives, all may be used: then packets are dropped by the reason that is.
/// Threads  The control core's. Workers read link::LivingUplinks.
/// Cost     Two reads for each uplink; where there is one alone, none.

#include "control/own_addresses.h"
#include "io/port.h"
#include "link/next_hops.h"
#include "link/uplinks.h"
#include "policy/current.h"

#include <string>
#include <vector>

namespace sluice::control {

/// All of it outlives the watch.
struct UplinkWatchParams {
    link::LivingUplinks* living = nullptr;
    std::vector<const io::Port*> ports = {};  ///< Of each uplink.
    std::vector<std::string> names = {};      ///< Likewise, for the log.
    Notice notice = {};
};

class UplinkWatch {
public:
    UplinkWatch(UplinkWatchParams params, const policy::Current& policy, link::NextHops& hops)
        : params_(std::move(params)), policy_(policy), hops_(hops) {}

    /// True when an uplink that could be used no longer can.
    bool turn();

private:
    enum class Health : uint8_t { Lives, Unknown, NoLink, Silent };

    Health health_of(link::UplinkId id) const;
    void tell(link::UplinkId id, Health health);

    UplinkWatchParams params_;
    const policy::Current& policy_;
    link::NextHops& hops_;
    link::UplinkSet told_dead_ = 0;
};

}  // namespace sluice::control
