// SPDX-License-Identifier: BSD-3-Clause
#include "command/interface_volumes.h"

#include <algorithm>

namespace sluice::command {

std::vector<InterfaceVolumes> interface_volumes(const Subject& subject,
                                                const stats::Snapshot& total) {
    const std::vector<listing::InterfaceName> names = subject.interfaces();
    const size_t count = std::min(names.size(), total.interfaces.size());
    std::vector<InterfaceVolumes> all;
    for (size_t i = 0; i < count; ++i) {
        const stats::BothVolumes& volumes = total.interfaces[i];
        if (i < InterfaceVolumes::kMostTold) {
            all.push_back({names[i].name, names[i].realm, volumes});
            continue;
        }
        if (i == InterfaceVolumes::kMostTold)
            all.push_back({"others", {}, {}});
        all.back().volumes.in += volumes.in;
        all.back().volumes.out += volumes.out;
    }
    return all;
}

}  // namespace sluice::command
