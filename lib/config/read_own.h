// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads what a rule has of its own, in place of what is said for all: the words key=value behind
/// its pool that are not about mappings.
///
/// Shape    max-flows=N               as --max-flows-per-host
///          rate=N                    as --max-new-flows-per-second-per-host
///          timeout-…=SECONDS         as the flag of that name
///          log=0|1                   whether logs of translations tell of its flows
///          helper=HELPER[,HELPER]    as --helper; helper=none for none
/// Errors   One sentence that names the flag and the word and says what is wanted.

#include "base/result.h"
#include "config/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// Whether a word is one of these.
bool is_own(std::string_view word);
/// What stands before the sign of all that there are.
std::vector<std::string> own_keys();
/// Reads one such word into the rule.
Status read_own(std::string_view flag, const std::string& word, SnatRule& rule);
/// All of the rule's, each with a blank before it.
std::string own_to_string(const SnatRule& rule);

}  // namespace sluice::config
