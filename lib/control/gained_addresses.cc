// SPDX-License-Identifier: BSD-3-Clause
#include "control/gained_addresses.h"

#include <chrono>

namespace sluice::control {

GainedAddresses::GainedAddresses(const pool::Holdings* holdings, const link::Interfaces& interfaces,
                                 Announcer& announcer)
    : holdings_(holdings),
      interfaces_(interfaces),
      announcer_(announcer),
      was_held_(holdings != nullptr ? holdings->addresses().size() : 0) {}

void GainedAddresses::turn(const policy::Announcing& announcing, Tick now) {
    if (holdings_ == nullptr)
        return;
    const uint32_t edition = holdings_->edition();
    const bool has_lease = holdings_->may_use(std::chrono::steady_clock::now().time_since_epoch());
    if (edition != edition_ || has_lease != had_lease_) {
        look(has_lease);
        had_lease_ = has_lease;
        edition_ = edition;
    }
    if (!next_ || !next_->is_after(now))
        announce_some(announcing, now);
}

/// What there was no memory for is gained in the next turn.
void GainedAddresses::look(bool has_lease) {
    for (uint32_t i = 0; i < was_held_.size(); ++i) {
        const bool is_held = has_lease && holdings_->is_held(i);
        if (is_held && !was_held_[i])
            gained_.push_back(i);
        was_held_[i] = is_held;
    }
}

void GainedAddresses::announce_some(const policy::Announcing& announcing, Tick now) {
    next_ = now + kHastyPace;
    unsigned left = kHastyBatch;
    for (; left != 0 && !gained_.empty(); --left) {
        again_.push_back({gained_.front(), now + kBetweenRounds});
        announce(announcing, gained_.front());
        gained_.pop_front();
    }
    for (; left != 0 && !again_.empty() && !again_.front().due.is_after(now); --left) {
        announce(announcing, again_.front().index);
        again_.pop_front();
    }
}

void GainedAddresses::announce(const policy::Announcing& announcing, uint32_t index) {
    const Be32 address = holdings_->addresses()[index];
    if (!was_held_[index])  // lost again meanwhile
        return;
    for (link::InterfaceId id = 0; id < interfaces_.size(); ++id)
        if (announcing.answers_for(address, id) && interfaces_[id].has_on_link(address))
            announcer_.announce(id, address);
}

}  // namespace sluice::control
