// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Notice: takes one sentence for the operator's log.

#include <functional>
#include <string>

namespace sluice::control {

using Notice = std::function<void(const std::string&)>;

}  // namespace sluice::control
