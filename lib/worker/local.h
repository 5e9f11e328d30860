// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Local: what is for the gateway itself. Where the kernel has a twin of the interface that a
/// packet came by, it is the kernel's; else a ping is answered, and the rest is dropped.
///
/// Shape    Asked of packets that are refused, and so of no packet of a flow. What is the kernel's
///          goes to the control core, which alone speaks to it (docs/adr/0017-kernel-twin.md).
/// Threads  Owned by one worker; the buckets of the rate are shared by all.
/// Errors   Beyond the interface's rate a packet is dropped as TwinRate.

#include "base/clock.h"
#include "link/egress.h"
#include "stats/drop.h"
#include "worker/admission.h"
#include "worker/burst.h"
#include "worker/shared.h"

#include <optional>
#include <vector>

namespace sluice::worker {

class Local {
public:
    /// All of these outlive this object.
    Local(const Shared& shared, const Admission& admission, link::Egress& egress);

    /// Packet i, which is refused for this reason, is the kernel's instead.
    bool has(const Burst& burst, unsigned i, stats::Drop reason) const;
    /// Likewise a ping to the gateway, and a fragment, which may pass by its addresses where there
    /// is no reason.
    bool has_ping(const Burst& burst, unsigned i) const;
    bool has_fragment(const Burst& burst, unsigned i, std::optional<stats::Drop> reason) const;

    /// Packet i is a ping to the gateway. True if it is the kernel's to answer.
    bool take_ping(Burst& burst, unsigned i, Tick now);
    /// Packet i is a fragment, refused for this reason or not. True if it is the kernel's, which
    /// puts datagrams together by itself; of an address that flows are given too, none is.
    bool take_fragment(Burst& burst, unsigned i, std::optional<stats::Drop> reason, Tick now);
    /// Drops packet i, which is as it arrived, unless it is the kernel's.
    void refuse(Burst& burst, unsigned i, stats::Drop reason, Tick now);

private:
    bool is_kernels(const Burst& burst, unsigned i, stats::Drop reason) const;
    bool kernel_has(link::InterfaceId from, Be32 address) const;
    bool is_dhcp(rte_mbuf* mbuf, link::InterfaceId from) const;
    void give(Burst& burst, unsigned i, Tick now);

    const Shared& shared_;
    const Admission& admission_;
    link::Egress& egress_;
    std::vector<bool> has_twin_;  // by interface
    std::vector<const link::Interface*> twinned_;
};

}  // namespace sluice::worker
