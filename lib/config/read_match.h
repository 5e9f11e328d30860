// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads which packets from inside a rule is for.
///
/// Shape    PREFIX [to PREFIX] [PROTOCOL [PORT[-PORT]]], the hosts, whom they talk to, and by which
///          destination ports; ports beside tcp, udp, udplite and sctp only.
/// Errors   One sentence that names the flag and the words and says what is wanted.

#include "base/result.h"
#include "config/read.h"
#include "policy/classifier.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// One, of all of `words`.
Result<policy::Match> read_match(std::string_view flag, const std::vector<std::string>& words);
/// Any number, in any distribution over words.
Result<std::vector<policy::Match>> read_matches(const Given& given);
/// As read_match() reads it.
std::string to_string(const policy::Match& match);

}  // namespace sluice::config
