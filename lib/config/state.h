// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// State: the file where flows outlive the process, as --state and --state-mismatch say it.

#include <cstdint>
#include <string>

namespace sluice::config {

/// What a file is worth that another build, or another configuration, has written.
enum class StateMismatch : uint8_t {
    Empty,   ///< Nothing: the start is an empty one.
    Refuse,  ///< Enough not to start.
};

struct State {
    std::string file;  ///< Empty for none.
    StateMismatch mismatch = StateMismatch::Empty;
};

}  // namespace sluice::config
