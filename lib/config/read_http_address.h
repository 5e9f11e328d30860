// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads where HTTP is answered: "9100", which is on loopback, or "192.0.2.1:9100".
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/http_address.h"
#include "config/read.h"

namespace sluice::config {

Result<HttpAddress> read_http_address(const Given& given);

}  // namespace sluice::config
