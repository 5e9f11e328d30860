// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Memory file: memory that outlives the process, for it is a file's that lives in memory.
///
/// Shape    A file on tmpfs or hugetlbfs, open and locked for as long as this object lives, and
///          mapped from end to end. What one process has written there the next one finds, however
///          the first has ended.
/// Errors   One sentence that names the file. All of it is reserved before it is mapped, so that
///          nobody who touches it ends in SIGBUS; but whoever cuts the file short by hand while it
///          is mapped sees to that himself.
/// Memory   The file's, on pages as its file system gives them.
/// Threads  One; what is in memory() is its users' own matter.

#include "base/descriptor.h"
#include "base/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace sluice {

class MemoryFile {
public:
    /// Opens the file, or makes it, for this user alone. Refuses what is no file, is on another
    /// file system, may be written by other users, or is open in another process.
    static Result<MemoryFile> open(const std::string& path);
    MemoryFile(MemoryFile&& other) noexcept;
    MemoryFile& operator=(MemoryFile&& other) noexcept;
    ~MemoryFile();

    /// Bytes that the file has.
    size_t size() const;
    /// Copies its beginning, or all of it where it is shorter; returns how many bytes.
    size_t read(std::span<std::byte> beginning) const;
    /// Makes it as long as wanted at least, on that node where it is not -1, and maps it. With
    /// `keeps` what is in it stays; else it is zeroed.
    Status map(size_t bytes, int numa_node, bool keeps);
    /// Gives it another name, in the place of a file that has that.
    Status rename(const std::string& path);

    std::span<std::byte> memory() const { return memory_; }

private:
    MemoryFile(std::string path, Descriptor file)
        : path_(std::move(path)), file_(std::move(file)) {}
    Error failed(const std::string& what) const;
    Status check() const;
    bool is_at_its_path() const;

    std::string path_;
    Descriptor file_;
    std::span<std::byte> memory_;
};

}  // namespace sluice
