// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPFIX: what happens to translations and to blocks of ports, as messages that a collector reads.
///
/// Shape    Three templates. A session of NAT44 is told by both of its sides when it is created and
///          when it is deleted. A block is told by its holder and its ports when it is allocated
///          and de-allocated; where there are blocks, they alone are told. Losses are told by an
///          options record: how many since the start, and the time of those not told before.
///          What is not translated is no session, and neither told nor counted.
/// Errors   None: every entry of the journal can be told.
/// Source   RFC 7011 §3 (messages), §4.3 (losses); RFC 8158 §5.6 (events). Numbers of elements:
///          IANA's registry of IPFIX.

#include "flow/journal.h"
#include "flowlog/message.h"
#include "listing/time_of_day.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::flowlog {

struct IpfixParams {
    size_t most_bytes = 1400;  ///< Of a message: a datagram is not to be cut on its way.
    uint16_t block_size = 0;   ///< Ports of a block; 0 where there are none.
};

class Ipfix {
public:
    explicit Ipfix(const IpfixParams& params) : params_(params) {}

    /// Appends the messages that tell of these entries.
    void encode(std::span<const flow::JournalEntry> entries, const listing::TimeOfDay& clock,
                std::vector<Message>& messages) const;
    static Message templates();
    static Message losses(uint64_t total, const Period& period);
    /// The last that a message needs before it is sent: seconds since 1970, and how many records
    /// have been sent before it.
    static void stamp(Message& message, uint32_t seconds, uint32_t sequence);

private:
    bool is_told(const flow::JournalEntry& entry) const;
    void append_record(Message& message, const flow::JournalEntry& entry, int64_t time) const;

    IpfixParams params_;
};

}  // namespace sluice::flowlog
