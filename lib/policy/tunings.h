// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tunings: every set of timeouts, and of a word about logs, of their own that rules of any
/// configuration of this gateway have had, each once.
///
/// Shape    A set is known by what it says, and has a number from 1 on for good; 0 stands for none.
///          A flow keeps its rule's number: so it keeps its timeouts, and is logged or not, over a
///          reload, whatever has become of the rule, and no rule that comes gets the number of
///          another set.
/// Threads  One thread at a time.
/// Errors   With kMost sets there is no number for another one.

#include "conntrack/timeouts.h"
#include "policy/logged.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::policy {

/// What a rule's flows have of their own for as long as they live.
struct OwnTuning {
    conntrack::OwnTimeouts timeouts = {};
    Logging logging = Logging::AsSaid;

    bool operator==(const OwnTuning&) const = default;
};

class Tunings {
public:
    static constexpr size_t kMost = 63;  ///< As many as a flow's record can tell apart.

    /// The number of a set: of an equal one, or a new one.
    std::optional<uint8_t> take(const OwnTuning& own);
    size_t size() const { return sets_.size(); }
    /// Takes back what has been given out since size() was `size`. No flow may have it.
    void forget_from(size_t size) { sets_.resize(size); }

    /// `all` with each set in place of what it is for, by number less 1.
    std::vector<conntrack::Tuning> over(const conntrack::Tuning& all) const;
    /// Has `logged` know what each set says of logs.
    void tell(Logged& logged) const;

private:
    std::vector<OwnTuning> sets_;
};

}  // namespace sluice::policy
