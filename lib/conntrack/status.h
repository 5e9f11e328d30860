// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Status: what the two sides of a flow have shown so far.
///
/// Shape    Bits, kept by the flow's record. What track() sets stays; kEnded may go again. The last
///          four are set by who opens the flow, or by a helper.
/// Source   Status word of a Linux conntrack, enum ip_conntrack_status.

#include <cstdint>

namespace sluice::conntrack {

enum Status : uint8_t {
    kSeenReply = 1,   ///< IPS_SEEN_REPLY: otherwise [UNREPLIED].
    kAssured = 2,     ///< IPS_ASSURED: not evicted early.
    kEnded = 4,       ///< Somebody ends the flow: its host's account no longer has it.
    kRelated = 8,     ///< IPS_EXPECTED: another flow has foretold it.
    kHelped = 16,     ///< IPS_HELPER: its packets may foretell others.
    kCorrected = 32,  ///< IPS_SEQ_ADJUST: its sequence numbers differ on both sides.
    kCalls = 64,      ///< Beside kHelped: the helper is PPTP's.
};

}  // namespace sluice::conntrack
