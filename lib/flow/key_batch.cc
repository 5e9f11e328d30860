// SPDX-License-Identifier: BSD-3-Clause
#include "flow/key_batch.h"

#include <algorithm>
#include <bit>

namespace sluice::flow {
namespace {

/// A part of the index is so large: with what is read beside it, it stays in a cache of a core.
constexpr size_t kPartBytes = size_t{256} << 10;
constexpr size_t kMostParts = 1024;

/// Puts a word into an empty slot of the bucket, where nobody else is at work; false when it is
/// full.
bool put_first(Bucket& bucket, SlotWord word) {
    const unsigned empty = bucket.empty_slots();
    if (empty == 0)
        return false;
    // relaxed: nobody looks yet.
    bucket.slot[static_cast<unsigned>(std::countr_zero(empty))].store(word,
                                                                      std::memory_order_relaxed);
    return true;
}

}  // namespace

KeyBatch::KeyBatch(std::span<const FlowRecord> records, size_t most)
    : records_(records), most_(most * 2) {
    const size_t buckets = records.size() * 2 / kSlots;
    ends_.resize(std::clamp<size_t>(buckets * sizeof(Bucket) / kPartBytes, 1, kMostParts));
}

bool KeyBatch::make() {
    auto pages = Pages::map(most_ * 2 * sizeof(Key), PageKind::Ordinary, -1);
    if (!pages) {
        most_ = 0;
        return false;
    }
    pages_ = std::move(pages).value();
    auto* const first = reinterpret_cast<Key*>(pages_.memory().data());
    keys_ = {first, most_};
    sorted_ = {first + most_, most_};
    return true;
}

bool KeyBatch::add(uint32_t record, const TupleHash& hash) {
    if (count_ == most_ || (keys_.empty() && !make()))
        return false;
    std::array<uint64_t, 2> hashes;
    hash.bulk(records_[record].tuple, hashes);
    for (uint32_t direction = 0; direction < hashes.size(); ++direction) {
        const Key key{static_cast<uint32_t>(hashes[direction] >> 32),
                      static_cast<uint32_t>(hashes[direction]),
                      record | direction << SlotWord::kIndexBits};
        ++ends_[part_of(key)];
        keys_[count_++] = key;
    }
    return true;
}

void KeyBatch::clear() {
    count_ = 0;
    std::ranges::fill(ends_, 0);
}

/// Of one part the keys stay as they came.
void KeyBatch::sort() {
    size_t begin = 0;
    for (size_t& end : ends_) {
        const size_t keys = end;
        end = begin;
        begin += keys;
    }
    for (const Key& key : keys_.first(count_))
        sorted_[ends_[part_of(key)]++] = key;
}

bool KeyBatch::put(CuckooIndex& index, Moves& moves) {
    sort();
    if (put_sorted(index, moves))
        return true;
    for (const Key& key : sorted_.first(count_))
        index.erase(index.place(key.hash()), key.record(), key.direction());
    return false;
}

bool KeyBatch::put_sorted(CuckooIndex& index, Moves& moves) {
    late_count_ = 0;
    for (size_t i = 0; i < count_ + kLead; ++i) {
        if (i < count_)
            __builtin_prefetch(&index.primary(sorted_[i].hash()), 1);
        if (i < kLead)
            continue;
        const Key& key = sorted_[i - kLead];
        const Place place = index.place(key.hash());
        if (put_first(index.bucket(place.primary), key.word())) {
            if (is_there(index, key))
                return false;
            ++moves[0];
            continue;
        }
        __builtin_prefetch(&index.bucket(index.secondary(place)), 1);
        late_[late_count_++] = key;
        if (late_count_ == late_.size() && !put_late(index, moves))
            return false;
    }
    return put_late(index, moves);
}

/// Those that go to their other bucket, or need room.
bool KeyBatch::put_late(CuckooIndex& index, Moves& moves) {
    for (const Key& key : std::span(late_).first(late_count_)) {
        const Place place = index.place(key.hash());
        unsigned most = 0;
        SlotWord word = key.word();
        while (index.claim(place, word) == nullptr) {
            const Room room = make_room(index, place);
            if (!room.found)
                return false;
            most = std::max(most, room.moves);
        }
        if (is_there(index, key))
            return false;
        ++moves[most];
    }
    late_count_ = 0;
    return true;
}

/// Under another name.
bool KeyBatch::is_there(const CuckooIndex& index, const Key& key) const {
    const net::Tuple& tuple = records_[key.record()].key(key.direction());
    return index.scan(index.place(key.hash()), [&](const Slot&, SlotWord word) {
        return (word.index() != key.record() || word.direction() != key.direction()) &&
               records_[word.index()].key(word.direction()) == tuple;
    });
}

}  // namespace sluice::flow
