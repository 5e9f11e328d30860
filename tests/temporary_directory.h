// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Temporary directory: empty at first, gone with its object and all that is in it; also for
/// programs that do not use Catch2.
///
/// Errors   The constructor throws std::runtime_error where there can be none.

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace sluice::test {

class TemporaryDirectory {
public:
    explicit TemporaryDirectory(
        const std::filesystem::path& place = std::filesystem::temp_directory_path())
        : path_((place / "sluice-test-XXXXXX").string()) {
        if (mkdtemp(path_.data()) == nullptr)
            throw std::runtime_error("no temporary directory");
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + '/' + name; }
    bool is_empty() const { return std::filesystem::is_empty(path_); }

private:
    std::string path_;
};

}  // namespace sluice::test
