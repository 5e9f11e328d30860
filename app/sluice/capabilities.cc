// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/capabilities.h"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

namespace sluice::app {

bool has_capability(const std::filesystem::path& root, unsigned capability) {
    std::ifstream status(root / "proc/self/status");
    for (std::string line; std::getline(status, line);) {
        const std::string name = "CapEff:";
        if (!line.starts_with(name))
            continue;
        const uint64_t held = std::strtoull(line.c_str() + name.size(), nullptr, 16);
        return (held >> capability & 1) != 0;
    }
    return true;
}

}  // namespace sluice::app
