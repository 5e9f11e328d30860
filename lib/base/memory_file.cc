// SPDX-License-Identifier: BSD-3-Clause
#include "base/memory_file.h"

#include "base/memory.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace sluice {
namespace {

// From linux/magic.h: what fstatfs() calls the two.
constexpr uint32_t kTmpfs = 0x01021994;
constexpr uint32_t kHugetlbfs = 0x958458f6;

/// Another process may put a new file in the place of the one that was just opened.
constexpr int kOpens = 8;

/// Reserves every byte; false with errno set.
bool reserve(int file, size_t bytes) {
    int result = 0;
    do
        result = fallocate(file, 0, 0, static_cast<off_t>(bytes));
    while (result != 0 && errno == EINTR);
    return result == 0;
}

}  // namespace

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::move(other.file_)),
      memory_(std::exchange(other.memory_, {})) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(file_, other.file_);
    std::swap(memory_, other.memory_);
    return *this;
}

MemoryFile::~MemoryFile() {
    if (!memory_.empty())
        munmap(memory_.data(), memory_.size());
}

Error MemoryFile::failed(const std::string& what) const {
    return Error{path_ + ": " + what + " (" + std::strerror(errno) + ")"};
}

Result<MemoryFile> MemoryFile::open(const std::string& path) {
    // Not blocking: a pipe without a reader is refused, not waited for.
    constexpr int kHow = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    for (int tries = 0; tries < kOpens; ++tries) {
        MemoryFile file(path, Descriptor(::open(path.c_str(), kHow)));
        const bool is_new = !file.file_ && errno == ENOENT;
        if (is_new)
            file.file_ =
                Descriptor(::open(path.c_str(), kHow | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR));
        if (is_new && !file.file_ && errno == EEXIST)
            continue;
        if (!file.file_)
            return file.failed("cannot be opened");
        if (Status status = file.check(); !status) {
            if (is_new)
                unlink(path.c_str());
            return status.error();
        }
        if (flock(file.file_.get(), LOCK_EX | LOCK_NB) != 0)
            return errno == EWOULDBLOCK ? Error{path + ": another process has it open"}
                                        : file.failed("cannot be locked");
        if (file.is_at_its_path())
            return file;
    }
    return Error{path + ": others put new files in its place again and again"};
}

Status MemoryFile::check() const {
    struct stat status {};
    struct statfs system {};
    if (fstat(file_.get(), &status) != 0 || fstatfs(file_.get(), &system) != 0)
        return failed("cannot be looked at");
    if (!S_ISREG(status.st_mode))
        return Error{path_ + ": is no regular file"};
    const auto kind = static_cast<uint32_t>(system.f_type);
    if (kind != kTmpfs && kind != kHugetlbfs)
        return Error{path_ +
                     ": is on a disk, or on a file system like one; choose one on tmpfs (/run, "
                     "/dev/shm) or hugetlbfs (/dev/hugepages)"};
    if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return Error{path_ + ": other users may write it; give it to the user of sluice, mode 600"};
    return Done{};
}

/// The lock is worth something only if the next process finds the same file by the path.
bool MemoryFile::is_at_its_path() const {
    struct stat own {};
    struct stat there {};
    return fstat(file_.get(), &own) == 0 && stat(path_.c_str(), &there) == 0 &&
           own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

size_t MemoryFile::size() const {
    struct stat status {};
    return fstat(file_.get(), &status) == 0 ? static_cast<size_t>(status.st_size) : 0;
}

size_t MemoryFile::read(std::span<std::byte> beginning) const {
    const ssize_t count = pread(file_.get(), beginning.data(), beginning.size(), 0);
    return count < 0 ? 0 : static_cast<size_t>(count);
}

Status MemoryFile::map(size_t bytes, int numa_node, bool keeps) {
    struct statfs system {};
    if (fstatfs(file_.get(), &system) != 0)
        return failed("cannot be looked at");
    const auto page = static_cast<size_t>(system.f_bsize);
    const size_t size = (bytes + page - 1) / page * page;
    if (!keeps && ftruncate(file_.get(), 0) != 0)
        return failed("cannot be emptied");
    if (this->size() < size && ftruncate(file_.get(), static_cast<off_t>(size)) != 0)
        return failed("cannot be made " + megabytes(size) + " long");
    void* start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    if (start == MAP_FAILED)
        return failed(megabytes(size) + " cannot be mapped");
    memory_ = {static_cast<std::byte*>(start), size};
    if (numa_node >= 0 && !bind_pages(memory_, numa_node))
        return failed("cannot be kept on NUMA node " + std::to_string(numa_node));
    if (!reserve(file_.get(), size)) {
        Error error = failed(megabytes(size) + " cannot be had on its file system");
        error.message += ": make that larger, or ask for fewer flows";
        // What it has got by then is no use to anybody.
        if (!keeps)
            (void)!ftruncate(file_.get(), 0);
        return error;
    }
    // As with Pages: that the kernel may refuse changes nothing.
    (void)madvise(start, size, MADV_HUGEPAGE);
    if (!touch_pages(memory_))
        return failed(megabytes(size) + " cannot be had");
    return Done{};
}

Status MemoryFile::rename(const std::string& path) {
    if (std::rename(path_.c_str(), path.c_str()) != 0)
        return failed("cannot be renamed to " + path);
    path_ = path;
    return Done{};
}

}  // namespace sluice
