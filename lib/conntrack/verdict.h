// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Verdicts that every tracker gives.

#include "conntrack/status.h"
#include "conntrack/tracker.h"
#include "net/tuple.h"

namespace sluice::conntrack {

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
