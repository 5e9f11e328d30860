// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Interface name: what a person calls an interface of the gateway.

#include "net/mac.h"

#include <string>

namespace sluice::listing {

struct InterfaceName {
    std::string name;   ///< "lan".
    std::string realm;  ///< "inside".
    net::MacAddress mac{};
};

}  // namespace sluice::listing
