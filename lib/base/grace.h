// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Grace periods: when what has been taken out of a shared structure can be used again, because
/// nobody can still be reading it. Records, hosts, next hops and all else that readers reach
/// without a lock are retired through this.
///
/// Shape    Grace knows who may be reading: a seat a thread, with the number of the last grace
///          period that had begun when its thread last held nothing; 0 while it is offline. Retired
///          is the other half: what waits, in two batches, of which one has a grace period under
///          way and the other gathers.
/// Threads  A seat belongs to one thread at a time. begin() and is_over() by any; a Retired belongs
///          to one thread at a time, so batches need no lock. put_late_offline() by one thread.
/// Memory   128 bytes a seat, at construction.
/// Cost     quiescent(): a load and a store to the seat's own line. is_over(): a load a seat.
/// Source   Quiescent-state-based reclamation, as rte_rcu_qsbr of DPDK has it, whose counters these
///          are.
///
/// Why it is right. Let U be the store that takes something out, Q a reader's quiescent().
/// - A reader that was in when the period began: its looks come before the store of its next Q
///   (release), and that store is read by is_over() (acquire) before anything is reused. Q stores
///   the number that it has read (acquire) from the word which begin() raised after U (release): so
///   what the reader looks at after Q is without what U took out.
/// - A reader that comes online while is_over() takes it for offline: a store and then a load of
///   something else on both sides (Dekker). The reader stores its seat and then looks; the other
///   side does U and then reads the seats. Between the two stands a sequentially consistent fence
///   on each side, in online() and in begin(): one of both sees what the other has stored. So U may
///   be of any order.
/// - What one thread has learned of a period orders nothing for another thread: each Retired asks
///   by itself. rte_rcu_qsbr_check() is not used, for it keeps what it has learned in a plain word
///   for all threads, by which this order is lost (the thread sanitizer says so).
/// - A reading that is late is put offline by a swap of its seat's word, which fails when it has
///   ended. Its thread learns so when it ends, by the swap of the same word, and throws away what
///   it has read; the memory is mapped all the time, and what it reads is used for nothing before.
///   So a reading may copy, and follow indexes into arrays, but must not change anything.

#include "base/clock.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

struct rte_rcu_qsbr;

namespace sluice {

/// Whoever makes others wait for longer is named, and a reading put offline. What it still copies
/// then is void, but copied while it is written: under the thread sanitizer, which stops at that,
/// no reading is late.
#ifdef __SANITIZE_THREAD__
inline constexpr Duration kLongestReading = Duration::seconds(600);
#else
inline constexpr Duration kLongestReading{100};
#endif

/// A reader that others wait for.
struct Delay {
    uint32_t tag = 0;  ///< As it has joined.
    uint32_t milliseconds = 0;

    bool is_long() const { return milliseconds > uint32_t{kLongestReading.milliseconds}; }
};

class Grace {
public:
    explicit Grace(unsigned seats);
    ~Grace();
    Grace(const Grace&) = delete;
    Grace& operator=(const Grace&) = delete;

    /// The thread that has the seat is a reader from now on, until leave(); online. By the tag it
    /// is known to whoever tells of it.
    void join(unsigned seat, uint32_t tag = 0);
    void leave(unsigned seat);
    /// It holds nothing at this moment.
    void quiescent(unsigned seat);
    /// Around a wait: nobody waits for it meanwhile.
    void offline(unsigned seat);
    void online(unsigned seat);

    /// In place of these, for a thread that only copies: may be put offline when it is late.
    void begin_reading(unsigned seat);
    /// False when it was put offline on the way: what was read is void.
    bool end_reading(unsigned seat);

    /// Begins a grace period for all that was taken out before; returns its number.
    uint64_t begin();
    bool is_over(uint64_t number) const;

    /// For DPDK's own structures that ask the same readers.
    rte_rcu_qsbr* counters() { return counters_; }

    /// Puts readings offline that it has seen going on for longer than `most`; returns how many.
    unsigned put_late_offline(Tick now, Duration most);
    /// Of the readers that a period has been waiting for, but for readings, the one that it has
    /// seen so for the longest; of 0 milliseconds where nobody is waited for. Anew: what it has
    /// seen before does not count, for nobody has looked for a while. By the same thread.
    Delay longest_delay(Tick now, bool is_anew);
    /// What that has last found; by any thread.
    Delay last_delay() const {
        // relaxed: both halves are of one moment, and nothing else hangs on them.
        const uint64_t found = delayed_.load(std::memory_order_relaxed);
        return {static_cast<uint32_t>(found >> 32), static_cast<uint32_t>(found)};
    }

private:
    /// What put_late_offline() has seen of a seat's reading, and longest_delay() of its number.
    struct Watched {
        uint32_t reading = 0;
        Tick since;
        uint64_t number = 0;
        Tick delays_since;
    };

    std::atomic<uint32_t>& reading_of(unsigned seat) { return readings_[seat].count; }

    struct alignas(64) Reading {
        std::atomic<uint32_t> count{0};  // odd while one goes on
        std::atomic<uint32_t> tag{0};    // of whoever has the seat
    };

    rte_rcu_qsbr* counters_;
    std::vector<Reading> readings_;
    std::vector<Watched> watched_;
    std::atomic<unsigned> used_{0};     // no seat from here on was ever taken
    std::atomic<uint64_t> delayed_{0};  // the tag, then the milliseconds
};

/// What waits to be used again. A batch is made empty by {}, and says so by empty().
template <typename Batch>
class Retired {
public:
    /// What has been taken out goes here.
    Batch& fresh() { return fresh_; }

    /// Empty only if the fresh one is, behind a turn().
    const Batch& waiting() const { return waiting_; }
    /// Of both, where a batch knows its own.
    size_t size() const { return fresh_.size() + waiting_.size(); }

    /// Hands a batch whose grace period is over to reuse(batch), and lets what has gathered wait
    /// for the next one. Whatever comes within one period shares the next.
    template <typename Reuse>
    void turn(Grace& grace, Reuse reuse) {
        if (!waiting_.empty()) {
            if (!grace.is_over(number_))
                return;
            reuse(std::exchange(waiting_, {}));
        }
        if (fresh_.empty())
            return;
        waiting_ = std::exchange(fresh_, {});
        number_ = grace.begin();
    }

    /// Both batches, for whoever takes them over.
    template <typename Take>
    void hand_over(Take take) {
        for (Batch* batch : {&fresh_, &waiting_})
            if (!batch->empty())
                take(std::exchange(*batch, {}));
    }

private:
    Batch fresh_{};
    Batch waiting_{};
    uint64_t number_ = 0;
};

}  // namespace sluice
