// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Collector: who is sent the log of translations (--ipfix).

#include "base/big_endian.h"

namespace sluice::config {

struct Collector {
    bool is_tcp = false;  ///< Else UDP.
    Be32 address;
    Be16 port;

    bool operator==(const Collector&) const = default;
};

}  // namespace sluice::config
