// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Export: records in messages that begin and end as one protocol wants it.
///
/// Shape    A message has records of one form, in one set. told.h says which entries are told.
/// Threads  One.

#include "flowlog/encoder.h"
#include "flowlog/records.h"
#include "flowlog/told.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::flowlog {

struct ExportParams {
    size_t most_bytes = 1400;  ///< Of a message: a datagram is not to be cut on its way.
    Told told{};
};

class Export : public Encoder {
public:
    explicit Export(const ExportParams& params) : params_(params) {}

    void encode(std::span<const flow::JournalEntry> entries, const listing::TimeOfDay& clock,
                std::vector<Message>& messages) const override;
    Message losses(uint64_t total, const Period& period) const override;

protected:
    static constexpr size_t kSetHeaderBytes = 4;

    /// A message whose one set has no end yet.
    virtual Message begin(Message::Kind kind, uint16_t set) const = 0;
    /// It is whole but for stamp().
    virtual void end(Message& message) const = 0;
    /// What end() may append.
    virtual size_t most_padding() const = 0;
    const Told& told() const { return params_.told; }

private:
    void encode_form(Form form, std::span<const LogRecord> records, const listing::TimeOfDay& clock,
                     std::vector<Message>& messages) const;

    ExportParams params_;
};

}  // namespace sluice::flowlog
