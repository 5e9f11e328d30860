// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sluicectl/args.h"

namespace sluicectl {

/// Prints who had a public endpoint at a time, by the files of --log-flows json:, the oldest first;
/// "-" is stdin. No gateway is asked. The program's exit status: 0, or 1 after a sentence on
/// stderr.
int who_file(const Request::Past& past);

}  // namespace sluicectl
