// SPDX-License-Identifier: BSD-3-Clause
#include "history/series.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace sluice::history {

/// What is gathered of one step.
class Series::Step {
public:
    Step(const Series& series, const Wish& wish, std::time_t begin)
        : series_(series), wish_(wish), point_{begin, std::vector<double>(wish.columns.size())} {}

    std::time_t begin() const { return point_.begin; }

    void add(size_t row) {
        milliseconds_ += series_.rows_[row].milliseconds;
        for (size_t i = 0; i < wish_.columns.size(); ++i) {
            const size_t column = wish_.columns[i];
            const double value = series_.values_[row * series_.columns_.size() + column];
            double& gathered = point_.values[i];
            if (series_.columns_[column] == Kind::Rate)
                gathered += value;
            else
                gathered = std::max(gathered, value);
        }
    }
    Point finish() {
        constexpr double kMillisecondsInSecond = 1000;
        for (size_t i = 0; i < wish_.columns.size(); ++i)
            if (series_.columns_[wish_.columns[i]] == Kind::Rate && milliseconds_ > 0)
                point_.values[i] *= kMillisecondsInSecond / milliseconds_;
        return std::move(point_);
    }

private:
    const Series& series_;
    const Wish& wish_;
    Point point_;
    double milliseconds_ = 0;
};

Series::Series(std::vector<Kind> columns) : columns_(std::move(columns)), rows_(kMostRows) {
    columns_.resize(std::min(columns_.size(), kMostColumns));
    values_.resize(kMostRows * columns_.size());
}

void Series::add(std::time_t end, uint32_t milliseconds, std::span<const uint64_t> values) {
    constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
    rows_[next_] = {end, milliseconds};
    for (size_t i = 0; i < columns_.size(); ++i)
        values_[next_ * columns_.size() + i] = static_cast<uint32_t>(std::min(values[i], kMost));
    next_ = (next_ + 1) % kMostRows;
    count_ = std::min(count_ + 1, kMostRows);
}

std::vector<Series::Point> Series::points(const Wish& wish) const {
    std::vector<Point> points;
    std::optional<Step> step;
    for (size_t i = 0; i < count_; ++i) {
        const size_t row = (oldest() + i) % kMostRows;
        const std::time_t end = rows_[row].end;
        if (end <= wish.since)
            continue;
        // What ends with a step belongs to it.
        const std::time_t begin = (end - 1) / wish.step * wish.step;
        if (step && step->begin() != begin) {
            points.push_back(step->finish());
            step.reset();
        }
        if (!step)
            step.emplace(*this, wish, begin);
        step->add(row);
    }
    if (step)
        points.push_back(step->finish());
    return points;
}

size_t Series::bytes() const {
    return values_.size() * sizeof(uint32_t) + rows_.size() * sizeof(Row);
}

}  // namespace sluice::history
