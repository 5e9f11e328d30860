// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Client: sends one request to the control socket and prints the answer while it arrives.

#include "base/result.h"
#include "sluicectl/args.h"

#include <string>

namespace sluicectl {

/// The program's exit status: 0, or 1 after a sentence on stderr.
int run(const Request& request);
/// Likewise about each packet of a file; its number stands before the answer.
int ask(const Request& request);
/// Likewise for a capture, which goes to its file; says on stderr how many packets there are.
int capture(const Request& request);

/// The whole answer, or why there is none.
sluice::Result<std::string> fetch(const Request& request);

}  // namespace sluicectl
