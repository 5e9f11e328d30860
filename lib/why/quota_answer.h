// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Quota answer: what OwnFlows::charge() would say of a flow that is about to open. Nothing is
/// counted, and nobody goes for it.
///
/// Shape    Where outside hosts, or those of a prefix, have all flows that they may, a worker ends
///          one of them for the new one, if there is one near its place that may go: then it asks
///          again without that. The flow that a packet has met, and that is over, counts no more.
/// Threads  A member of the flow table.

#include "base/clock.h"
#include "hosts/quotas.h"
#include "nat/decision.h"
#include "policy/policy.h"
#include "why/answer.h"
#include "worker/shared.h"

#include <cstdint>
#include <optional>

namespace sluice::why {

struct QuotaAnswer {
    hosts::Refusal refusal = hosts::Refusal::None;
    /// Another flow, which is ended for this one, even if it is refused then: its port is free.
    std::optional<uint32_t> replaced = {};
};

/// What OwnFlows::admit() would say of it.
hosts::Answer ask_host(const worker::Shared& shared, const policy::Policy& policy,
                       const nat::Request& request, Tick now);

/// Its host may have one flow more, and no mapping beside it.
bool is_at_limit(const worker::Shared& shared, const policy::Policy& policy,
                 const nat::Request& request, Tick now);

/// Of a packet that has arrived so: an IPv6 host need have no number yet.
QuotaAnswer ask_quotas(const worker::Shared& shared, const policy::Policy& policy,
                       const nat::Request& request, Tick now, const Arrival& arrival);

}  // namespace sluice::why
