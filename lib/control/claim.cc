// SPDX-License-Identifier: BSD-3-Clause
#include "control/claim.h"

namespace sluice::control {

using net::Arp;

void Claim::start(Tick now) {
    is_done_ = false;
    probes_ = 0;
    next_ = 0;
    due_ = now;
}

bool Claim::turn(Tick now) {
    if (is_done_ || due_.is_after(now))
        return false;
    if (probes_ == kProbes) {
        is_done_ = true;
        return true;
    }
    if (!probe_some()) {
        due_ = now + kBetweenProbes;
        return false;
    }
    ++probes_;
    due_ = now + (probes_ == kProbes ? kListening : kProbeInterval);
    return false;
}

/// A probe has no sender address, so that nobody takes it for a claim. True at the end of a round.
bool Claim::probe_some() {
    for (unsigned sent = 0; next_ < interfaces_.size() && sent < kProbesAtOnce; ++next_) {
        const auto interface = static_cast<link::InterfaceId>(next_);
        for (const net::Prefix& own : interfaces_[interface].own) {
            outbox_.send_arp(
                0, interface, kBroadcast,
                {Arp::Operation::Request, interfaces_[interface].mac, {}, {}, own.address});
            ++sent;
        }
    }
    if (next_ < interfaces_.size())
        return false;
    next_ = 0;
    return true;
}

bool Claim::is_refused_by(const Arp& arp, link::InterfaceId id, Tick now) {
    const link::Interface& interface = interfaces_[id];
    const bool probes_for_it = arp.operation == Arp::Operation::Request && arp.sender == Be32{} &&
                               interface.is_own(arp.target);
    if (is_done_ || !(interface.is_own(arp.sender) || probes_for_it))
        return false;
    leave(now);
    return true;
}

}  // namespace sluice::control
