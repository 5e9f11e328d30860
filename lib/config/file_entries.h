// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The lines of a configuration file: which flags it sets, to which words, and where that stands.
///
/// Shape    # comment, at the start of a line or behind a blank; at the start also ; comment
///          [section]                 a group of flags, in small letters, as sluice --help has them
///          flag = value              the rest of the line, less blanks at its ends and a comment
///          flag = "value" "value"    quotes keep what would mean something: # , and blanks
///          flag = [value, "value"]   a list, over several lines if need be
///          flag                      of a switch: on
///          In double quotes \" and \\ stand for " and \; single quotes keep all as it is.
/// Errors   The first line that cannot be read, as "LINE:COLUMN: what is wrong".
/// Source   docs/adr/0012-a-file-of-flags.md.

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

struct Place {
    unsigned line = 0;    ///< The first is 1.
    unsigned column = 0;  ///< In bytes; the first is 1.
};

std::string to_string(Place place);

struct FileWord {
    std::string text;
    Place place;  ///< Of its first character, behind the quote where there is one.
};

/// A flag that is set.
struct FileEntry {
    std::string flag;
    Place place;
    std::vector<FileWord> words;  ///< Never empty.
};

/// Every flag is one of config::flags(), in its own section if in any, and those of one value are
/// there once.
Result<std::vector<FileEntry>> read_entries(std::string_view text);

}  // namespace sluice::config
