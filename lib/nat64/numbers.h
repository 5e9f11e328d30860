// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Numbers: gives each IPv6 host a number, which stands for it where IPv4 addresses stand.
///
/// Shape    Buckets of 16 places, found by the keyed hash of the address among those of its share
///          (nat64/number_plan.h); a place's position is its host's number. The first bucket of a
///          share is that of hosts that are named, and the last place is nobody's.
/// Threads  find_or_add() by any worker at once, without a lock; find(), find_or_free(), address(),
///          for_each() and holder() by any thread; turn() by the control core alone, with workers
///          as the readers of its grace periods; put() likewise, while no worker gives numbers.
/// Errors   find_or_add() yields nothing where the bucket is full, or where another thread is
///          giving a number in it at the same moment.
/// Memory   All at create(): kBytesPerNumber. It may outlive the process (lib/state): who is
///          created in memory that another has left, by the same plan, knows its hosts.
/// Cost     One line for the bucket's word and one for each address that is compared.
///
/// Why a host never has two numbers, and a number never two hosts:
/// - A bucket's word says which places are used, which are doomed, whether a place is being filled,
///   and how often it has changed. Every change is a compare-and-swap of the whole word.
/// - Whoever adds has seen a word by which nobody is filling a place, has found the address in none
///   of the used places, and swaps just that word for one that says "filling" (acquire). So the
///   bucket is as it was seen, and nobody else fills a place of it until the new one is published
///   (release). Who finds the word "filling", and not the address, gives up: its packet is dropped,
///   and comes again.
/// - An address is written before the release that publishes its place, and read behind an acquire
///   of a word that has it.
/// - turn() dooms a place whose host is idle and has no flow, and frees it a pass later, after a
///   grace period, if it is still doomed, idle and without a flow. Who finds an address in a place
///   that is not doomed has it for the rest of its turn, for no grace period ends meanwhile; and
///   has noted the moment, which is seen before the place is freed. Who finds it in a doomed one
///   first takes the doom away, by a swap that fails if anything has changed.
/// - Idle is who has sent nothing for kIdle, or for kIdleInCrowd where most places of its bucket
///   are used: who forges sources may fill buckets, and not keep them. Which of both it is may
///   differ from pass to pass. All that is said here wants only that the shorter one is far longer
///   than the second in which a moment need not be noted again, and than a turn.
/// - Who is in no turn reads an address between two looks at its bucket's word, which must be the
///   same: a place is filled behind the swap that says "filling", and each half of an address is a
///   release, so who has acquired a new half sees that word, or a later one, when it looks again.
/// - What is found after a crash is put right before any thread is there: a place that is being
///   filled has told nobody its number yet, and a doomed one is looked at anew. So each host that
///   is found in its bucket has its number, and all else is free.
/// - A packet that a worker hands on with a number in it lies in rings and queues for far less than
///   kIdleInCrowd.
/// - put() gives a host the number that it has at another gateway: in its own bucket, to no second
///   one, and from whoever had it here. It says "filling" as whoever adds does, so readers see
///   whole addresses. It waits for no grace period: no worker is in a turn in which it has found a
///   number. Whose number goes to another host has lost it there, and whoever calls put() has ended
///   what stood here under it.
/// - tests/model/nat64/numbers.pml is the same for Spin, but for put() and crashes.
///
/// Why what is told of a number is told of the right host, however late:
/// - A place that is free keeps its last host's address until it is given to another. So who had a
///   number last can be told for as long as nobody has it.
/// - A place is free a pass after it was doomed, and at both passes it had no flow: so what is told
///   within kPass of a flow that stood at a pass finds its host.
/// - With an address stands since when its host has had the number. What is asked later, about a
///   time before, finds that and is told nothing, rather than another host; so lists ask about
///   the time at which they begin. turn() moves moments along that are older than kLongAgo, before
///   ticks come round; those at which hosts were heard as well.

#include "base/clock.h"
#include "base/grace.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/sip_hash.h"
#include "nat64/number_plan.h"
#include "net/ipv6.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace sluice::nat64 {

/// A host that has sent nothing for so long, and has no flow, loses its number.
inline constexpr Duration kIdle = Duration::seconds(30 * 60);
/// Likewise where others may soon find no room: of each 16 numbers kCrowd are given, or more.
inline constexpr Duration kIdleInCrowd = Duration::seconds(60);
inline constexpr int kCrowd = 12;
/// Between two looks at all places.
inline constexpr Duration kPass = Duration::seconds(10);
/// A host that has its number longer has it since then, as far as holder() knows.
inline constexpr Duration kLongAgo = Duration::seconds(24 * 3600);

/// Memory for a number, at most: its address, two moments, and its part of a bucket's word.
inline constexpr size_t kBytesPerNumber = 25;

struct NumbersParams {
    NumberPlan plan;
    SipKey key{};            ///< Random per start; where numbers are found, theirs is taken.
    bool is_shared = false;  ///< Another gateway has the key: by another one nothing is found.
    PageKind pages = PageKind::Ordinary;
    int numa_node = -1;
    std::span<std::byte> outside = {};  ///< Memory that outlives this; empty for some of its own.
    Tick now{};                         ///< By the clock of what is found there.
};

/// Places of a bucket.
inline constexpr unsigned kPlaces = 16;

constexpr uint32_t number_of(size_t bucket, unsigned place) {
    return static_cast<uint32_t>(bucket * kPlaces + place);
}

/// The word of a bucket of named hosts, which nobody changes: no other is full and being filled.
inline constexpr uint64_t kNamedBucket = 0x1'0000'ffff;
constexpr bool is_of_named(uint64_t word) {
    return (word & kNamedBucket) == kNamedBucket;
}

/// Of a moment that is older than kLongAgo.
void move_along(std::atomic<uint32_t>& moment, Tick now);

class Numbers {
public:
    static Result<std::unique_ptr<Numbers>> create(const NumbersParams& params);
    /// For 2^bits numbers.
    static size_t bytes_needed(unsigned bits);

    std::optional<uint32_t> find(const net::Ipv6Address& host) const;
    /// That of a host which has sent something now.
    std::optional<uint32_t> find_or_add(const net::Ipv6Address& host, Tick now);
    /// What find_or_add() would say; nothing is given, and nobody is noted as heard.
    std::optional<uint32_t> find_or_free(const net::Ipv6Address& host) const;
    // The same in two steps, for who has many to find: what find_in() will read can be sent for.
    size_t bucket_of(const net::Ipv6Address& host) const;
    /// Of a host that has one already; nothing for who is named, or is to be asked for again.
    std::optional<uint32_t> find_in(size_t bucket, const net::Ipv6Address& host, Tick now);
    void send_for_hosts(size_t bucket) const;  ///< A hint, so its read is relaxed.
    /// What address() reads, of a number below capacity(); of a bucket's first before its hosts.
    void send_for(uint32_t number) const {
        __builtin_prefetch(&words_[number / kPlaces]);
        __builtin_prefetch(&places_[number]);
    }

    /// As if the host had sent something now, and got just this one. False where it cannot be its.
    bool put(uint32_t number, const net::Ipv6Address& host, Tick now);
    /// Nothing for a number that nobody has. Inlined, for what leaves to IPv6 hosts asks each time.
    [[gnu::always_inline]] std::optional<net::Ipv6Address> address(uint32_t number) const {
        if (number >= places_.size())
            return std::nullopt;
        const Word& bucket = words_[number / kPlaces];
        const Place& place = places_[number];
        for (int i = 0; i < kTries; ++i) {
            const uint64_t word = bucket.load(std::memory_order_acquire);  // with fill()
            if ((word >> number % kPlaces & 1) == 0)
                return std::nullopt;
            if (is_of_named(word))
                return plan_.named(number);
            // acquire: with fill(), and before the word is looked at again.
            const uint64_t high = place.high.load(std::memory_order_acquire);
            const uint64_t low = place.low.load(std::memory_order_acquire);
            if (bucket.load(std::memory_order_relaxed) == word)
                return (high | low) == 0 ? std::nullopt
                                         : std::optional(net::Ipv6Address::of_words(high, low));
        }
        return std::nullopt;
    }
    /// Who had it at that time, or had it last; without a time, who has it or had it last. Nothing
    /// where it has been given to another host since, or never to any.
    std::optional<net::Ipv6Address> holder(uint32_t number, std::optional<Tick> when = {}) const;

    /// Calls visit(number, address) for each host that has one.
    template <typename Visit>
    void for_each(Visit visit) const {
        for (uint32_t number = kFirstNamed; number < capacity(); ++number)
            if (const auto host = address(number))
                visit(number, *host);
    }

    uint32_t capacity() const { return static_cast<uint32_t>(places_.size()); }
    size_t bytes() const {
        return bytes_needed(static_cast<unsigned>(std::countr_zero(capacity())));
    }
    /// How many hosts that are not named have one; exact while nothing changes.
    uint32_t count() const;

    /// A slice of the work of taking numbers back; is_used(number) says whose stay.
    template <typename IsUsed>
    void turn(Tick now, Grace& grace, IsUsed is_used) {
        if (cursor_ == words_.size() && !begin_pass(now, grace))
            return;
        const size_t end = std::min(cursor_ + kSlice, words_.size());
        for (; cursor_ < end; ++cursor_) {
            const Tick since = idle_since(cursor_, now);
            for (unsigned place = 0; place < kPlaces; ++place) {
                const uint32_t number = number_of(cursor_, place);
                move_along(given_[number], now);
                move_along(seen_[number], now);
                if (may_be_free(cursor_, place, since))
                    take_back(cursor_, place, is_idle(number, since) && !is_used(number));
            }
        }
        if (cursor_ == words_.size())
            period_ = grace.begin();  // behind the last that has been doomed
    }

private:
    static constexpr size_t kSlice = 64;  // buckets a turn
    static constexpr int kTries = 8;      // others have changed the bucket each time
    struct Place {
        std::atomic<uint64_t> high;
        std::atomic<uint64_t> low;
    };
    using Word = std::atomic<uint64_t>;  // changes 31 | is filling 1 | doomed 16 | used 16
    /// What whoever finds the memory must know.
    struct Head {
        uint64_t plan = 0;  // its fingerprint
        SipKey key{};
        std::atomic<uint64_t> is_made{};
    };

    explicit Numbers(const NumberPlan& plan) : plan_(plan) {}
    void lay_out(std::span<std::byte> memory);
    void make(const SipKey& key);
    void set_apart_named();
    void put_right(Tick now);
    void put_right(size_t bucket, Tick now);
    std::optional<unsigned> look(size_t bucket, uint64_t word, const net::Ipv6Address& host) const;
    bool keep(size_t bucket, uint64_t word, unsigned place, Tick now);
    void fill(size_t bucket, unsigned place, const net::Ipv6Address& host, Tick now);
    bool begin_pass(Tick now, Grace& grace);
    Tick idle_since(size_t bucket, Tick now) const;
    bool is_idle(uint32_t number, Tick since) const;
    bool may_be_free(size_t bucket, unsigned place, Tick since) const;
    void take_back(size_t bucket, unsigned place, bool is_unused);

    NumberPlan plan_;
    Pages pages_;
    Head* head_ = nullptr;
    std::span<Place> places_;
    std::span<Word> words_;
    std::span<std::atomic<uint32_t>> seen_;   // when each host last sent something
    std::span<std::atomic<uint32_t>> given_;  // when it got its number
    // The control core's.
    size_t cursor_ = 0;
    uint64_t period_ = 0;  // the grace period behind the last pass
    Tick next_pass_;
    bool has_passed_ = false;
};

}  // namespace sluice::nat64
