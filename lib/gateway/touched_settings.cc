// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/touched_settings.h"

#include "base/bits.h"
#include "config/read.h"
#include "conntrack/protocol_state.h"
#include "flow/flow_record.h"
#include "nat/holders.h"
#include "policy/tunings.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace sluice::gateway {
namespace {

using conntrack::TcpState;
using net::Direction;

/// In what a line with this flag is counted, one of them and several.
struct Unit {
    std::string_view flag;
    std::string_view one;
    std::string_view several;
};
constexpr Unit kUnits[] = {
    {"timeout-tcp-max-retrans", "flow that it may cap", "flows that it may cap"},
    {"timeout-tcp-unacknowledged", "flow that it may cap", "flows that it may cap"},
    {"fragment-timeout", "datagram", "datagrams"},
    {"mapping-timeout", "mapping", "mappings"},
    {"reset-hold", "flow", "flows"},
    {"max-flows-per-host", "host above the new limit", "hosts above the new limit"},
    {"max-new-flows-per-second-per-host", "host above the new limit", "hosts above the new limit"},
    {"port-blocks-per-host", "host above the new limit", "hosts above the new limit"},
    {"max-flows-from-outside", "flow above the new limit", "flows above the new limit"},
    {"max-flows-per-prefix", "prefix above the new limit", "prefixes above the new limit"},
    {"max-flows-per-outside-prefix", "prefix above the new limit", "prefixes above the new limit"},
};

/// The timeout that the flag says.
std::optional<size_t> place_of(std::string_view flag) {
    if (!flag.starts_with(config::kTimeoutPrefix))
        return std::nullopt;
    return conntrack::timeout_place(flag.substr(config::kTimeoutPrefix.size()));
}

const Unit* unit_of(std::string_view flag) {
    static constexpr Unit kFlows{{}, "flow", "flows"};
    if (const auto found = std::ranges::find(kUnits, flag, &Unit::flag); found != std::end(kUnits))
        return &*found;
    return config::is_about_flows(flag) || place_of(flag) ? &kFlows : nullptr;
}

/// Each of them by its place.
std::array<Duration, conntrack::kTimeoutCount> timeouts_of(conntrack::Tuning tuning) {
    std::array<Duration, conntrack::kTimeoutCount> all;
    std::ranges::transform(conntrack::timeouts(), all.begin(),
                           [&](const auto& timeout) { return timeout.of(tuning); });
    return all;
}

uint64_t count_above(const std::unordered_map<uint64_t, uint32_t>& owners, uint32_t most) {
    return static_cast<uint64_t>(
        std::ranges::count_if(owners, [most](const auto& each) { return each.second > most; }));
}

/// 0 is no limit.
bool is_above(uint32_t count, uint32_t most) {
    return most != 0 && count > most;
}

}  // namespace

std::string count_text(std::string_view flag, uint64_t count) {
    const Unit* unit = unit_of(flag);
    if (unit == nullptr)
        return {};
    return std::to_string(count) + ' ' + std::string(count == 1 ? unit->one : unit->several);
}

TouchedSettings::TouchedSettings(const config::Difference& difference, const policy::Policy& before,
                                 const policy::Policy& after, const nat64::Naming& naming)
    : after_(after),
      naming_(naming),
      holds_longer_(before.tuning.tcp_reset_hold != after.tuning.tcp_reset_hold),
      others_(policy::Tunings::kMost + 1) {
    for (const auto* lines : {&difference.gone, &difference.come})
        for (const config::Line& line : *lines)
            if (unit_of(line.flag) != nullptr && !config::is_about_flows(line.flag)) {
                counts_.emplace(line.flag, 0);
                has_timeouts_ = has_timeouts_ || place_of(line.flag) || line.flag == "reset-hold";
            }
    for (size_t number = 0; number < others_.size(); ++number) {
        const auto old_ones = timeouts_of(before.tuning_of(static_cast<uint8_t>(number)));
        const auto new_ones = timeouts_of(after.tuning_of(static_cast<uint8_t>(number)));
        for (size_t own = 0; own < conntrack::kTimeoutCount; ++own)
            for (size_t place = 0; place < conntrack::kTimeoutCount; ++place) {
                const bool caps = conntrack::may_cap(place, own) &&
                                  new_ones[own] > std::min(old_ones[place], new_ones[place]);
                if (old_ones[place] != new_ones[place] && (place == own || caps))
                    others_[number][own] |= uint32_t{1} << place;
            }
    }
}

void TouchedSettings::add(const listing::Seen& flow) {
    if (has_timeouts_)
        add_timeout(flow);
    if (asks("max-flows-from-outside") || asks("max-flows-per-prefix") ||
        asks("max-flows-per-outside-prefix"))
        add_sender(flow);
}

void TouchedSettings::add_timeout(const listing::Seen& flow) {
    const net::Protocol protocol = flow.key(Direction::Original).protocol;
    const conntrack::ProtocolState state(flow.state);
    const auto place = conntrack::timeout_of(protocol, state, flow.status);
    if (!place)
        return;
    for (const unsigned other : SetBits{others_[flow.tuning][*place]}) {
        const std::string_view name = conntrack::timeouts()[other].name;
        const auto count = counts_.find(std::string(config::kTimeoutPrefix) + std::string(name));
        if (count != counts_.end())
            ++count->second;
    }
    const bool is_reset = protocol == net::Protocol::Tcp && state.tcp() == TcpState::Close;
    if (const auto hold = counts_.find("reset-hold"); is_reset && hold != counts_.end())
        hold->second += holds_longer_;
}

/// As nat::Request::quota() counts them.
void TouchedSettings::add_sender(const listing::Seen& flow) {
    const net::Tuple& original = flow.key(Direction::Original);
    const net::Side from = flow.sides.enter(Direction::Original);
    from_outside_ += from == net::Side::Outside;
    const auto host6 = naming_.host(original.source).ipv6;
    const hosts::PrefixLimit& limit = after_.quotas.of_source(from, host6.has_value());
    if (limit.flows == 0)
        return;
    const hosts::PrefixKeys keys;  // of their own: nobody else counts by them
    if (host6)
        ++inside_prefixes6_[keys.of(*host6, limit.length).bits()];
    else if (const auto owner = keys.of(original.inside_source(), limit.length))
        ++(from == net::Side::Outside ? outside_prefixes_ : inside_prefixes_)[owner->bits()];
}

void TouchedSettings::look_at(const Present& present) {
    if (asks("max-flows-per-host") || asks("max-new-flows-per-second-per-host"))
        look_at_hosts(present);
    if (asks("port-blocks-per-host"))
        look_at_blocks(present);
    if (const auto mappings = counts_.find("mapping-timeout"); mappings != counts_.end())
        listing::for_each_of(flow::Kind::Mapping, present.table, present.now,
                             [&](const listing::Seen& seen) {
                                 mappings->second += (seen.state & nat::kRests) == 0;
                             });
    if (const auto inward = counts_.find("max-flows-from-outside"); inward != counts_.end())
        inward->second = is_above(from_outside_, after_.quotas.inward)
                             ? from_outside_ - after_.quotas.inward
                             : 0;
    if (const auto inside = counts_.find("max-flows-per-prefix"); inside != counts_.end())
        inside->second = count_above(inside_prefixes_, after_.quotas.inside_prefix.flows) +
                         count_above(inside_prefixes6_, after_.quotas.inside_prefix6.flows);
    if (const auto outside = counts_.find("max-flows-per-outside-prefix"); outside != counts_.end())
        outside->second = count_above(outside_prefixes_, after_.quotas.outside_prefix.flows);
}

/// A host whose rule has a limit of its own is not held to that of all.
void TouchedSettings::look_at_hosts(const Present& present) {
    const auto flows = counts_.find("max-flows-per-host");
    const auto rate = counts_.find("max-new-flows-per-second-per-host");
    present.hosts.for_each(0, present.hosts.capacity(), present.now, [&](const hosts::Host& host) {
        const policy::Rule* rule = after_.rules.find(net::InsideAddress(host.address, host.zone));
        const policy::OwnLimits own = rule == nullptr ? policy::OwnLimits{} : rule->limits;
        if (flows != counts_.end() && !own.flows)
            flows->second += is_above(host.flows, after_.host_limits.flows);
        if (rate != counts_.end() && !own.new_per_second)
            rate->second += is_above(host.rate, after_.host_limits.new_per_second);
    });
}

void TouchedSettings::look_at_blocks(const Present& present) {
    std::unordered_map<uint64_t, uint32_t> blocks;
    listing::for_each_of(flow::Kind::Block, present.table, present.now,
                         [&](const listing::Seen& seen) {
                             ++blocks[seen.key(Direction::Original).inside_source().bits()];
                         });
    counts_["port-blocks-per-host"] = count_above(blocks, after_.holders.blocks.per_host);
}

}  // namespace sluice::gateway
