// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Patience: how long the server waits for a client.

#include <chrono>

namespace sluice::command {

struct Patience {
    std::chrono::milliseconds request{2000};   ///< From the connection to the whole request.
    std::chrono::milliseconds stall{300'000};  ///< While it reads nothing: it may be in a pager.
};

}  // namespace sluice::command
