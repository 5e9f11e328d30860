// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Patience: how long the server waits for a client, and how many of its threads one may have.

#include <chrono>

namespace sluice::command {

struct Patience {
    /// From the connection to the whole request, and from the answer to the client's closing.
    std::chrono::milliseconds request{2000};
    std::chrono::milliseconds stall{300'000};  ///< While it reads nothing: it may be in a pager.
    /// So many threads answer one origin at once, which is not the owner; 0: all that there are.
    unsigned threads_for_one = 0;
};

}  // namespace sluice::command
