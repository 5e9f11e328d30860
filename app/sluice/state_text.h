// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// State text: what the log says of the flows of the process before.

#include "gateway/restoration.h"
#include "state/state_file.h"

#include <string>
#include <vector>

namespace sluice::app {

/// Sentences, none where there was nothing.
std::vector<std::string> state_text(const state::StateFile::Found& found,
                                    const gateway::Restored& restored);

}  // namespace sluice::app
