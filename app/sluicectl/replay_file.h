// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sluicectl/args.h"

namespace sluicectl {

/// Prints what the trackers say of each packet of a capture, by those before it, with the timeouts
/// and switches of the gateway behind the control socket; with those of the start, and a sentence
/// on stderr, where none answers. As JSON an object on each line. The program's exit status: 0, or
/// 1 after a sentence on stderr.
int replay_file(const Request& request);

}  // namespace sluicectl
