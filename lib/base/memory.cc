// SPDX-License-Identifier: BSD-3-Clause
#include "base/memory.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sluice {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kOrdinaryPage = 4096;  // the smallest of any machine: it is only touched at

// From linux/mempolicy.h and linux/mman.h, which older user space lacks or hides.
constexpr int kBindToNode = 2;      // MPOL_BIND
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14
constexpr int kHugePageShift = 26;  // MAP_HUGE_SHIFT
constexpr int kHugePageLog2 = 21;   // 2 MB, whatever the machine's default size is
constexpr int kMostNodes = 1024;
constexpr int kBitsPerWord = sizeof(unsigned long) * CHAR_BIT;

std::string megabytes(size_t bytes) {
    return std::to_string((bytes + (size_t{1} << 20) - 1) >> 20) + " MB";
}

Error refused(size_t bytes, PageKind kind, int node, int code) {
    std::string message = megabytes(bytes) + " of ";
    message += kind == PageKind::Huge ? "2 MB hugepages" : "memory";
    if (node >= 0)
        message += " on NUMA node " + std::to_string(node);
    message += " cannot be had (" + std::string(std::strerror(code)) + "): ";
    if (kind == PageKind::Huge)
        message += "reserve " + std::to_string(bytes / kHugePage) +
                   " more with vm.nr_hugepages, ask for fewer flows, or use --no-huge";
    else
        message += "ask for fewer flows";
    return Error{std::move(message)};
}

}  // namespace

bool bind_pages(std::span<std::byte> memory, int node) {
    std::array<unsigned long, kMostNodes / kBitsPerWord> mask{};
    if (node >= kMostNodes) {
        errno = EINVAL;
        return false;
    }
    const auto bit = static_cast<unsigned>(node);
    mask[bit / kBitsPerWord] = 1UL << (bit % kBitsPerWord);
    // The kernel reads one bit less than it is told of.
    const long result = syscall(SYS_mbind, memory.data(), memory.size(), kBindToNode, mask.data(),
                                kMostNodes + 1, 0);
    // A kernel without NUMA has one node, and everything is on it.
    return result == 0 || (errno == ENOSYS && node == 0);
}

/// Asking the kernel reports a shortage as an error, where a touch would end in SIGBUS; kernels
/// without the call are left with the touch, which writes back what it has read: the memory may be
/// a file's, with something in it.
bool touch_pages(std::span<std::byte> memory) {
    if (madvise(memory.data(), memory.size(), kPopulateWrite) == 0)
        return true;
    if (errno != EINVAL)
        return false;
    for (size_t at = 0; at < memory.size(); at += kOrdinaryPage) {
        volatile std::byte& byte = memory[at];
        byte = byte;
    }
    return true;
}

Pages::~Pages() {
    if (!memory_.empty())
        munmap(memory_.data(), memory_.size());
}

Result<Pages> Pages::map(size_t bytes, PageKind kind, int numa_node) {
    const size_t size = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (kind == PageKind::Huge)
        flags |= MAP_HUGETLB | kHugePageLog2 << kHugePageShift;
    void* start =
        size < bytes ? MAP_FAILED : mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (start == MAP_FAILED)
        return refused(bytes, kind, numa_node, size < bytes ? ENOMEM : errno);

    Pages pages;
    pages.memory_ = {static_cast<std::byte*>(start), size};
    if (numa_node >= 0 && !bind_pages(pages.memory_, numa_node))
        return refused(size, kind, numa_node, errno);
    // Ordinary pages may be joined by the kernel where it likes: then a lookup costs fewer misses
    // of the TLB. That it may refuse changes nothing.
    if (kind == PageKind::Ordinary)
        (void)madvise(start, size, MADV_HUGEPAGE);
    if (!touch_pages(pages.memory_))
        return refused(size, kind, numa_node, errno);
    return pages;
}

}  // namespace sluice
