// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// File: a configuration file that has been read, and where in it each value stands.
///
/// Errors   A path that is no ordinary file, or a line that cannot be read, as one sentence that
///          begins with FILE, or FILE:LINE:COLUMN.
/// Memory   The file's text and words; kMostFileBytes at most.

#include "base/result.h"
#include "config/file_entries.h"
#include "config/load.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

inline constexpr size_t kMostFileBytes = size_t{16} << 20;

/// What the lines of a file set, by flag. An error begins with LINE:COLUMN.
Result<Settings> read_settings(std::string_view text);

class File {
public:
    static Result<File> read(const std::string& path);

    /// What it sets, by flag.
    Settings settings() const;
    const std::string& path() const { return path_; }
    const std::vector<FileEntry>& entries() const { return entries_; }

    /// An error about a flag of this file, "--FLAG VALUE: why", with the place of that value before
    /// it, or the path alone where several places are possible; as it is where the file does not
    /// set the flag.
    Error located(const Error& error) const;

private:
    File(std::string path, std::vector<FileEntry> entries)
        : path_(std::move(path)), entries_(std::move(entries)) {}

    std::string path_;
    std::vector<FileEntry> entries_;
};

}  // namespace sluice::config
