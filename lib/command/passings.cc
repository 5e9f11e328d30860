// SPDX-License-Identifier: BSD-3-Clause
#include "command/passings.h"

#include "listing/flow_text.h"
#include "listing/port_pressure.h"
#include "net/text.h"

#include <array>
#include <cstdio>
#include <utility>

namespace sluice::command {
namespace {

/// "1790000000.123456"
std::string time_text(std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    const long long since_1970 = duration_cast<microseconds>(time.time_since_epoch()).count();
    constexpr long long kSecond = 1'000'000;
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%lld.%06lld", since_1970 / kSecond,
                  since_1970 % kSecond);
    return text.data();
}

}  // namespace

void Passings::add(Passing passing) {
    const std::lock_guard lock(mutex_);
    passing.number = ++last_;
    kept_.push_back(std::move(passing));
    if (kept_.size() > kMostKept)
        kept_.pop_front();
}

std::vector<Passing> Passings::since(uint64_t number) const {
    std::vector<Passing> found;
    const std::lock_guard lock(mutex_);
    for (const Passing& passing : kept_)
        if (passing.number > number)
            found.push_back(passing);
    return found;
}

uint64_t Passings::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

void append_passing(std::string& out, const Passing& passing, bool has_timestamp) {
    if (has_timestamp)
        out += '[' + time_text(passing.at) + "]\t";
    out += "   [FULL] ";
    if (passing.ports)
        out += "ports    address=" + net::to_string(passing.ports->address) +
               " protocol=" + std::string(listing::protocol_name(passing.ports->protocol)) +
               " destination=" + listing::destination_of(*passing.ports);
    else
        out += "flows   ";
    out += " percent=" + std::to_string(passing.mark) +
           " used=" + std::to_string(passing.outlook.used) +
           " room=" + std::to_string(passing.outlook.room);
    if (passing.outlook.full_in)
        out += " full_in=" + std::to_string(*passing.outlook.full_in);
    out += '\n';
}

void append_json_passing(std::string& out, const Passing& passing) {
    out += "{\"time\":" + time_text(passing.at) + R"(,"event":"full",)";
    if (passing.ports)
        out += R"("ports":{"address":")" + net::to_string(passing.ports->address) +
               R"(","protocol":")" + std::string(listing::protocol_name(passing.ports->protocol)) +
               R"(","destination":")" + listing::destination_of(*passing.ports) + "\",";
    else
        out += R"("flows":{)";
    out += "\"percent\":" + std::to_string(passing.mark) +
           ",\"used\":" + std::to_string(passing.outlook.used) +
           ",\"room\":" + std::to_string(passing.outlook.room) + ",\"full_in\":" +
           (passing.outlook.full_in ? std::to_string(*passing.outlook.full_in) : "null") + "}}\n";
}

}  // namespace sluice::command
