// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Taking back: how long one that starts as active, with no flows, stands by before it forwards.
///
/// Shape    The other gateway of the pair may have the flows that a process before this one had.
///          Then they are told, as to any that stands by, and this gateway forwards when it has
///          them all, or after kTakingBack. Where the peer has none it forwards at once, and where
///          nobody answers after sync::kSilence. A peer that is active goes on: this gateway
///          stands by then. What an operator says of the role meanwhile is done at once.
/// Threads  The control core's; sync::Standing says who else writes there.

#include "base/clock.h"
#include "sync/standing.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace sluice::gateway {

/// Nobody forwards meanwhile.
inline constexpr Duration kTakingBack = Duration::seconds(5);

class TakingBack {
public:
    TakingBack(sync::Standing& standing, std::function<void(const std::string&)> notice)
        : standing_(standing), notice_(std::move(notice)) {}

    /// Once a turn while the wish is TakeBack. True while it is to stand by; false, and the wish is
    /// Active, once it is to forward.
    bool waits(Tick now);
    /// There was nobody, or nobody with flows: true once.
    bool take_has_found_none() { return std::exchange(has_found_none_, false); }

private:
    bool is_over(Duration waited);
    bool end(sync::Wish wish);

    sync::Standing& standing_;
    std::function<void(const std::string&)> notice_;
    std::optional<Tick> since_;
    bool has_found_none_ = false;
};

}  // namespace sluice::gateway
