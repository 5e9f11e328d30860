// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Encoder: what the journal tells, as the messages of one form of log.
///
/// Threads  One.
/// Errors   None: every entry can be told.

#include "flow/journal.h"
#include "flowlog/message.h"
#include "listing/time_of_day.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sluice::flowlog {

class Encoder {
public:
    virtual ~Encoder() = default;

    /// Appends the messages that tell of these entries.
    virtual void encode(std::span<const flow::JournalEntry> entries,
                        const listing::TimeOfDay& clock, std::vector<Message>& messages) const = 0;
    /// What a collector must know before it can read the rest; no bytes where it knows all.
    virtual Message templates() const = 0;
    /// So many records have been lost since the start, and when those were that nobody told of yet.
    virtual Message losses(uint64_t total, const Period& period) const = 0;
    /// The last that a message needs before it is sent: seconds since 1970, and the sum of the
    /// steps of all messages before it.
    virtual void stamp(Message& message, uint32_t seconds, uint32_t sequence) const = 0;
};

}  // namespace sluice::flowlog
