// SPDX-License-Identifier: BSD-3-Clause
#include "control/announcer.h"

#include <algorithm>

namespace sluice::control {

void Announcer::start(Tick now) {
    runs_.clear();
    for (size_t id = 0; id < interfaces_.size(); ++id)
        for (const net::Prefix& own : interfaces_[static_cast<link::InterfaceId>(id)].own)
            add_runs(static_cast<link::InterfaceId>(id), own);
    rounds_ = kAnnouncementRounds;
    run_ = 0;
    offset_ = 0;
    due_ = now;
}

/// An own address, and what else is answered for on its subnet.
void Announcer::add_runs(link::InterfaceId id, const net::Prefix& own) {
    const net::AddressRange subnet{own.network().address, own.broadcast()};
    bool is_answered = false;
    for (const net::AddressRange& range : interfaces_[id].answered) {
        is_answered |= range.contains(own.address);
        const net::AddressRange within{std::max(range.first, subnet.first),
                                       std::min(range.last, subnet.last)};
        if (within.first <= within.last)
            runs_.push_back({id, within});
    }
    if (!is_answered)
        runs_.push_back({id, {own.address, own.address}});
}

void Announcer::turn(Tick now) {
    if (rounds_ == 0 || due_.is_after(now))
        return;
    for (unsigned i = 0; i < kAnnouncementsPerTurn && run_ < runs_.size(); ++i) {
        const Run& run = runs_[run_];
        const Be32 address = Be32::from_host(run.range.first.host() + offset_);
        announce(run.interface, address);
        if (address == run.range.last) {
            ++run_;
            offset_ = 0;
        } else {
            ++offset_;
        }
    }
    if (run_ == runs_.size()) {
        --rounds_;
        run_ = 0;
        due_ = now + kAnnouncementInterval;
    }
}

void Announcer::announce(link::InterfaceId interface, Be32 address) {
    outbox_.send_arp(0, interface, kBroadcast,
                     {net::Arp::Operation::Request, interfaces_[interface].mac, address,
                      net::MacAddress{}, address});
}

}  // namespace sluice::control
