// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Statistics as people read them, in a table, and as programs do, in JSON.

#include "command/subject.h"

#include <cstdint>
#include <string>

namespace sluice::command {

/// Which drop reasons the table lists.
enum class DropRows : uint8_t {
    NonZero,
    All,
};

std::string stats_table(const Subject& subject, DropRows rows);

/// One JSON object on one line: every counter, every drop reason.
std::string stats_json(const Subject& subject);

}  // namespace sluice::command
