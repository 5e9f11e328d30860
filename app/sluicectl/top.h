// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Top: a gateway's figures, read again and again; on a terminal, or once as text.

#include "sluicectl/args.h"

namespace sluicectl {

/// The program's exit status. A gateway that has gone is waited for, once there has been one.
int top(const Request& request);

}  // namespace sluicectl
