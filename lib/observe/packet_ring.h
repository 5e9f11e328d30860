// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet ring: entries of any size on their way from the thread that sees packets to the one that
/// writes them down.
///
/// Shape    Bytes, written round and round. An entry lies in one piece: where the end is too near,
///          a mark says that it goes on at the beginning. What the writer has reserved may still be
///          changed until it publishes.
/// Threads  One writer and one reader. `written_` is stored with release by publish() and loaded
///          with acquire by the reader, who so sees the entries whole; `read_` is stored with
///          release by the reader and loaded with acquire by the writer, who so writes no place
///          that is still being read.
/// Memory   kBytes of address space, zeroed pages of the kernel, taken as they are written.
/// Errors   Where there is no room, or there was no memory, reserve() returns null and counts it: a
///          writer waits for nobody.

#include "observe/packet_entry.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace sluice::observe {

class PacketRing {
public:
    static constexpr uint64_t kBytes = uint64_t{4} << 20;

    PacketRing();

    // The writer's.
    /// Room for an entry and `captured` bytes of frame; `bytes` and `captured` are filled in.
    PacketEntry* reserve(uint32_t captured);
    /// What has been reserved so far is the reader's to see.
    void publish() { written_.store(head_, std::memory_order_release); }

    // The reader's.
    /// Appends the entries that are there, at most `most`; they stay until release().
    void collect(std::vector<const PacketEntry*>& entries, size_t most);
    /// All that has been collected is done with.
    void release() { read_.store(next_, std::memory_order_release); }

    /// How many entries there was no room for, since the beginning.
    uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

private:
    struct Free {
        void operator()(std::byte* memory) const { std::free(memory); }
    };

    PacketEntry* at(uint64_t position) const {
        return reinterpret_cast<PacketEntry*>(memory_.get() + position % kBytes);
    }

    std::unique_ptr<std::byte, Free> memory_;
    alignas(64) uint64_t head_ = 0;  // the writer's
    uint64_t free_until_ = kBytes;   // the writer's: what it knows of read_
    std::atomic<uint64_t> written_{0};
    std::atomic<uint64_t> lost_{0};
    alignas(64) uint64_t next_ = 0;  // the reader's
    std::atomic<uint64_t> read_{0};
};

}  // namespace sluice::observe
