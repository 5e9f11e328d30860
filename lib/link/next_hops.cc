// SPDX-License-Identifier: BSD-3-Clause
#include "link/next_hops.h"

#include <algorithm>
#include <bit>
#include <string>

namespace sluice::link {
namespace {

// A slot's word: the address, the interface and a mark make the key; above it stands the index. An
// empty slot is 0, and so is its index: kNoHop.
constexpr unsigned kInterfaceShift = 32;
constexpr uint64_t kSlotTaken = uint64_t{1} << 44;
constexpr unsigned kIndexShift = 48;
constexpr uint64_t kKey = (uint64_t{1} << kIndexShift) - 1;

constexpr uint64_t key_of(InterfaceId interface, Be32 address) {
    return address.raw | uint64_t{interface} << kInterfaceShift | kSlotTaken;
}

constexpr HopIndex index_in(uint64_t slot) {
    return static_cast<HopIndex>(slot >> kIndexShift);
}

size_t slots_for(uint32_t capacity) {
    return std::bit_ceil(size_t{capacity} * 2);
}

}  // namespace

Result<std::unique_ptr<NextHops>> NextHops::create(uint32_t capacity, uint64_t secret) {
    if (capacity == 0 || capacity > kMaxHops)
        return Error{"there can be 1 to " + std::to_string(kMaxHops) + " next hops, not " +
                     std::to_string(capacity)};
    return std::unique_ptr<NextHops>(new NextHops(capacity, secret));
}

NextHops::NextHops(uint32_t capacity, uint64_t secret)
    : capacity_(capacity),
      secret_(secret),
      words_(capacity + size_t{1}),
      slots_(slots_for(capacity)),
      addresses_(capacity + size_t{1}) {
    free_.reserve(capacity);
    for (uint32_t index = capacity; index > kNoHop; --index)
        free_.push_back(static_cast<HopIndex>(index));
}

size_t NextHops::home(uint64_t key) const {
    // Two rounds of multiply and fold: every bit of the key reaches every bit of the place.
    uint64_t mixed = (key ^ secret_) * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 32 ^ secret_) * 0xd6e8feb86659fd93;
    return (mixed ^ mixed >> 32) & (slots_.size() - 1);
}

/// Where the key stands, or the empty slot that ends the search for it.
NextHops::Place NextHops::search(uint64_t key) const {
    size_t at = home(key);
    for (;; at = (at + 1) & (slots_.size() - 1)) {
        // acquire: pairs with the release in add(), so that the hop's word is seen as well.
        const uint64_t slot = slots_[at].load(std::memory_order_acquire);
        if (slot == 0 || (slot & kKey) == key)
            return {at, slot};
    }
}

HopIndex NextHops::find(InterfaceId interface, Be32 address) const {
    return index_in(search(key_of(interface, address)).slot);
}

void NextHops::mark_used(HopIndex index) {
    if ((words_[index].load(std::memory_order_relaxed) & Hop::kUsed) == 0)
        words_[index].fetch_or(Hop::kUsed, std::memory_order_relaxed);
}

HopIndex NextHops::add(InterfaceId interface, Be32 address) {
    const uint64_t key = key_of(interface, address);
    const Place place = search(key);
    if (place.slot != 0)
        return index_in(place.slot);
    if (free_.empty())
        return kNoHop;

    const HopIndex index = free_.back();
    free_.pop_back();
    addresses_[index] = address;
    words_[index].store(Hop::on(interface), std::memory_order_relaxed);
    slots_[place.at].store(key | uint64_t{index} << kIndexShift, std::memory_order_release);
    return index;
}

/// Workers set the used mark at any time, so a plain store could undo it.
void NextHops::change(HopIndex index, uint64_t keep, uint64_t set) {
    uint64_t word = words_[index].load(std::memory_order_relaxed);
    while (!words_[index].compare_exchange_weak(word, (word & keep) | set,
                                                std::memory_order_relaxed)) {
    }
}

void NextHops::resolve(HopIndex index, const net::MacAddress& mac) {
    change(index, Hop::kInterface | Hop::kUsed, net::mac_bits(mac) | Hop::kResolved);
}

void NextHops::fail(HopIndex index) {
    change(index, Hop::kInterface | Hop::kUsed, Hop::kFailed);
}

void NextHops::retry(HopIndex index) {
    change(index, ~Hop::kFailed, 0);
}

bool NextHops::take_used(HopIndex index) {
    return (words_[index].fetch_and(~Hop::kUsed, std::memory_order_relaxed) & Hop::kUsed) != 0;
}

void NextHops::remove(HopIndex index) {
    const InterfaceId interface = read(index).interface();
    erase(key_of(interface, addresses_[index]));
    words_[index].store(Hop::on(interface), std::memory_order_relaxed);
    // release: who sees the new generation no longer finds the index.
    generation_.fetch_add(1, std::memory_order_release);
    removed_.fresh().push_back(index);
}

/// Closes the gap, so that no search ends early for ever: each later entry of the run moves into it
/// if the gap lies between its home and its place. It is copied before its old place is emptied.
void NextHops::erase(uint64_t key) {
    const size_t mask = slots_.size() - 1;
    size_t gap = search(key).at;
    for (size_t at = (gap + 1) & mask;; at = (at + 1) & mask) {
        const uint64_t slot = slots_[at].load(std::memory_order_relaxed);
        if (slot == 0)
            break;
        if (((at - home(slot & kKey)) & mask) < ((at - gap) & mask))
            continue;
        slots_[gap].store(slot, std::memory_order_release);
        gap = at;
    }
    slots_[gap].store(0, std::memory_order_release);
}

void NextHops::reuse(Grace& grace) {
    removed_.turn(grace, [this](const std::vector<HopIndex>& hops) {
        free_.insert(free_.end(), hops.begin(), hops.end());
    });
}

}  // namespace sluice::link
