// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Check: what of this machine is in sluice's way, or costs it speed, without touching anything.
///
/// Shape    `sluice check FLAG...`, with the flags or the file of a start to come. A problem is
///          what that start would fail by, or what it would do harm by; a note is what it wants of
///          others, and cannot be seen from here; the rest costs speed.
/// Errors   None: what cannot be read is nothing to say.
/// Source   Documentation/ABI of /sys/kernel/iommu_groups and /sys/kernel/mm/hugepages;
///          Documentation/ABI/testing/sysfs-class-net (iflink).

#include "config/config.h"
#include "ethdev/port_plan.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace sluice::app {

struct Finding {
    enum class Kind { Problem, Note, Speed };

    Kind kind = Kind::Problem;
    std::string text;  ///< One sentence. The command that mends it, if there is one, in backticks.

    /// What stands in the first backticks of `text`; empty where there are none.
    std::string command() const;
};

/// All that is to be said. `config` has been validated.
std::vector<Finding> check_machine(const config::Config& config);

/// What speaks against driving the PCI device `device`, said of `subject`.
std::vector<Finding> check_nic(const std::filesystem::path& root, const std::string& device,
                               const std::string& subject);

/// What the other end of `port` must be told, where it may be on this machine, and the driver takes
/// no frames but those of a wire.
std::vector<Finding> check_peer(const std::filesystem::path& root, const ethdev::PortPlan& port);

/// A line each, or a JSON array of objects with kind, text and command.
std::string findings_text(const std::vector<Finding>& findings);
std::string findings_json(const std::vector<Finding>& findings);

}  // namespace sluice::app
