// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Interface request: what ioctl() wants of an interface, begun with its name.
///
/// Source   netdevice(7).

#include <algorithm>
#include <cstring>
#include <net/if.h>
#include <string>

namespace sluice::kernel {

inline ifreq request_for(const std::string& name) {
    ifreq request{};
    std::memcpy(request.ifr_name, name.data(), std::min<size_t>(name.size(), IFNAMSIZ - 1));
    return request;
}

}  // namespace sluice::kernel
