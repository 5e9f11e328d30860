// SPDX-License-Identifier: BSD-3-Clause
#include "sync/introduction.h"

#include <algorithm>

namespace sluice::sync {

bool Introduction::learn(const Record& record, Tick when) {
    if (!known_.host_of)
        return true;
    for (const net::Tuple& tuple : record.tuple) {
        if (!known_.is_number(tuple.source))
            continue;
        const auto host = known_.host_of(tuple.source, when);
        if (!host)
            return false;
        hosts_.push_back({tuple.source, *host});
    }
    return true;
}

void Introduction::tell(Outgoing& out) {
    std::ranges::sort(hosts_, {}, &Host::number);
    // Not std::ranges::unique(), whose result clang 14 does not know: it builds the fuzz targets.
    hosts_.erase(std::unique(hosts_.begin(), hosts_.end()), hosts_.end());
    for (const Host& host : hosts_)
        out.add(host);
    hosts_.clear();
}

}  // namespace sluice::sync
