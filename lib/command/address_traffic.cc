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

/// What is missing during a look makes it no less than nothing.
flow::Traffic less(const flow::Traffic& all, const flow::Traffic& part) {
    return {all.packets - std::min(all.packets, part.packets),
            all.bytes - std::min(all.bytes, part.bytes)};
}

}  // namespace

AddressTraffic::AddressTraffic(const Subject& subject) : subject_(subject) {
    if (subject.totals == nullptr)
        return;
    const listing::TrafficTotals totals(*subject.totals, subject.flows, listing::SumsOf::Addresses);
    for (const auto& [address, traffic] : totals.addresses())
        before_.emplace(net::to_string(address), traffic);
}

hosts::SideTraffic AddressTraffic::since_start(const std::string& name,
                                               const hosts::SideTraffic& traffic) const {
    const auto before = before_.find(name);
    if (before == before_.end())
        return traffic;
    return {less(traffic.out, before->second.out), less(traffic.in, before->second.in)};
}

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
        const hosts::SideTraffic since = since_start(name, traffic);
        if (place_.contains(name) || place_.size() < kMostTold)
            take(name, since);
        else
            others += since;
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
