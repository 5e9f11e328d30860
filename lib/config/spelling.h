// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Spelling: the word that an operator may have meant.
///
/// Cost     The product of both lengths for each candidate; for errors only.

#include <span>
#include <string>
#include <string_view>

namespace sluice::config {

/// The candidate that `word` can be turned into with the fewest changes (a letter added, left out,
/// put in place of another, or two swapped); empty where all are too far away.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// "; did you mean X?" where X is nearest(), else nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sluice::config
