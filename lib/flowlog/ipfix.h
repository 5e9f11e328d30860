// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPFIX: what happens to translations and to blocks of ports, as messages that a collector reads.
///
/// Shape    A template for each form of record (records.h). Losses are told by an options record:
///          how many since the start, and the time of those not told before.
/// Errors   None: every entry of the journal can be told.
/// Source   RFC 7011 §3 (messages), §4.3 (losses).

#include "flowlog/export.h"

#include <cstddef>
#include <cstdint>

namespace sluice::flowlog {

class Ipfix final : public Export {
public:
    explicit Ipfix(const ExportParams& params) : Export(params) {}

    Message templates() const override;
    void stamp(Message& message, uint32_t seconds, uint32_t sequence) const override;

private:
    Message begin(Message::Kind kind, uint16_t set) const override;
    void end(Message& message) const override;
    size_t most_padding() const override { return 0; }
};

}  // namespace sluice::flowlog
