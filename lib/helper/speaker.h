// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Speaker: which end of a control connection says something.

#include <cstdint>

namespace sluice::helper {

enum class Speaker : uint8_t { Client, Server };

}  // namespace sluice::helper
