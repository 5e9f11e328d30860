// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The rules that refuse flows, and how many packets each has refused, as people and programs read
/// them.

#include "command/subject.h"

#include <string>

namespace sluice::command {

/// A heading, and a line for each rule.
std::string rules_table(const Subject& subject);
/// A JSON array with an object for each rule.
std::string rules_json(const Subject& subject);

}  // namespace sluice::command
