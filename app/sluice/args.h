// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The command line and the configuration file: from argv to a Config.
///
/// Errors   One sentence that names the flag and the value, and where it stands in a file.

#include "base/result.h"
#include "config/config.h"
#include "config/sources.h"

#include <optional>
#include <span>
#include <string>

namespace sluice::app {

struct Invocation {
    config::Sources sources;
    config::Config config;            ///< What the sources say.
    std::optional<std::string> text;  ///< Of --help or --version: to be printed, then the end.
    bool check = false;               ///< To be validated, then the end.
};

/// `arguments` is argv with the program's name. What stands behind the first "--" goes to EAL.
/// The Config is read but not validated yet.
Result<Invocation> read_arguments(std::span<const char* const> arguments);

}  // namespace sluice::app
