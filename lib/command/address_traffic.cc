// SPDX-License-Identifier: BSD-3-Clause
#include "command/address_traffic.h"

#include "command/cpu_time.h"
#include "listing/traffic_totals.h"
#include "net/text.h"

#include <algorithm>

namespace sluice::command {
namespace {

void raise(flow::Traffic& to, const flow::Traffic& now) {
    to.packets = std::max(to.packets, now.packets);
    to.bytes = std::max(to.bytes, now.bytes);
}

}  // namespace

void AddressTraffic::look(Clock::time_point now) {
    if (subject_.totals == nullptr || now < next_)
        return;
    const std::chrono::nanoseconds begin = cpu_time();
    const listing::TrafficTotals totals(*subject_.totals, subject_.flows,
                                        listing::SumsOf::Addresses);
    next_ = now + (cpu_time() - begin) * kLookShare;

    const std::lock_guard lock(mutex_);
    hosts::SideTraffic others = totals.other_addresses();
    for (const auto& [address, traffic] : totals.addresses()) {
        const std::string name = net::to_string(address);
        if (place_.contains(name) || place_.size() < kMostTold)
            take(name, traffic);
        else
            others += traffic;
    }
    if (place_.size() >= kMostTold || others != hosts::SideTraffic{})
        take("others", others);
}

void AddressTraffic::take(const std::string& name, const hosts::SideTraffic& traffic) {
    const auto place = place_.find(name);
    const size_t at = place == place_.end() ? told_.size() : place->second;
    if (place == place_.end()) {
        told_.reserve(at + 1);  // what may fail comes first
        place_.emplace(name, at);
        told_.push_back({name, {}});
    }
    hosts::SideTraffic& told = told_[at].traffic;
    raise(told.out, traffic.out);
    raise(told.in, traffic.in);
}

std::vector<AddressReport> AddressTraffic::read() const {
    const std::lock_guard lock(mutex_);
    return told_;
}

}  // namespace sluice::command
