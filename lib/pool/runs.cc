// SPDX-License-Identifier: BSD-3-Clause
#include "pool/runs.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sluice::pool {

/// Goes over the borders in order, with the values of all runs that are around the place in hand.
void Runs::compile() {
    struct Border {
        uint64_t at;
        uint32_t value;
        bool begins;
    };
    std::vector<Border> borders;
    for (const Run& run : runs_) {
        borders.push_back({run.first, run.value, true});
        borders.push_back({run.last + 1, run.value, false});
    }
    std::sort(borders.begin(), borders.end(),
              [](const Border& a, const Border& b) { return a.at < b.at; });

    std::vector<Run> apart;
    std::multiset<uint32_t> around;
    for (auto border = borders.begin(); border != borders.end();) {
        const uint64_t at = border->at;
        for (; border != borders.end() && border->at == at; ++border)
            if (border->begins)
                around.insert(border->value);
            else
                around.erase(around.find(border->value));
        const bool goes_on = !apart.empty() && apart.back().last == ~uint64_t{0};
        if (goes_on && !around.empty() && apart.back().value == *around.begin())
            continue;
        if (goes_on)
            apart.back().last = at - 1;
        if (!around.empty())
            apart.push_back({at, ~uint64_t{0}, *around.begin()});
    }
    runs_ = std::move(apart);
}

const Runs::Run* Runs::next(uint64_t number) const {
    const auto place =
        std::lower_bound(runs_.begin(), runs_.end(), number,
                         [](const Run& run, uint64_t wanted) { return run.last < wanted; });
    return place == runs_.end() ? nullptr : &*place;
}

}  // namespace sluice::pool
