// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sending: one of the long answers that are on their way, for as long as it lives.
///
/// Shape    Who makes one learns how many there are, and gives it up where these are too many. So
///          clients that stop reading theirs leave threads to the others.
/// Threads  Any, several at once.

#include <atomic>
#include <memory>

namespace sluice::command {

/// So many at once, of one kind and one door.
class Quota {
public:
    explicit Quota(unsigned most) : most_(most) {}
    unsigned most() const { return most_; }

private:
    friend class Sending;
    unsigned most_;
    std::atomic<unsigned> count_{0};
};

class Sending {
public:
    /// Null when there are too many already. `quota` outlives it.
    static std::shared_ptr<Sending> begin(Quota& quota) {
        const std::shared_ptr<Sending> sending(new Sending(quota));
        return sending->rank_ <= quota.most_ ? sending : nullptr;
    }
    ~Sending() { --quota_.count_; }
    Sending(const Sending&) = delete;

private:
    explicit Sending(Quota& quota) : quota_(quota), rank_(++quota.count_) {}

    Quota& quota_;
    unsigned rank_;  // how many there were when it began
};

}  // namespace sluice::command
