// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A directory on tmpfs, gone with its object and all that is in it.

#include "catch.h"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace sluice::testing {

class MemoryDirectory {
public:
    MemoryDirectory() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
    MemoryDirectory(const MemoryDirectory&) = delete;
    ~MemoryDirectory() { std::filesystem::remove_all(path_); }

    std::string file(const std::string& name) const { return path_ + '/' + name; }

private:
    std::string path_ = "/dev/shm/sluice-test-XXXXXX";
};

}  // namespace sluice::testing
