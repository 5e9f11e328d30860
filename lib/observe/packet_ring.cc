// SPDX-License-Identifier: BSD-3-Clause
#include "observe/packet_ring.h"

#include <new>

namespace sluice::observe {
namespace {

constexpr uint64_t round_up(uint64_t bytes) {
    return (bytes + kEntryAlignment - 1) / kEntryAlignment * kEntryAlignment;
}

}  // namespace

PacketRing::PacketRing() : memory_(static_cast<std::byte*>(std::calloc(kBytes, 1))) {}

PacketEntry* PacketRing::reserve(uint32_t captured) {
    const uint64_t bytes = round_up(sizeof(PacketEntry) + uint64_t{captured});
    const uint64_t to_end = kBytes - head_ % kBytes;
    const uint64_t skipped = bytes <= to_end ? 0 : to_end;
    if (head_ + skipped + bytes > free_until_)
        free_until_ = read_.load(std::memory_order_acquire) + kBytes;
    if (memory_ == nullptr || head_ + skipped + bytes > free_until_) {
        lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return nullptr;
    }
    if (skipped != 0)  // an entry of no bytes: the reader goes on at the beginning
        *reinterpret_cast<uint32_t*>(at(head_)) = 0;
    head_ += skipped;
    PacketEntry* const entry = new (at(head_)) PacketEntry;
    head_ += bytes;
    entry->bytes = static_cast<uint32_t>(bytes);
    entry->captured = captured;
    return entry;
}

void PacketRing::collect(std::vector<const PacketEntry*>& entries, size_t most) {
    const uint64_t end = written_.load(std::memory_order_acquire);
    while (next_ != end && most != 0) {
        const PacketEntry* const entry = at(next_);
        if (entry->bytes == 0) {
            next_ += kBytes - next_ % kBytes;
            continue;
        }
        next_ += entry->bytes;
        entries.push_back(entry);
        --most;
    }
}

}  // namespace sluice::observe
