// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Lines: what happens to translations and to blocks of ports, as text that people and programs
/// read without a collector.
///
/// Shape    JSON has the objects of `sluicectl events --json`, text the lines of `conntrack -E -o
///          timestamp`, with a line of the same form for a block; syslog messages of RFC 5424,
///          whose structured data have the names that IPFIX has for the same. A message for a
///          file or a stream is of many lines, a datagram of one.
/// Errors   None: every entry can be told.
/// Source   RFC 5424 §6; RFC 6587 §3.4.1 (how a stream parts its messages). The enterprise number
///          is the one for examples (RFC 5612): sluice has none of its own.

#include "config/collector.h"
#include "flowlog/encoder.h"
#include "flowlog/told.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice::flowlog {

struct LinesParams {
    config::LogForm form = config::LogForm::Json;  ///< All but Ipfix.
    config::Transport transport = config::Transport::File;
    size_t most_bytes = 16384;  ///< Of a message that may have many lines.
    Told told{};
};

class Lines final : public Encoder {
public:
    explicit Lines(const LinesParams& params);

    void encode(std::span<const flow::JournalEntry> entries, const listing::TimeOfDay& clock,
                std::vector<Message>& messages) const override;
    Message templates() const override { return {}; }
    Message losses(uint64_t total, const Period& period) const override;
    void stamp(Message&, uint32_t, uint32_t) const override {}

private:
    void append(std::string& out, const flow::JournalEntry& entry,
                const listing::TimeOfDay& clock) const;
    void append_syslog(std::string& out, int64_t time, const char* what,
                       const std::string& rest) const;
    bool is_datagram() const;

    LinesParams params_;
    std::string sender_;  // of syslog: machine, program, process
};

}  // namespace sluice::flowlog
