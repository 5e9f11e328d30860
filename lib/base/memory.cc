// SPDX-License-Identifier: BSD-3-Clause
#include "base/memory.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sluice {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kOrdinaryPage = 4096;  // the smallest of any machine: it is only touched at
/// Of ordinary memory, so little that its pages need not be joined.
constexpr size_t kLittle = 16 * kOrdinaryPage;

// From linux/mempolicy.h and linux/mman.h, which older user space lacks or hides.
constexpr int kBindToNode = 2;      // MPOL_BIND
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14
constexpr int kHugePageShift = 26;  // MAP_HUGE_SHIFT
// Whatever the machine's default size is.
constexpr int kHugePageLog2 = 21;
constexpr int kGigabytePageLog2 = 30;
constexpr int kMostNodes = 1024;
constexpr int kBitsPerWord = sizeof(unsigned long) * CHAR_BIT;

Error refused(size_t bytes, PageKind kind, int node, int code) {
    std::string message = megabytes(bytes) + " of ";
    message += kind == PageKind::Huge ? "2 MB hugepages" : "memory";
    if (node >= 0)
        message += " on NUMA node " + std::to_string(node);
    message += " cannot be had (" + std::string(std::strerror(code)) + "): ";
    if (kind == PageKind::Huge)
        message += "reserve " +
                   std::to_string(bytes / kHugePage + (bytes % kHugePage != 0 ? 1 : 0)) +
                   " more with vm.nr_hugepages, ask for fewer flows, or use --no-huge";
    else
        message += "ask for fewer flows";
    return Error{std::move(message)};
}

/// A mapping with all of its pages, of 2^`page_log2` bytes where they are huge.
Result<std::span<std::byte>> map_pages(size_t bytes, PageKind kind, int page_log2, int node) {
    // Whoever makes many small tables pays for what they need.
    const bool is_little = kind == PageKind::Ordinary && bytes <= kLittle;
    const size_t page = is_little ? kOrdinaryPage : size_t{1} << page_log2;
    const size_t size = (bytes + page - 1) / page * page;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (kind == PageKind::Huge)
        flags |= MAP_HUGETLB | page_log2 << kHugePageShift;
    void* start =
        size < bytes ? MAP_FAILED : mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (start == MAP_FAILED)
        return refused(bytes, kind, node, size < bytes ? ENOMEM : errno);

    const std::span memory(static_cast<std::byte*>(start), size);
    const auto give_up = [&] {
        Error error = refused(size, kind, node, errno);
        munmap(start, size);
        return error;
    };
    if (node >= 0 && !bind_pages(memory, node))
        return give_up();
    // Ordinary pages may be joined by the kernel where it likes: then a lookup costs fewer misses
    // of the TLB. That it may refuse changes nothing.
    if (kind == PageKind::Ordinary && !is_little)
        (void)madvise(start, size, MADV_HUGEPAGE);
    if (!touch_pages(memory))
        return give_up();
    return memory;
}

}  // namespace

std::string megabytes(size_t bytes) {
    return std::to_string((bytes + (size_t{1} << 20) - 1) >> 20) + " MB";
}

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

/// Machines that are set up for databases or guests may have pages of 1 GB alone.
Result<Pages> Pages::map(size_t bytes, PageKind kind, int numa_node) {
    Result<std::span<std::byte>> memory = map_pages(bytes, kind, kHugePageLog2, numa_node);
    if (!memory && kind == PageKind::Huge)
        if (Result<std::span<std::byte>> larger =
                map_pages(bytes, kind, kGigabytePageLog2, numa_node);
            larger)
            memory = larger;
    if (!memory)
        return memory.error();
    Pages pages;
    pages.memory_ = *memory;
    return pages;
}

}  // namespace sluice
