// SPDX-License-Identifier: BSD-3-Clause
#include "config/twins.h"

#include "config/mappings.h"
#include "config/ports.h"
#include "config/ranges.h"
#include "config/read_independence.h"
#include "io/port_name.h"

#include <algorithm>

namespace sluice::config {
namespace {

constexpr const char* kNoTwin = "there is neither --lan-twin nor --wan-twin";

/// What a flag says for the first --lan or --wan, where twin= behind that may say it, too.
Status check_first(std::string_view flag, const std::string& name, const std::string& by_key) {
    if (name.empty())
        return Done{};
    if (!io::is_interface_name(name))
        return wrong(flag, name, "an interface name of 1 to 15 characters is wanted");
    if (!by_key.empty())
        return wrong(flag, name, "twin=" + by_key + " says it already");
    return Done{};
}

std::string text_of(const NamedTwin& twin) {
    return "--" + std::string(twin.flag) + (twin.value == twin.name ? "" : ' ' + twin.value);
}

/// Each has a name of its own, and subnets that one kernel can have.
Status check_apart(const std::vector<NamedTwin>& twins) {
    for (auto twin = twins.begin(); twin != twins.end(); ++twin)
        for (auto other = twins.begin(); other != twin; ++other) {
            if (other->name == twin->name)
                return wrong(twin->flag, twin->value, text_of(*other) + " has the same name");
            if (overlap(other->own, twin->own))
                return wrong(twin->flag, twin->value,
                             "its subnet overlaps that of " + text_of(*other) +
                                 ", and the kernel that has both could not tell their hosts apart");
        }
    return Done{};
}

/// Some of these ports.
bool gives(const pool::Forward& forward, const pool::PortRange& range) {
    const uint32_t first = forward.external.port.host();
    return first <= range.last && range.first < first + forward.ports;
}

Status check_twin_ports(const Config& config, const std::vector<NamedTwin>& twins) {
    if (!config.twin_ports)
        return Done{};
    if (twins.empty())
        return wrong("twin-ports", to_string(config.twin_ports->front()), kNoTwin);
    for (const pool::Forward& forward : config.forwards)
        for (const pool::PortRange& range : *config.twin_ports)
            if (gives(forward, range) && std::ranges::any_of(twins, [&](const NamedTwin& twin) {
                    return twin.own.address == forward.external.address;
                }))
                return wrong("twin-ports", to_string(range),
                             "it has a port that --forward " + to_string(forward) + " gives away");
    return Done{};
}

}  // namespace

Result<std::vector<pool::PortRange>> read_port_list(const Given& given) {
    std::vector<pool::PortRange> ports;
    for (const std::string& item : items_of(given)) {
        const auto range = parse_ports(item);
        if (!range)
            return wrong(given.flag, item, "ports from 1 to 65535 are wanted, as 22,60000-60999");
        ports.push_back(*range);
    }
    return ports;
}

std::vector<NamedTwin> twins_of(const Config& config) {
    std::vector<NamedTwin> twins;
    for (size_t place = 0; place < config.lans.size(); ++place) {
        const Lan& lan = config.lans[place];
        if (place == 0 && !config.lan_twin.empty())
            twins.push_back({place, config.lan_twin, "lan-twin", config.lan_twin, lan.own});
        else if (!lan.twin.empty())
            twins.push_back({place, lan.twin, "lan", to_string(lan), lan.own});
    }
    for (size_t place = 0; place < config.wans.size(); ++place) {
        const Wan& wan = config.wans[place];
        const size_t interface = is_one_armed(config) ? 0 : config.lans.size() + place;
        if (place == 0 && !config.wan_twin.empty())
            twins.push_back({interface, config.wan_twin, "wan-twin", config.wan_twin, wan.own});
        else if (!wan.twin.empty())
            twins.push_back({interface, wan.twin, "wan", to_string(wan), wan.own});
    }
    return twins;
}

std::vector<pool::PortRange> twin_ports(const Config& config) {
    return config.twin_ports.value_or(std::vector{kTwinPorts});
}

Status check_twins(const Config& config) {
    const std::vector<NamedTwin> twins = twins_of(config);
    if (Status status = check_first("lan-twin", config.lan_twin, config.lans.front().twin); !status)
        return status;
    if (Status status = check_first("wan-twin", config.wan_twin, config.wans.front().twin); !status)
        return status;
    if (!twins.empty() && twins.front().flag.starts_with("lan") && is_one_armed(config))
        return wrong(twins.front().flag, twins.front().value,
                     "--lan and --wan are one port, whose twin is --wan-twin");
    if (Status status = check_apart(twins); !status)
        return status;
    if (twins.empty() && config.twin_rate != Config{}.twin_rate)
        return wrong("twin-rate", std::to_string(config.twin_rate), kNoTwin);
    return check_twin_ports(config, twins);
}

}  // namespace sluice::config
