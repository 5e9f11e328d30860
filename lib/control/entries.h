// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Entries: what the control core knows of each next hop beside its MAC, and whose place is to be
/// made free.
///
/// Shape    An entry for each index of link::NextHops. Of the places a sixteenth is kept free for
///          who is wanted next; a quarter may be those of hosts that have not answered yet.
/// Threads  The control core's.
/// Memory   At construction.
/// Cost     excess() walks all entries where places are short, and else looks at two numbers.

#include "base/clock.h"
#include "link/next_hops.h"
#include "net/mac.h"

#include <cstdint>
#include <vector>

namespace sluice::control {

enum class Stage : uint8_t {
    Unknown,  ///< Not in use.
    Idle,     ///< Without a MAC, and nobody asks.
    Asking,   ///< Without a MAC; packets wait.
    Reachable,
    Verifying,  ///< With a MAC, asked whether it is still there.
    Contested,  ///< With a MAC, asked because another claims the address.
    Fixed,      ///< With a MAC, by the operator.
    Failed,     ///< Refused for a while.
};

struct Entry {
    Stage stage = Stage::Unknown;
    bool is_gateway = false;
    bool is_watched = false;  ///< A gateway that is verified all the time.
    bool is_silent = false;   ///< Of a gateway: the operator knows that it does not answer.
    bool is_open = false;     ///< Its MAC has not answered: another is believed.
    uint8_t tries = 0;
    net::MacAddress claimant{};  ///< While Contested.
    Tick due;                    ///< When to look at it next.
    Tick last_used;
    Tick asked;      ///< When Asking began.
    Tick confirmed;  ///< When its MAC was heard.
};

class Entries {
public:
    explicit Entries(link::NextHops& hops) : hops_(hops), all_(hops.capacity() + size_t{1}) {}

    Entry& operator[](link::HopIndex hop) { return all_[hop]; }
    size_t size() const { return all_.size(); }  ///< With index 0, which is no hop.

    void change(link::HopIndex hop, Stage stage);
    /// One more host may be asked for that has no MAC yet.
    bool may_ask() const;
    /// Sees whether a worker has sent something there since this was last called.
    void note_use(link::HopIndex hop, Tick now);
    /// For how long none has.
    uint32_t unused_ms(link::HopIndex hop, Tick now) {
        note_use(hop, now);
        return now.ms_since(all_[hop].last_used);
    }
    /// No look is later than so, after a while without any: ticks may have come round.
    void limit_looks(Duration most, Tick now);
    /// Those whose places are to be made free: never a gateway's, nor one that the operator names.
    std::vector<link::HopIndex> excess(Tick now);
    void forget(link::HopIndex hop);
    /// Likewise one with a MAC that has been unused for so long, and is nobody's that stays.
    void let_go(link::HopIndex hop, Duration unused, Tick now);

private:
    link::NextHops& hops_;
    std::vector<Entry> all_;  // by hop index
    uint32_t known_ = 0;      // of these, not Unknown
    uint32_t asking_ = 0;     // of these, Asking
};

}  // namespace sluice::control
