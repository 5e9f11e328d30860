// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Complaints: what the pair's thread tells the operator's log of the peer that it cannot speak
/// with.
///
/// Shape    The same again is not said twice in a row. Whoever has the peer's address and no key
///          can fail as often as he likes, in several ways: of him one is told in
///          kBetweenStrangers, so that he pushes no other lines out of the log.
/// Threads  One.
/// Errors   Out of memory std::bad_alloc, and nothing was said.

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace sluice::sync {

class Complaints {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds kBetweenStrangers{10};

    Complaints(std::function<void(const std::string&)> notice, std::string peer)
        : notice_(std::move(notice)), peer_(std::move(peer)) {}

    void say(const std::string& sentence) {
        if (sentence == last_)
            return;
        notice_("--sync: the peer " + peer_ + ": " + sentence);
        last_ = sentence;
    }
    void say_of_stranger(const std::string& sentence, Clock::time_point now) {
        if (now < strangers_again_)
            return;
        strangers_again_ = now + kBetweenStrangers;
        say(sentence);
    }
    /// All is well: the next one is news, whatever it is.
    void forget() { last_.clear(); }

private:
    std::function<void(const std::string&)> notice_;
    std::string peer_;
    std::string last_;
    Clock::time_point strangers_again_{};  // from when on one is told of
};

}  // namespace sluice::sync
