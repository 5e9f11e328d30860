// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Stale sockets: what a memif server that was killed leaves behind, in the way of the next one.

#include "base/result.h"

#include <string>

namespace sluice::ethdev {

/// Removes the socket at `path` if nobody listens there. Fails where somebody does, or where
/// something else has that name.
Status remove_stale_socket(const std::string& path);

}  // namespace sluice::ethdev
