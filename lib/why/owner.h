// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Owner: which gateway of a cluster a packet from inside goes to, where that is another one.
///
/// Threads  A member of the flow table.

#include "base/big_endian.h"
#include "link/path.h"
#include "nat/decision.h"
#include "policy/current.h"
#include "worker/admission.h"
#include "worker/burst.h"
#include "worker/forwarding.h"
#include "worker/shared.h"

#include <optional>

namespace sluice::why {

/// What is asked, of the burst's only packet.
struct OwnerGround {
    const worker::Shared& shared;
    const policy::Current& policy;
    const worker::Forwarding& forwarding;
    const worker::Burst& burst;
};

struct Owner {
    Be32 address;  ///< That the packet is to be seen as.
    link::Path path;
};

/// Openings::goes_to_owner(), of a packet that a host has sent.
std::optional<Owner> owner_of(const OwnerGround& ground, const worker::Target& target,
                              const policy::Rule* rule);
/// IcmpRelay::goes_to_owner(), of an error about a flow that is not here.
std::optional<Owner> owner_of_error(const OwnerGround& ground, const worker::Admission& admission,
                                    Tick now);
/// Tenure::give_up_others(), of a packet of a flow; nothing where it goes by held addresses.
struct Lost {
    std::optional<Owner> owner;  ///< Nobody: it is dropped.
};
std::optional<Lost> lost(const OwnerGround& ground, flow::FlowRef flow);

}  // namespace sluice::why
