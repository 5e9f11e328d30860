// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Role text: which of a pair the gateway is, in a line.

#include "command/subject.h"

#include <string>

namespace sluice::command {

/// "active; the peer stands by and has all flows"
std::string role_text(const PairReport& pair);
/// {"role":"active","peer":"standby","whole":true,"behind":0,"differs":false}
std::string role_json(const PairReport& pair);

}  // namespace sluice::command
