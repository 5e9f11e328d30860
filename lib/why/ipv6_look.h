// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 look: what becomes of a frame of IPv6 at the edge, by what the workers' edge decides.
///
/// Shape    An edge of its own (nat64/edge.h) is given the copy of the frame, as a worker gives its
///          edge what it has received. Translated, the copy is IPv4 then, and goes on as that. What
///          leaves as IPv6 is given to the edge again, in another copy.
/// Threads  As why/inquiry.h.
/// Memory   The edge, while it lasts.
/// Errors   None. That hosts get numbers is only asked for. How many that have sent nothing one
///          worker has had solicited in this second, is not known here; the answer says so.

#include "base/clock.h"
#include "link/egress.h"
#include "why/answer.h"
#include "why/question.h"
#include "worker/shared.h"

#include <optional>

struct rte_mbuf;

namespace sluice::why {

class Ipv6Look {
public:
    /// All of it outlives this object.
    Ipv6Look(const worker::Shared& shared, const link::Egress& egress, Tick now)
        : shared_(shared), egress_(egress), now_(now) {}

    /// By which interface the frame goes on behind the edge, which is the question's for one that
    /// is no IPv6 of a side that has it. Nothing where the answer is known.
    std::optional<link::InterfaceId> enter(const Question& question, rte_mbuf* mbuf,
                                           Answer& answer) const;
    /// Why the packet, which leaves as answer.after by answer.exit, does not: where that is IPv6,
    /// and has no word for it.
    std::optional<stats::Drop> refuse_to_leave(rte_mbuf* mbuf, const Answer& answer,
                                               nat64::ZeroChecksum zero) const;

private:
    std::optional<link::InterfaceId> pass(const Question& question, rte_mbuf* mbuf,
                                          Answer& answer) const;
    link::PortIndex port_of(const Question& question, const nat64::Edge& edge,
                            const std::optional<Ipv6Packet>& packet) const;
    void cross(const nat64::Edge& edge, rte_mbuf* mbuf, Answer& answer) const;
    net::Ipv6Address next_hop(const nat64::Edge& edge) const;
    Crossed crossed(const nat64::Edge& edge) const;

    const worker::Shared& shared_;
    const link::Egress& egress_;
    Tick now_;
};

}  // namespace sluice::why
