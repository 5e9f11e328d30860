// SPDX-License-Identifier: BSD-3-Clause
#include "control/announcer.h"

#include <algorithm>
#include <chrono>

namespace sluice::control {

void Announcer::start(std::span<const policy::Answered> answered, Tick now) {
    runs_.clear();
    for (size_t id = 0; id < interfaces_.size(); ++id)
        for (const net::Prefix& own : interfaces_[static_cast<link::InterfaceId>(id)].own)
            runs_.push_back({static_cast<link::InterfaceId>(id), {own.address, own.address}});
    for (const policy::Answered& each : answered)
        for (const net::Prefix& own : interfaces_[each.interface].own)
            add_runs(each, own);
    rounds_ = kAnnouncementRounds;
    run_ = 0;
    offset_ = 0;
    due_ = now;
    is_finished_ = runs_.empty();
    is_hasty_ = false;
}

void Announcer::take_over(std::span<const policy::Answered> answered, Tick now) {
    start(answered, now);
    is_hasty_ = true;
    in_haste_ = 0;
}

void Announcer::repeat_every(Duration interval, Tick now) {
    if (interval == interval_)
        return;
    interval_ = interval;
    const bool is_in_round = rounds_ != 0 || run_ != 0 || offset_ != 0;
    if (is_in_round || runs_.empty())
        return;
    is_finished_ = interval == Duration{};
    due_ = now + interval;
}

/// What of them is on the subnet of an own address, without that.
void Announcer::add_runs(const policy::Answered& answered, const net::Prefix& own) {
    const auto add = [&](Be32 first, Be32 last) {
        if (first <= last)
            runs_.push_back({answered.interface, {first, last}});
    };
    const Be32 first = std::max(answered.range.first, own.network().address);
    const Be32 last = std::min(answered.range.last, own.broadcast());
    if (!(net::AddressRange{first, last}.contains(own.address)))
        return add(first, last);
    if (first != own.address)
        add(first, Be32::from_host(own.address.host() - 1));
    if (last != own.address)
        add(Be32::from_host(own.address.host() + 1), last);
}

void Announcer::turn(Tick now) {
    if (is_finished_ || due_.is_after(now))
        return;
    const unsigned most = is_hasty_ ? kHastyBatch : 1;
    for (unsigned i = 0; i < most && run_ != runs_.size(); ++i)
        announce_next();
    in_haste_ += most;
    due_ = now + (is_hasty_ && in_haste_ < kHastyAddresses ? kHastyPace : kAnnouncementPace);
    if (run_ == runs_.size())
        end_round(now);
}

void Announcer::announce_next() {
    const Run& run = runs_[run_];
    const Be32 address = Be32::from_host(run.range.first.host() + offset_);
    if (may_use(address))
        announce(run.interface, address);
    ++offset_;
    if (address == run.range.last) {
        ++run_;
        offset_ = 0;
    }
}

/// Where others of the cluster may have it.
bool Announcer::may_use(Be32 address) const {
    return holdings_ == nullptr ||
           holdings_->may_use(address, std::chrono::steady_clock::now().time_since_epoch());
}

void Announcer::end_round(Tick now) {
    run_ = 0;
    is_hasty_ = false;
    if (rounds_ != 0)
        --rounds_;
    is_finished_ = rounds_ == 0 && interval_ == Duration{};
    due_ = now + (rounds_ != 0 ? kBetweenRounds : interval_);
}

void Announcer::announce(link::InterfaceId interface, Be32 address) {
    outbox_.send_arp(0, interface, kBroadcast,
                     {net::Arp::Operation::Request, interfaces_[interface].mac, address,
                      net::MacAddress{}, address});
}

}  // namespace sluice::control
