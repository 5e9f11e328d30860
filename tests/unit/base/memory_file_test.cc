// SPDX-License-Identifier: BSD-3-Clause
#include "base/memory_file.h"

#include "catch.h"
#include "testing/memory_directory.h"
#include "testing/temporary_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace memory_file_test {

using namespace sluice;
using sluice::testing::MemoryDirectory;

namespace {

constexpr size_t kBytes = 100'000;

bool says(const Error& error, const std::string& words) {
    return error.message.find(words) != std::string::npos;
}

void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("memory file: what is written there is there for the next", "[base][memory]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    {
        auto file = MemoryFile::open(path);
        REQUIRE(file);
        CHECK(file->size() == 0);
        REQUIRE(file->map(kBytes, -1, false));
        REQUIRE(file->memory().size() >= kBytes);
        file->memory()[0] = std::byte{1};
        file->memory()[kBytes - 1] = std::byte{2};
    }
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    auto file = MemoryFile::open(path);
    REQUIRE(file);
    std::byte first{};
    REQUIRE(file->read({&first, 1}) == 1);
    CHECK(first == std::byte{1});
    SECTION("kept") {
        REQUIRE(file->map(kBytes, 0, true));
        CHECK(file->memory()[0] == std::byte{1});
        CHECK(file->memory()[kBytes - 1] == std::byte{2});
    }
    SECTION("or zeroed") {
        REQUIRE(file->map(kBytes, -1, false));
        const auto memory = file->memory();
        CHECK(std::all_of(memory.begin(), memory.end(),
                          [](std::byte byte) { return byte == std::byte{0}; }));
    }
}

TEST_CASE("memory file: what was cut short is whole again before it is touched", "[base][memory]") {
    const MemoryDirectory directory;
    write(directory.file("state"), "x");
    std::filesystem::permissions(directory.file("state"), std::filesystem::perms{0600});
    auto file = MemoryFile::open(directory.file("state"));
    REQUIRE(file);
    std::array<std::byte, 2> more{};
    CHECK(file->read(more) == 1);
    REQUIRE(file->map(kBytes, -1, true));
    CHECK(file->memory()[0] == std::byte{'x'});
    CHECK(file->memory()[kBytes - 1] == std::byte{0});
}

TEST_CASE("memory file: one process has it", "[base][memory]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    auto first = MemoryFile::open(path);
    REQUIRE(first);
    const auto second = MemoryFile::open(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().message == path + ": another process has it open");
    // Under another name it is still its owner's.
    auto moved = MemoryFile::open(directory.file("moved"));
    REQUIRE(moved);
    REQUIRE(moved->rename(path));
    *first = std::move(*moved);
    CHECK_FALSE(MemoryFile::open(path));
}

TEST_CASE("memory file: what it cannot be on is named", "[base][memory]") {
    const MemoryDirectory directory;
    const std::string path = directory.file("state");
    SECTION("a directory that is not there") {
        const auto file = MemoryFile::open(path + "/state");
        REQUIRE_FALSE(file);
        CHECK(says(file.error(), "cannot be opened (No such file or directory)"));
    }
    SECTION("a directory") {
        std::filesystem::create_directory(path);
        const auto file = MemoryFile::open(path);
        REQUIRE_FALSE(file);
        CHECK(says(file.error(), "cannot be opened (Is a directory)"));
    }
    SECTION("a pipe") {
        REQUIRE(mkfifo(path.c_str(), 0600) == 0);
        const auto file = MemoryFile::open(path);
        REQUIRE_FALSE(file);
        CHECK(says(file.error(), "is no regular file"));
    }
    SECTION("a link") {
        write(directory.file("other"), "");
        std::filesystem::create_symlink(directory.file("other"), path);
        CHECK_FALSE(MemoryFile::open(path));
    }
    SECTION("a file that others write") {
        write(path, "");
        std::filesystem::permissions(path, std::filesystem::perms{0622});
        const auto file = MemoryFile::open(path);
        REQUIRE_FALSE(file);
        CHECK(says(file.error(), "other users may write it"));
    }
    SECTION("a file system that is none of memory, where nothing is left behind") {
        const std::string elsewhere = "/proc/self/sluice";
        CHECK_FALSE(MemoryFile::open(elsewhere));
        const sluice::testing::TemporaryFile file("");
        std::filesystem::remove(file.path());
        if (const auto opened = MemoryFile::open(file.path()); !opened) {  // /tmp may be on tmpfs
            CHECK(says(opened.error(), "choose one on tmpfs"));
            CHECK_FALSE(std::filesystem::exists(file.path()));
        }
    }
    SECTION("more than the file system has, of which nothing stays taken") {
        auto file = MemoryFile::open(path);
        REQUIRE(file);
        const Status status = file->map(size_t{1} << 45, -1, false);
        REQUIRE_FALSE(status);
        CHECK(says(status.error(), "33554432 MB"));
        CHECK(file->size() == 0);
    }
}

}  // namespace memory_file_test
