// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Patience: how long the server waits for a client.

#include <chrono>

namespace sluice::command {

struct Patience {
    /// From the connection to the whole request, and from the answer to the client's closing.
    std::chrono::milliseconds request{2000};
    std::chrono::milliseconds stall{300'000};  ///< While it reads nothing: it may be in a pager.
};

}  // namespace sluice::command
