// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Past holds: who had a public endpoint at some time, by the log that --log-flows json: has
/// written.
///
/// Shape    Takes the lines of the log, from the oldest on. A flow or block is known by its
///          identifier until its end, so what the log begins in the middle of has no known start,
///          and what was alive when a gateway was stopped, or is alive now, no known end. It has
///          ended at the latest when the same identifier, port or block is somebody else's.
/// Units    Microseconds since 1970, UTC.
/// Errors   A line that cannot be read is counted. What the log itself says was lost is told.
/// Memory   By what has had the endpoint; all else is read and forgotten.

#include "base/result.h"
#include "listing/public_endpoint.h"

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluicectl {

/// "2026-01-31T12:00:00Z", with an offset in the place of Z, with a fraction, or "@1769860800".
sluice::Result<int64_t> parse_time(const std::string& text);

struct PastHold {
    std::string host;
    std::string zone;      ///< Empty: none.
    std::string protocol;  ///< Of a flow.
    unsigned first_port = 0;
    unsigned last_port = 0;
    std::string peer;  ///< Of a flow: ADDRESS[:PORT].
    std::optional<int64_t> from;
    std::optional<int64_t> to;

    bool is_block() const { return protocol.empty(); }
};

class PastHolds {
public:
    PastHolds(const sluice::listing::PublicEndpoint& endpoint, int64_t at)
        : endpoint_(endpoint), at_(at) {}

    void read(std::string_view line);

    /// Of all lines so far, in the order of their start.
    std::vector<PastHold> holds() const;
    uint64_t unreadable() const { return unreadable_; }
    /// "from TIME to TIME" of each loss that the log tells of.
    const std::vector<std::string>& losses() const { return losses_; }

private:
    void read_event(const nlohmann::json& event);
    void take(const std::string& id, int64_t time, bool is_start, PastHold hold);
    struct Alive {
        std::string id;
        PastHold hold;
    };
    void end_reused(const std::string& id, int64_t time);
    void end_unseen(const std::string& claim, int64_t time);
    void forget(std::map<std::string, Alive>::iterator known);
    void end(PastHold hold, int64_t latest);
    bool may_matter(std::string_view line) const;

    sluice::listing::PublicEndpoint endpoint_;
    int64_t at_;
    std::map<std::string, Alive> alive_;              // by what they claim
    std::multimap<std::string, std::string> claims_;  // by identifier
    std::vector<PastHold> past_;                      // that were alive then
    uint64_t unreadable_ = 0;
    std::vector<std::string> losses_;
};

/// As a table, and as JSON.
std::string past_table(const sluice::listing::PublicEndpoint& endpoint,
                       const std::vector<PastHold>& holds);
std::string past_json(const sluice::listing::PublicEndpoint& endpoint,
                      const std::vector<PastHold>& holds);

}  // namespace sluicectl
