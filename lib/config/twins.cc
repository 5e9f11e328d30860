// SPDX-License-Identifier: BSD-3-Clause
#include "config/twins.h"

#include "config/mappings.h"
#include "config/read_independence.h"
#include "io/port_name.h"

#include <string>
#include <string_view>

namespace sluice::config {
namespace {

Status check_name(std::string_view flag, const std::string& name) {
    if (name.empty() || io::is_interface_name(name))
        return Done{};
    return wrong(flag, name, "an interface name of 1 to 15 characters is wanted");
}

/// Some of these ports.
bool gives(const pool::Forward& forward, const pool::PortRange& range) {
    const uint32_t first = forward.external.port.host();
    return first <= range.last && range.first < first + forward.ports;
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

std::vector<pool::PortRange> twin_ports(const Config& config) {
    return config.twin_ports.value_or(std::vector{kTwinPorts});
}

Status check_twins(const Config& config) {
    if (Status status = check_name("lan-twin", config.lan_twin); !status)
        return status;
    if (Status status = check_name("wan-twin", config.wan_twin); !status)
        return status;
    if (is_one_armed(config) && !config.lan_twin.empty())
        return wrong("lan-twin", config.lan_twin,
                     "--lan and --wan are one port, whose twin is --wan-twin");
    if (!config.lan_twin.empty() && config.lan_twin == config.wan_twin)
        return wrong("wan-twin", config.wan_twin, "--lan-twin has the same name");
    if (!config.twin_ports)
        return Done{};
    if (config.lan_twin.empty() && config.wan_twin.empty())
        return wrong("twin-ports", to_string(config.twin_ports->front()),
                     "there is neither --lan-twin nor --wan-twin");
    for (const pool::Forward& forward : config.forwards)
        for (const pool::PortRange& range : *config.twin_ports)
            if (forward.external.address == config.wans.front().own.address &&
                gives(forward, range))
                return wrong("twin-ports", to_string(range),
                             "it has a port that --forward " + to_string(forward) + " gives away");
    return Done{};
}

}  // namespace sluice::config
