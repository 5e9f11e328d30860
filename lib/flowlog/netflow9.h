// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// NetFlow 9: the records of IPFIX for collectors that know its forerunner alone.
///
/// Shape    As ipfix.h. The elements have the same numbers (NetFlow's are the first of IANA's
///          registry; those of NAT events are beyond what RFC 3954 lists, and are what collectors
///          read of other NATs). Times are in the records, so the uptime in a header, which tells
///          of this log's own start, is nobody's base.
/// Errors   None: every entry of the journal can be told.
/// Source   RFC 3954 §5 (packets, sets, templates), §6.1 (options).

#include "flowlog/export.h"

#include <cstddef>
#include <cstdint>

namespace sluice::flowlog {

class Netflow9 final : public Export {
public:
    /// `start` is in seconds since 1970.
    Netflow9(const ExportParams& params, uint32_t start) : Export(params), start_(start) {}

    Message templates() const override;
    void stamp(Message& message, uint32_t seconds, uint32_t sequence) const override;

private:
    Message begin(Message::Kind kind, uint16_t set) const override;
    void end(Message& message) const override;
    size_t most_padding() const override;

    uint32_t start_;
};

}  // namespace sluice::flowlog
