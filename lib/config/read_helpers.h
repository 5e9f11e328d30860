// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads --helper: "ftp", "tftp:69,6969", "pptp", any number of times and in one list.
///
/// Errors   One sentence that names the flag and the word and says what is wanted.

#include "base/result.h"
#include "config/read.h"
#include "helper/ports.h"

#include <string>
#include <string_view>

namespace sluice::config {

inline constexpr std::string_view kHelperWanted =
    "ftp, tftp or pptp is wanted, with a colon and ports of servers behind it where they are "
    "others "
    "than 21, 69 or 1723, as ftp:21,2121; 8 ports at most";

Result<helper::Ports> read_helpers(const Given& given);
/// As one word that reads so.
std::string to_string(const helper::Ports& helpers);

}  // namespace sluice::config
