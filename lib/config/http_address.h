// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// HTTP address: where the gateway answers HTTP over TCP (--http).

#include "base/big_endian.h"

namespace sluice::config {

struct HttpAddress {
    Be32 address;  ///< Of this machine's kernel; 0.0.0.0: all that it has.
    Be16 port;

    bool operator==(const HttpAddress&) const = default;
};

}  // namespace sluice::config
