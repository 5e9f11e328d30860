// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sluicectl {

/// Prints what the trackers say of each packet of a capture, by those before it; no gateway is
/// asked. As JSON an object on each line. The program's exit status: 0, or 1 after a sentence on
/// stderr.
int replay_file(const std::string& path, bool as_json);

}  // namespace sluicectl
