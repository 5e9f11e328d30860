// SPDX-License-Identifier: BSD-3-Clause
#include "config/spelling.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sluice::config {
namespace {

/// How many changes lead from one word to the other.
size_t distance(std::string_view from, std::string_view to) {
    std::array<std::vector<size_t>, 3> rows;  // two letters ago, one letter ago, this letter
    for (std::vector<size_t>& row : rows)
        row.resize(to.size() + 1);
    auto& [before, last, row] = rows;
    for (size_t column = 0; column <= to.size(); ++column)
        row[column] = column;
    for (size_t line = 1; line <= from.size(); ++line) {
        before.swap(last);
        last.swap(row);
        row[0] = line;
        for (size_t column = 1; column <= to.size(); ++column) {
            const bool differ = from[line - 1] != to[column - 1];
            row[column] =
                std::min({last[column] + 1, row[column - 1] + 1, last[column - 1] + differ});
            if (line > 1 && column > 1 && from[line - 1] == to[column - 2] &&
                from[line - 2] == to[column - 1])
                row[column] = std::min(row[column], before[column - 2] + 1);
        }
    }
    return row[to.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    size_t fewest = std::max<size_t>(2, word.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        const size_t changes = distance(word, candidate);
        if (changes < fewest && changes < candidate.size()) {
            best = candidate;
            fewest = changes;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    const std::string_view meant = nearest(word, candidates);
    return meant.empty() ? std::string() : "; did you mean " + std::string(meant) + '?';
}

}  // namespace sluice::config
