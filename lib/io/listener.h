// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Listener: a socket of the kernel's that takes what anybody sends to its port.

#include "net/tuple.h"

#include <functional>
#include <vector>

namespace sluice::io {

struct Listener {
    net::Protocol protocol{};
    net::Endpoint endpoint{};  ///< Of an address, or of 0.0.0.0: of any that the kernel has.

    bool operator==(const Listener& other) const {
        return protocol == other.protocol && endpoint.address == other.endpoint.address &&
               endpoint.port == other.endpoint.port;
    }
};

/// Appends some of those that there are, those that follow with each call, and says whether these
/// were the last; the next call begins anew then. Does not wait.
using ReadListeners = std::function<bool(std::vector<Listener>&)>;

}  // namespace sluice::io
