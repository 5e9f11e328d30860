// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Temporary file: text on disk, gone with its object.

#include "catch.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

namespace sluice::testing {

class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& text) {
        const int descriptor = mkstemp(path_.data());
        REQUIRE(descriptor >= 0);
        close(descriptor);
        write(text);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    ~TemporaryFile() { unlink(path_.c_str()); }

    void write(const std::string& text) { std::ofstream(path_) << text; }
    const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/sluice-test-XXXXXX";
};

}  // namespace sluice::testing
