// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Inquiry: what would become of a packet now.
///
/// Shape    The packet is taken through what workers decide by (worker/forwarding.h, Admission,
///          the trackers, nat::Allocator, link::Egress), in the order of their stages, and through
///          nothing that counts, sends or remembers. docs/adr/0020-why.md says what follows.
/// Threads  Any but workers and the control core, several at once, as lists are (flow::Reading).
///          The policy is the caller's to keep. What a worker's record of a flow keeps in its
///          second line for its owner alone is copied as words, until two copies agree. By the
///          letter of C++ that is a race with the owner's stores. A copy of the moment between two
///          of them tells of a state that never was: nothing but the answer comes of that, and the
///          trackers take any bytes.
/// Memory   A few tens of kilobytes for each question, for as long as it is asked.
/// Errors   None. What one worker alone knows (how far its last search for a port has come, its
///          buckets of tokens, its reserve of records) is not asked; the answer says so.
/// Cost     One of the flow table's max_members while it lasts.

#include "base/clock.h"
#include "io/port.h"
#include "policy/policy.h"
#include "why/answer.h"
#include "why/question.h"
#include "worker/shared.h"

#include <vector>

namespace sluice::why {

class Inquiry {
public:
    /// The ports as link::Interface::port counts them. All of it outlives this object.
    Inquiry(const worker::Shared& shared, std::vector<io::Port*> ports)
        : shared_(shared), ports_(std::move(ports)) {}

    Answer ask(const Question& question, const policy::Policy& policy, Tick now) const;

private:
    const worker::Shared& shared_;
    std::vector<io::Port*> ports_;
};

}  // namespace sluice::why
