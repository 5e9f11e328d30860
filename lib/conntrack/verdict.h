// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Verdict: what a tracker makes of a packet and its flow.

#include "base/clock.h"
#include "conntrack/protocol_state.h"
#include "conntrack/status.h"
#include "net/tuple.h"
#include "stats/drop.h"

#include <cstdint>

namespace sluice::conntrack {

enum class Action : uint8_t {
    Pass,    ///< Translate and send.
    Refuse,  ///< Drop for `reason`; state and timeout still apply where they changed.
    Reopen,  ///< The flow is over: kill it and treat the packet as one that met no flow.
    Delete,  ///< Send, then kill the flow.
};

/// The state that a packet leaves its flow in. Wider than two registers on purpose: packed into
/// them, it would be read back sooner than its bytes can be put together.
struct alignas(32) Verdict {
    Action action = Action::Pass;
    stats::Drop reason{};  ///< Of Refuse.
    ProtocolState state;
    uint8_t status = 0;    ///< Status bits after the packet.
    bool refresh = false;  ///< The deadline becomes now + timeout.
    Duration timeout;
};

/// A flow as its packets find it.
struct FlowState {
    ProtocolState state;
    uint8_t status = 0;  ///< Status bits.
    Duration age;        ///< Since it opened.
    Duration remaining;  ///< Until its deadline.
};

/// A new flow in `state`.
constexpr Verdict opened(ProtocolState state, Duration timeout) {
    Verdict verdict;
    verdict.state = state;
    verdict.refresh = true;
    verdict.timeout = timeout;
    return verdict;
}

/// No flow opens.
constexpr Verdict refused(stats::Drop reason) {
    Verdict verdict;
    verdict.action = Action::Refuse;
    verdict.reason = reason;
    return verdict;
}

/// The flow stays as it was; a refused reply does not count as one.
constexpr Verdict refused(const FlowState& flow, stats::Drop reason) {
    Verdict verdict = refused(reason);
    verdict.state = flow.state;
    verdict.status = flow.status;
    return verdict;
}

/// The packet passes; nothing changes, but that a reply has been seen.
constexpr Verdict passed(const FlowState& flow, net::Direction direction) {
    Verdict verdict;
    verdict.state = flow.state;
    verdict.status = flow.status;
    if (direction == net::Direction::Reply)
        verdict.status |= kSeenReply;
    return verdict;
}

/// Likewise, and the flow lives on for `timeout`.
constexpr Verdict refreshed(const FlowState& flow, net::Direction direction, Duration timeout) {
    Verdict verdict = passed(flow, direction);
    verdict.refresh = true;
    verdict.timeout = timeout;
    return verdict;
}

/// The flow is over; what the packet means, a new flow will say.
constexpr Verdict reopened(const FlowState& flow, net::Direction direction) {
    Verdict verdict = passed(flow, direction);
    verdict.action = Action::Reopen;
    return verdict;
}

}  // namespace sluice::conntrack
