// SPDX-License-Identifier: BSD-3-Clause
#include "history/trend.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace sluice::history {

void Trend::add(double seconds, double level) {
    levels_.push_back({seconds, level});
    if (levels_.size() > kMostLevels)
        levels_.pop_front();
}

std::optional<double> Trend::slope() const {
    if (levels_.size() < kFewest)
        return std::nullopt;
    std::vector<double> slopes;
    for (size_t i = 0; i < levels_.size(); ++i)
        for (size_t j = i + 1; j < levels_.size(); ++j)
            if (levels_[j].seconds > levels_[i].seconds)
                slopes.push_back((levels_[j].level - levels_[i].level) /
                                 (levels_[j].seconds - levels_[i].seconds));
    if (slopes.empty())
        return std::nullopt;
    const auto middle = slopes.begin() + static_cast<ptrdiff_t>(slopes.size() / 2);
    std::nth_element(slopes.begin(), middle, slopes.end());
    return *middle;
}

std::optional<uint32_t> Trend::full_in(double room) const {
    constexpr double kWeek = 7 * 86400;
    const auto rate = slope();
    if (!rate || *rate <= 0)
        return std::nullopt;
    const double seconds = std::max(room - levels_.back().level, 0.0) / *rate;
    if (seconds > kWeek)
        return std::nullopt;
    return static_cast<uint32_t>(seconds);
}

unsigned Marks::pass(double level, double room) {
    constexpr unsigned kMarks[] = {80, 90, 95};
    constexpr double kBelow = 5;
    const double percent = room > 0 ? level * 100 / room : 0;
    unsigned stands = 0;  // the highest mark that is passed, or was and is not far above
    for (const unsigned mark : kMarks)
        if (percent >= mark || (mark <= passed_ && percent > mark - kBelow))
            stands = mark;
    const unsigned before = passed_;
    passed_ = stands;
    return stands > before ? stands : 0;
}

}  // namespace sluice::history
