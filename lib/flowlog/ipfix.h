// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPFIX: what happens to translations and to blocks of ports, as messages that a collector reads.
///
/// Shape    Three templates. A session of NAT44 is told by both of its sides when it is created and
///          when it is deleted. A block is told by its holder and its ports when it is allocated
///          and de-allocated (told.h says which of them are told). Losses are told by an
///          options record: how many since the start, and the time of those not told before.
/// Errors   None: every entry of the journal can be told.
/// Source   RFC 7011 §3 (messages), §4.3 (losses); RFC 8158 §5.6 (events). Numbers of elements:
///          IANA's registry of IPFIX.

#include "flowlog/encoder.h"
#include "flowlog/told.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::flowlog {

struct IpfixParams {
    size_t most_bytes = 1400;  ///< Of a message: a datagram is not to be cut on its way.
    Told told{};
};

class Ipfix final : public Encoder {
public:
    explicit Ipfix(const IpfixParams& params) : params_(params) {}

    void encode(std::span<const flow::JournalEntry> entries, const listing::TimeOfDay& clock,
                std::vector<Message>& messages) const override;
    Message templates() const override;
    Message losses(uint64_t total, const Period& period) const override;
    void stamp(Message& message, uint32_t seconds, uint32_t sequence) const override;

private:
    void encode_kind(flow::Kind kind, std::span<const flow::JournalEntry> entries,
                     const listing::TimeOfDay& clock, std::vector<Message>& messages) const;

    IpfixParams params_;
};

}  // namespace sluice::flowlog
