// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/numbers.h"

#include "base/bits.h"

#include <bit>
#include <cstring>

namespace sluice::nat64 {
namespace {

constexpr uint64_t kUsed = 0xffff;
constexpr unsigned kDoomShift = 16;
constexpr uint64_t kFilling = uint64_t{1} << 32;
static_assert(kNamedBucket == (kUsed | kFilling));
constexpr uint64_t kChange = uint64_t{1} << 33;
/// Of who waits for a place that is being filled, which takes a worker some tens of nanoseconds.
constexpr int kLooks = 10'000;
/// A host that sends all the time is noted so often.
constexpr Duration kNoteInterval = Duration::seconds(1);

constexpr uint64_t used(unsigned place) {
    return uint64_t{1} << place;
}
constexpr uint64_t doomed(unsigned place) {
    return uint64_t{1} << (kDoomShift + place);
}

/// Of a bucket in which nobody fills one.
std::optional<unsigned> free_place(uint64_t word) {
    const uint64_t free = ~word & kUsed;
    if ((word & kFilling) != 0 || free == 0)
        return std::nullopt;
    return static_cast<unsigned>(std::countr_zero(free));
}

/// What Head says of memory that is no longer in the making: "numbers".
constexpr uint64_t kMade = 0x6e756d6265727300;

/// The next `count` of them, which are zeros or what another process has left.
template <typename T>
std::span<T> take(std::byte*& at, size_t count) {
    T* first = reinterpret_cast<T*>(at);
    at += count * sizeof(T);
    return {first, count};
}

}  // namespace

/// A swap, for a worker may be giving the number, or noting its host, at the same moment: then its
/// moment stays.
void move_along(std::atomic<uint32_t>& moment, Tick now) {
    // relaxed: a moment stands alone, and what is put in its place says the same to holder(), and
    // to is_idle().
    uint32_t then = moment.load(std::memory_order_relaxed);
    if (now - Tick{then} > kLongAgo)
        moment.compare_exchange_strong(then, (now + Duration{-kLongAgo.milliseconds}).milliseconds,
                                       std::memory_order_relaxed);
}

size_t Numbers::bytes_needed(unsigned bits) {
    static_assert(sizeof(Place) + 2 * sizeof(uint32_t) + (sizeof(Word) + kPlaces - 1) / kPlaces ==
                  kBytesPerNumber);
    const size_t numbers = size_t{1} << bits;
    return sizeof(Head) + numbers * (sizeof(Place) + 2 * sizeof(uint32_t)) +
           numbers / kPlaces * sizeof(Word);
}

Result<std::unique_ptr<Numbers>> Numbers::create(const NumbersParams& params) {
    std::unique_ptr<Numbers> numbers(new Numbers(params.plan));
    if (params.outside.empty()) {
        const auto bits = static_cast<unsigned>(std::countr_zero(params.plan.capacity()));
        Result<Pages> pages = Pages::map(bytes_needed(bits), params.pages, params.numa_node);
        if (!pages)
            return pages.error();
        numbers->pages_ = std::move(pages).value();
    }
    numbers->lay_out(params.outside.empty() ? numbers->pages_.memory() : params.outside);
    // relaxed: no other thread is there yet, and no other process.
    if (numbers->head_->is_made.load(std::memory_order_relaxed) == kMade &&
        numbers->head_->plan == params.plan.fingerprint() &&
        (!params.is_shared || numbers->head_->key == params.key))
        numbers->put_right(params.now);
    else
        numbers->make(params.key);
    return numbers;
}

void Numbers::lay_out(std::span<std::byte> memory) {
    std::byte* at = memory.data();
    const size_t count = plan_.capacity();
    head_ = take<Head>(at, 1).data();
    places_ = take<Place>(at, count);
    words_ = take<Word>(at, count / kPlaces);
    seen_ = take<std::atomic<uint32_t>>(at, count);
    given_ = take<std::atomic<uint32_t>>(at, count);
    cursor_ = words_.size();
}

/// Of memory that says nothing, or what is of no use. Whoever finds it half made makes it again.
void Numbers::make(const SipKey& key) {
    head_->is_made.exchange(0, std::memory_order_acq_rel);
    // Of each a zero's bytes are zeros.
    std::memset(static_cast<void*>(places_.data()), 0, places_.size_bytes());
    std::memset(static_cast<void*>(words_.data()), 0, words_.size_bytes());
    std::memset(static_cast<void*>(seen_.data()), 0, seen_.size_bytes());
    std::memset(static_cast<void*>(given_.data()), 0, given_.size_bytes());
    // relaxed: published by the release below. What is used for no address is nobody's.
    words_.back().store(used(kPlaces - 1), std::memory_order_relaxed);
    set_apart_named();
    head_->key = key;
    head_->plan = plan_.fingerprint();
    head_->is_made.store(kMade, std::memory_order_release);
}

void Numbers::set_apart_named() {
    for (const NumberPlan::Share& share : plan_.shares())  // relaxed: as around it
        words_[share.first / kPlaces].store(kNamedBucket, std::memory_order_relaxed);
}

/// What another process has left, from the middle of anything.
void Numbers::put_right(Tick now) {
    for (size_t bucket = 1; bucket < words_.size(); ++bucket)
        put_right(bucket, now);
    set_apart_named();
}

void Numbers::put_right(size_t bucket, Tick now) {
    // relaxed: nobody else is there.
    constexpr auto kRelaxed = std::memory_order_relaxed;
    const bool is_last = bucket + 1 == words_.size();
    const uint64_t found = words_[bucket].load(kRelaxed);
    uint64_t word = is_last ? used(kPlaces - 1) : 0;
    for (const unsigned place : SetBits{found & kUsed & ~word}) {
        const uint32_t number = number_of(bucket, place);
        const auto host = net::Ipv6Address::of_words(places_[number].high.load(kRelaxed),
                                                     places_[number].low.load(kRelaxed));
        if (host.is_unspecified() || plan_.number_of(host) || bucket_of(host) != bucket ||
            look(bucket, word, host))
            continue;
        word |= used(place);
        for (std::atomic<uint32_t>* moment : {&seen_[number], &given_[number]})
            if (Tick{moment->load(kRelaxed)}.is_after(now))
                moment->store(now.milliseconds, kRelaxed);
    }
    words_[bucket].store((found & ~(kChange - 1)) + kChange + word, kRelaxed);
}

/// The first bucket is that of hosts that are named.
size_t Numbers::bucket_of(const net::Ipv6Address& host) const {
    const NumberPlan::Share& share = plan_.share_of(host);
    const size_t first = share.first / kPlaces + 1;
    const size_t count = (share.first + share.own) / kPlaces - first;
    const uint64_t hash = sip_hash(head_->key, host.high(), host.low());
    return first + static_cast<size_t>((hash >> 32) * count >> 32);
}

std::optional<unsigned> Numbers::look(size_t bucket, uint64_t word,
                                      const net::Ipv6Address& host) const {
    const uint64_t high = host.high();
    const uint64_t low = host.low();
    for (unsigned place : SetBits{word & kUsed}) {
        const Place& there = places_[number_of(bucket, place)];
        // relaxed: written before the release that made the word in which the place is used.
        if (there.low.load(std::memory_order_relaxed) == low &&
            there.high.load(std::memory_order_relaxed) == high)
            return place;
    }
    return std::nullopt;
}

std::optional<uint32_t> Numbers::find(const net::Ipv6Address& host) const {
    if (const auto named = plan_.number_of(host))
        return named;
    const size_t bucket = bucket_of(host);
    const auto place =
        look(bucket, words_[bucket].load(std::memory_order_acquire), host);  // fill()
    return place ? std::optional(number_of(bucket, *place)) : std::nullopt;
}

std::optional<uint32_t> Numbers::find_or_add(const net::Ipv6Address& host, Tick now) {
    if (host.is_unspecified())
        return std::nullopt;
    if (const auto named = plan_.number_of(host))
        return named;
    const size_t bucket = bucket_of(host);
    for (int i = 0; i < kTries; ++i) {
        uint64_t word = words_[bucket].load(std::memory_order_acquire);  // with fill()
        if (const auto place = look(bucket, word, host)) {
            if (keep(bucket, word, *place, now))
                return number_of(bucket, *place);
            continue;
        }
        const auto place = free_place(word);
        if (!place)
            return std::nullopt;
        // acquire: the place's former address was read before it was freed.
        if (words_[bucket].compare_exchange_strong(word, (word | kFilling) + kChange,
                                                   std::memory_order_acquire,
                                                   std::memory_order_relaxed)) {
            fill(bucket, *place, host, now);
            return number_of(bucket, *place);
        }
    }
    return std::nullopt;
}

void Numbers::send_for_hosts(size_t bucket) const {
    __builtin_prefetch(&seen_[number_of(bucket, 0)]);
    for (const unsigned place : SetBits{words_[bucket].load(std::memory_order_relaxed) & kUsed})
        __builtin_prefetch(&places_[number_of(bucket, place)]);
}

std::optional<uint32_t> Numbers::find_in(size_t bucket, const net::Ipv6Address& host, Tick now) {
    const uint64_t word = words_[bucket].load(std::memory_order_acquire);  // with fill()
    const auto place = look(bucket, word, host);  // of who is named there is none
    return place && keep(bucket, word, *place, now) ? std::optional(number_of(bucket, *place))
                                                    : std::nullopt;
}

std::optional<uint32_t> Numbers::find_or_free(const net::Ipv6Address& host) const {
    if (host.is_unspecified())
        return std::nullopt;
    if (const auto known = find(host))
        return known;
    const size_t bucket = bucket_of(host);
    const auto place = free_place(words_[bucket].load(std::memory_order_acquire));  // with fill()
    return place ? std::optional(number_of(bucket, *place)) : std::nullopt;
}

bool Numbers::put(uint32_t number, const net::Ipv6Address& host, Tick now) {
    if (const auto named = plan_.number_of(host))
        return named == number;
    const size_t bucket = number / kPlaces;
    const unsigned place = number % kPlaces;
    if (number + 1 >= places_.size() || host.is_unspecified() || bucket_of(host) != bucket)
        return false;
    uint64_t word = words_[bucket].load(std::memory_order_acquire);  // with fill()
    const auto known = look(bucket, word, host);
    if (known == place)
        return keep(bucket, word, place, now);
    uint64_t next = word & ~(used(place) | doomed(place));
    if (known)
        next &= ~(used(*known) | doomed(*known));
    // acquire: as in find_or_add().
    if ((word & kFilling) != 0 || !words_[bucket].compare_exchange_strong(
                                      word, (next | kFilling) + kChange, std::memory_order_acquire,
                                      std::memory_order_relaxed))
        return false;
    fill(bucket, place, host, now);
    return true;
}

/// Notes that a host has been heard; false where its place is about to be freed, or is already.
bool Numbers::keep(size_t bucket, uint64_t word, unsigned place, Tick now) {
    std::atomic<uint32_t>& seen = seen_[number_of(bucket, place)];
    // relaxed: turn() reads it again behind a grace period.
    if (const Tick last{seen.load(std::memory_order_relaxed)}; now - last >= kNoteInterval)
        seen.store(now.milliseconds, std::memory_order_relaxed);
    if ((word & doomed(place)) == 0)
        return true;
    // acq_rel: what was read of the place is of that word; and the moment is noted before.
    return words_[bucket].compare_exchange_strong(word, (word & ~doomed(place)) + kChange,
                                                  std::memory_order_acq_rel,
                                                  std::memory_order_relaxed);
}

/// Of a place that this thread alone may fill.
void Numbers::fill(size_t bucket, unsigned place, const net::Ipv6Address& host, Tick now) {
    const uint32_t number = number_of(bucket, place);
    // release: with address() and holder(), for the swap that says "filling". Others see them by
    // the one below.
    places_[number].high.store(host.high(), std::memory_order_release);
    places_[number].low.store(host.low(), std::memory_order_release);
    given_[number].store(now.milliseconds, std::memory_order_release);
    // relaxed: published by the release below.
    seen_[number].store(now.milliseconds, std::memory_order_relaxed);
    uint64_t word = words_[bucket].load(std::memory_order_relaxed);
    while (!words_[bucket].compare_exchange_weak(word, ((word | used(place)) & ~kFilling) + kChange,
                                                 std::memory_order_release,
                                                 std::memory_order_relaxed)) {
    }
}

std::optional<net::Ipv6Address> Numbers::holder(uint32_t number, std::optional<Tick> when) const {
    if (number + 1 >= places_.size())
        return std::nullopt;
    const Word& bucket = words_[number / kPlaces];
    const Place& place = places_[number];
    for (int i = 0; i < kLooks; ++i) {
        const uint64_t word = bucket.load(std::memory_order_acquire);  // with fill()
        if ((word & kFilling) != 0 && (word & used(number % kPlaces)) == 0)
            continue;  // it may be this one
        if (is_of_named(word))
            return plan_.named(number);
        // acquire: with fill(), and before the word is looked at again.
        const uint64_t high = place.high.load(std::memory_order_acquire);
        const uint64_t low = place.low.load(std::memory_order_acquire);
        const Tick given{given_[number].load(std::memory_order_acquire)};
        if (bucket.load(std::memory_order_relaxed) != word)
            continue;
        const auto host = net::Ipv6Address::of_words(high, low);
        if (host.is_unspecified() || (when && given.is_after(*when)))
            return std::nullopt;
        return host;
    }
    return std::nullopt;
}

uint32_t Numbers::count() const {
    uint32_t all = 0;
    for (const Word& word : words_)  // relaxed: each word by itself
        all += static_cast<uint32_t>(std::popcount(word.load(std::memory_order_relaxed) & kUsed));
    return all - kPlaces * static_cast<uint32_t>(plan_.shares().size()) - 1;
}

/// Not before the grace period behind the last pass is over, for this one frees what that has
/// doomed.
bool Numbers::begin_pass(Tick now, Grace& grace) {
    if (!has_passed_) {
        has_passed_ = true;
        next_pass_ = now;
        period_ = grace.begin();
    }
    if (next_pass_.is_after(now) || !grace.is_over(period_))
        return false;
    next_pass_ = now + kPass;
    cursor_ = 1;
    return true;
}

/// Who has sent nothing since then is idle, in that bucket.
Tick Numbers::idle_since(size_t bucket, Tick now) const {
    // relaxed: any of its states will do.
    const uint64_t word = words_[bucket].load(std::memory_order_relaxed);
    const Duration idle = std::popcount(word & kUsed) >= kCrowd ? kIdleInCrowd : kIdle;
    return now + Duration{-idle.milliseconds};
}

bool Numbers::is_idle(uint32_t number, Tick since) const {
    // relaxed: of a doomed place it is read behind a grace period, as keep() notes it.
    return !Tick{seen_[number].load(std::memory_order_relaxed)}.is_after(since);
}

bool Numbers::may_be_free(size_t bucket, unsigned place, Tick since) const {
    // acquire: with fill(), whose moment is read.
    const uint64_t word = words_[bucket].load(std::memory_order_acquire);
    const uint32_t number = number_of(bucket, place);
    const bool is_used =
        (word & used(place)) != 0 && !is_of_named(word) && number + 1 != places_.size();
    return is_used && ((word & doomed(place)) != 0 || is_idle(number, since));
}

/// A doomed place whose host has been heard since, or has flows, is its host's again.
void Numbers::take_back(size_t bucket, unsigned place, bool is_unused) {
    uint64_t word = words_[bucket].load(std::memory_order_relaxed);  // its swap says the rest
    uint64_t next = word & ~doomed(place);
    if (is_unused)
        next = (word & doomed(place)) != 0 ? next & ~used(place) : word | doomed(place);
    // A swap that fails is tried again in the next pass. acq_rel: what was read of the place and
    // its moment comes before another address is put there, by who acquires this word.
    if (next != word)
        words_[bucket].compare_exchange_strong(word, next + kChange, std::memory_order_acq_rel,
                                               std::memory_order_relaxed);
}

}  // namespace sluice::nat64
