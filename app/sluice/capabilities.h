// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Capabilities: what of root's powers this process has.
///
/// Errors   What cannot be read is had: then a start says what it lacks.
/// Source   capabilities(7); CapEff of /proc/self/status in proc(5).

#include <filesystem>

namespace sluice::app {

/// `capability` is CAP_IPC_LOCK or another of linux/capability.h. `root` is "/" but in tests.
bool has_capability(const std::filesystem::path& root, unsigned capability);

}  // namespace sluice::app
