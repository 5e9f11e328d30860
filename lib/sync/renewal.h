// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Renewal: certificates that were put in the place of others are used without a restart, and the
/// operator's log is told before one ends.
///
/// Shape    Files are looked at each second; what has changed is for connections to come, and who
///          is connected stays so. Of what ends soon, or has ended, the log is told at the start,
///          after a change, and once a day.
/// Threads  One.
/// Errors   Where new files cannot be used those before stay, and the log is told why, once.

#include "sync/channel.h"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace sluice::sync {

class Renewal {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds kBetweenLooks{1};
    static constexpr std::chrono::hours kBetweenWarnings{24};

    /// `tls` outlives it.
    Renewal(Tls& tls, std::function<void(const std::string&)> notice)
        : tls_(tls), notice_(std::move(notice)) {}

    void turn(Clock::time_point now) {
        if (now < look_again_)
            return;
        look_again_ = now + kBetweenLooks;
        look(now);
        if (now < warn_again_)
            return;
        warn_again_ = now + kBetweenWarnings;
        for (const std::string& sentence : tls_.ending(std::chrono::system_clock::now()))
            notice_(sentence);
    }

private:
    void look(Clock::time_point now) {
        const Result<bool> is_renewed = tls_.renew();
        const std::string why = is_renewed ? "" : is_renewed.error().message;
        if (!why.empty() && why != said_)
            notice_(why + "; what was read before stays");
        said_ = why;
        if (!is_renewed || !is_renewed.value())
            return;
        notice_("--sync-cert " + tls_.files()->chain +
                ": certificates were read anew, for connections to come");
        warn_again_ = now;
    }

    Tls& tls_;
    std::function<void(const std::string&)> notice_;
    std::string said_;  // what is wrong with the files as they are
    Clock::time_point look_again_{};
    Clock::time_point warn_again_{};
};

}  // namespace sluice::sync
