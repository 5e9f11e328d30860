// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sources: what an operator gives: flags on the command line, which go before those of a file.
///
/// Errors   One sentence that names the flag and the value, with file, line and column before it
///          where the value comes from the file.

#include "base/result.h"
#include "config/config.h"
#include "config/file.h"
#include "config/load.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::config {

class Sources {
public:
    Sources() = default;
    /// Without a file where `path` is nothing. `eal` is what stood behind "--".
    static Result<Sources> read(Settings command_line, const std::optional<std::string>& path,
                                std::vector<std::string> eal);

    /// The words behind each flag.
    Settings settings() const;
    /// The same flags, and the file as it is now.
    Result<Sources> read_again() const;
    /// What they say, with all defaults.
    Result<Config> load() const;
    /// Whether `config`, which they say, can be, and each flag does something: see validate() and
    /// check_partners().
    Status validate(const Config& config, std::span<const unsigned> allowed_cpus) const;

    const std::optional<File>& file() const { return file_; }
    /// True for a flag that the file says, and not the command line.
    bool is_of_file(const std::string& flag) const;

private:
    Error located(const Error& error) const;

    Settings command_line_;
    std::optional<File> file_;
    std::vector<std::string> eal_;
};

}  // namespace sluice::config
