// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Lost ports: when the process ends because the next one can have a port that this one cannot.
///
/// Shape    A rule over what the link watch has seen. The end has to be of use: what was lost is
///          there again, and has stayed for kSettled, and a start would find all other ports. While
///          other ports forward there is one such end in kLeastRun, for all flows wait for it.
/// Threads  One.

#include "base/clock.h"
#include "config/config.h"
#include "io/device.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace sluice::app {

inline constexpr Duration kSettled = Duration::seconds(1);
inline constexpr Duration kLeastRun = Duration::seconds(60);

/// Where what arrives at a port comes from, and what leaves by it goes to.
struct PortSides {
    bool inside = false;
    bool outside = false;  ///< Or whatever inside hosts may talk to there.
};

/// Of each port, in the order of config::ports_of().
std::vector<PortSides> sides_of(const config::Config& config);

class LostPorts {
public:
    LostPorts(config::OnLostPort choice, std::vector<PortSides> sides);

    /// From now on packets are forwarded.
    void begin(Tick now);
    /// The place of a port for which the process is to end now; nothing while it is to go on. To be
    /// asked a few times a second, with the state of each port.
    std::optional<size_t> look(std::span<const io::LinkState> ports, Tick now);

private:
    bool forwards(std::span<const io::LinkState> ports) const;

    config::OnLostPort choice_;
    std::vector<PortSides> sides_;
    Tick begin_;
    bool has_run_ = false;       // for kLeastRun
    std::optional<Tick> since_;  // when an end has been of use
};

}  // namespace sluice::app
