// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/lost_ports.h"

#include "config/ports.h"

#include <algorithm>
#include <utility>

namespace sluice::app {

std::vector<PortSides> sides_of(const config::Config& config) {
    std::vector<PortSides> sides(config::ports_of(config).size());
    for (const config::Lan& lan : config.lans) {
        PortSides& port = sides[config::port_index(config, lan.at)];
        port.inside = true;
        port.outside = port.outside || config.inside_routing;
    }
    for (const config::Wan& wan : config.wans)
        sides[config::port_index(config, wan.at)].outside = true;
    return sides;
}

LostPorts::LostPorts(config::OnLostPort choice, std::vector<PortSides> sides)
    : choice_(choice), sides_(std::move(sides)) {}

void LostPorts::begin(Tick now) {
    begin_ = now;
    has_run_ = false;
    since_.reset();
}

bool LostPorts::forwards(std::span<const io::LinkState> ports) const {
    PortSides up;
    for (size_t i = 0; i < ports.size(); ++i) {
        up.inside = up.inside || (ports[i].is_up && sides_[i].inside);
        up.outside = up.outside || (ports[i].is_up && sides_[i].outside);
    }
    return up.inside && up.outside;
}

std::optional<size_t> LostPorts::look(std::span<const io::LinkState> ports, Tick now) {
    has_run_ = has_run_ || now - begin_ >= kLeastRun;
    const auto lost = std::ranges::find_if(ports, &io::LinkState::needs_new_process);
    const bool would_start = std::ranges::all_of(
        ports, [](const io::LinkState& port) { return port.is_there || port.needs_new_process; });
    if (choice_ == config::OnLostPort::Stay || lost == ports.end() || !would_start) {
        since_.reset();
        return std::nullopt;
    }
    since_ = since_.value_or(now);
    if (now - *since_ < kSettled || (forwards(ports) && !has_run_))
        return std::nullopt;
    return static_cast<size_t>(lost - ports.begin());
}

}  // namespace sluice::app
