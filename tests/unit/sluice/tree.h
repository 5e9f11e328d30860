// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A tree of files as the kernel's /sys and /proc have them, gone with the test.

#include "catch.h"

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>

namespace sluice::app {

class Tree {
public:
    Tree() {
        std::string name = std::filesystem::temp_directory_path() / "sluice-tree.XXXXXX";
        REQUIRE(mkdtemp(name.data()) != nullptr);
        root_ = name;
    }
    ~Tree() { std::filesystem::remove_all(root_); }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    Tree& file(const std::string& name, const std::string& content) {
        std::filesystem::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name) << content << '\n';
        return *this;
    }
    Tree& directory(const std::string& name) {
        std::filesystem::create_directories(root_ / name);
        return *this;
    }
    Tree& link(const std::string& name, const std::string& target) {
        std::filesystem::create_directories((root_ / name).parent_path());
        std::filesystem::create_symlink(target, root_ / name);
        return *this;
    }
    const std::filesystem::path& root() const { return root_; }

private:
    std::filesystem::path root_;
};

}  // namespace sluice::app
