// SPDX-License-Identifier: BSD-3-Clause
#include "command/host_name.h"

#include "net/text.h"

#include <algorithm>

namespace sluice::command {

bool names_loopback(std::string_view host) {
    constexpr std::string_view kName = "localhost";
    if (host.empty())
        return true;
    const std::string_view name = host.substr(0, host.find(':'));
    if (const auto address = net::parse_address(name))
        return address->host() >> 24 == 127;
    return std::equal(name.begin(), name.end(), kName.begin(), kName.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

}  // namespace sluice::command
