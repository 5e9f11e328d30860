// SPDX-License-Identifier: BSD-3-Clause
#include "command/outlooks.h"

#include "command/cpu_time.h"
#include "listing/flow_text.h"
#include "listing/port_pressure.h"
#include "net/text.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::command {
namespace {

using std::chrono::duration;

double seconds_of(Outlooks::Clock::time_point time) {
    return duration<double>(time.time_since_epoch()).count();
}

uint32_t thousandths(const Outlook& outlook) {
    return outlook.room == 0 ? 0 : static_cast<uint32_t>(outlook.used * 1000 / outlook.room);
}

/// "80 % full: 800 of 1000; at the present rate it is full in 40 s"
std::string how_full(unsigned mark, const Outlook& outlook) {
    std::string text = std::to_string(mark) + " % full: " + std::to_string(outlook.used) + " of " +
                       std::to_string(outlook.room);
    if (outlook.full_in)
        text += "; full in " + duration_text(*outlook.full_in) + " at the present rate";
    return text;
}

std::string name_of(const listing::Pressure& set) {
    return net::to_string(set.address) + ", ports of " +
           std::string(listing::protocol_name(set.protocol)) + " toward " +
           listing::destination_of(set);
}

}  // namespace

std::string duration_text(uint32_t seconds) {
    constexpr uint32_t kMinute = 60;
    constexpr uint32_t kHour = 3600;
    constexpr uint32_t kDay = 86400;
    const auto part = [](uint32_t count, const char* unit) {
        return std::to_string(count) + ' ' + unit;
    };
    if (seconds < 2 * kMinute)
        return part(seconds, "s");
    if (seconds < 2 * kHour)
        return part(seconds / kMinute, "min");
    if (seconds < 2 * kDay)
        return part(seconds / kHour, "h ") + part(seconds % kHour / kMinute, "min");
    return part(seconds / kDay, "days");
}

Outlook Outlooks::follow(Followed& followed, uint64_t used, uint64_t room, double seconds) const {
    followed.trend.add(seconds, static_cast<double>(used));
    return {used, room, followed.trend.full_in(static_cast<double>(room))};
}

/// To those who read the log, and to those who follow events.
void Outlooks::tell(const std::string& whose, Passing passing) {
    subject_.tell(whose + how_full(passing.mark, passing.outlook));
    passing.at = std::chrono::system_clock::now();
    passings_.add(std::move(passing));
}

void Outlooks::look(Clock::time_point now) {
    const Outlook flows =
        follow(flow_table_, subject_.flows.size(), subject_.flows.capacity(), seconds_of(now));
    if (const unsigned mark = flow_table_.marks.pass(double(flows.used), double(flows.room)))
        tell("the flow table is ", {.mark = mark, .outlook = flows});
    {
        const std::lock_guard lock(mutex_);
        flows_ = flows;
    }
    if (now < next_scan_)
        return;
    const std::chrono::nanoseconds begin = cpu_time();
    look_at_ports(now);
    next_scan_ = now + (cpu_time() - begin) * kLookShare;
}

void Outlooks::look_at_ports(Clock::time_point now) {
    std::map<Key, Followed> followed;
    std::vector<PortOutlook> found;
    uint32_t fullest = 0;
    for (const listing::Pressure& set :
         listing::port_pressure(subject_.flows, kMostSets, subject_.now())) {
        const Key key{set.address, set.destination, set.destination_port, set.protocol};
        Followed& one = followed[key];
        if (const auto known = sets_.find(key); known != sets_.end())
            one = std::move(known->second);
        const uint32_t room = subject_.ports_of(set.address);
        const Outlook outlook = follow(one, std::min(set.used, room), room, seconds_of(now));
        if (const unsigned mark = one.marks.pass(double(outlook.used), double(outlook.room)))
            tell(name_of(set) + ": ", {.mark = mark, .outlook = outlook, .ports = set});
        fullest = std::max(fullest, thousandths(outlook));
        if (outlook.room != 0 && outlook.used * 2 >= outlook.room)
            found.push_back({set, outlook});
    }
    sets_ = std::move(followed);
    const std::lock_guard lock(mutex_);
    ports_ = std::move(found);
    fullest_ = fullest;
}

Outlook Outlooks::flows() const {
    const std::lock_guard lock(mutex_);
    return flows_;
}

std::vector<PortOutlook> Outlooks::ports() const {
    const std::lock_guard lock(mutex_);
    return ports_;
}

uint32_t Outlooks::fullest() const {
    const std::lock_guard lock(mutex_);
    return fullest_;
}

}  // namespace sluice::command
