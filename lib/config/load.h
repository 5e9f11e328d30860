// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Load: from words to a Config, with the defaults that depend on other flags filled in.
///
/// Errors   The first word that is malformed or out of range, or a flag that is missing, as one
///          sentence. Whether the values agree with one another is validate()'s question.

#include "base/result.h"
#include "config/config.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sluice::config {

/// The words behind each flag that was given, by the flag's name without dashes.
using Settings = std::map<std::string, std::vector<std::string>, std::less<>>;

Result<Config> load(const Settings& settings, std::vector<std::string> eal_arguments);
/// What they say of trackers, whatever else they say, or is missing.
Result<conntrack::Tuning> load_tuning(const Settings& settings);

}  // namespace sluice::config
