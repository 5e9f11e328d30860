// SPDX-License-Identifier: BSD-3-Clause
#include "control/announcer.h"

#include <algorithm>

namespace sluice::control {

using route::Side;

void Announcer::start(Tick now) {
    runs_.clear();
    for (const Side side : {Side::Inside, Side::Outside}) {
        const OwnAddresses& own = own_[side];
        const Be32 self = own.address.address;
        const net::AddressRange subnet{own.address.network().address, own.address.broadcast()};
        bool self_in_pool = false;
        for (const net::AddressRange& range : own.more) {
            self_in_pool |= range.contains(self);
            const net::AddressRange within{std::max(range.first, subnet.first),
                                           std::min(range.last, subnet.last)};
            if (within.first <= within.last)
                runs_.push_back({side, within});
        }
        if (!self_in_pool)
            runs_.push_back({side, {self, self}});
    }
    rounds_ = kAnnouncementRounds;
    run_ = 0;
    offset_ = 0;
    due_ = now;
}

void Announcer::turn(Tick now) {
    if (rounds_ == 0 || due_.is_after(now))
        return;
    for (unsigned i = 0; i < kAnnouncementsPerTurn && run_ < runs_.size(); ++i) {
        const Run& run = runs_[run_];
        const Be32 address = Be32::from_host(run.range.first.host() + offset_);
        announce(run.side, address);
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

void Announcer::announce(Side side, Be32 address) {
    const OwnAddresses& own = own_[side];
    outbox_.send_arp(0, side, kBroadcast,
                     {net::Arp::Operation::Request, own.mac, address, net::MacAddress{}, address});
}

}  // namespace sluice::control
