// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A tree of files as the kernel's /sys and /proc have them, gone with the test.

#include "catch.h"

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>
#include <sys/fsuid.h>

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
    /// Of all users, as chmod(1) takes it.
    Tree& mode(const std::string& name, unsigned bits) {
        std::filesystem::permissions(root_ / name, std::filesystem::perms{bits});
        return *this;
    }
    const std::filesystem::path& root() const { return root_; }

private:
    std::filesystem::path root_;
};

/// As long as it lives, this thread has no more rights to files than any other user; root would
/// have those to all.
class Stranger {
public:
    Stranger() : own_(setfsuid(kNobody)) {}
    ~Stranger() { setfsuid(static_cast<uid_t>(own_)); }
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;

private:
    static constexpr uid_t kNobody = 65534;
    int own_;
};

}  // namespace sluice::app
