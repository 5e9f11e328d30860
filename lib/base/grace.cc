// SPDX-License-Identifier: BSD-3-Clause
#include "base/grace.h"

#include <rte_rcu_qsbr.h>

#include <cassert>
#include <new>

namespace sluice {
namespace {

constexpr std::align_val_t kLineAlignment{RTE_CACHE_LINE_SIZE};

}  // namespace

Grace::Grace(unsigned seats)
    : counters_(static_cast<rte_rcu_qsbr*>(
          ::operator new(rte_rcu_qsbr_get_memsize(seats), kLineAlignment))),
      readings_(seats),
      watched_(seats) {
    [[maybe_unused]] const int result = rte_rcu_qsbr_init(counters_, seats);
    assert(result == 0);
}

Grace::~Grace() {
    ::operator delete(counters_, kLineAlignment);
}

void Grace::join(unsigned seat, uint32_t tag) {
    readings_[seat].tag.store(tag, std::memory_order_relaxed);  // it is for a sentence alone
    // Sequentially consistent: who does not see the seat here has begun before it was online.
    unsigned used = used_.load();
    while (used <= seat && !used_.compare_exchange_weak(used, seat + 1)) {
    }
    rte_rcu_qsbr_thread_register(counters_, seat);
    online(seat);
}

void Grace::leave(unsigned seat) {
    offline(seat);
    rte_rcu_qsbr_thread_unregister(counters_, seat);
}

void Grace::quiescent(unsigned seat) {
    rte_rcu_qsbr_quiescent(counters_, seat);
}

void Grace::offline(unsigned seat) {
    rte_rcu_qsbr_thread_offline(counters_, seat);
}

void Grace::online(unsigned seat) {
    rte_rcu_qsbr_thread_online(counters_, seat);
    // It reads the number with a fence; an acquiring load says the same more plainly.
    rte_rcu_qsbr_quiescent(counters_, seat);
    // A reading may have been put offline between the two, and then the second store is the one
    // that brings it online: no look comes before that either.
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

void Grace::begin_reading(unsigned seat) {
    // Odd before it is online, so that put_late_offline() meets no reading that it has not watched.
    reading_of(seat).fetch_add(1, std::memory_order_release);
    join(seat);
}

bool Grace::end_reading(unsigned seat) {
    // Release: the looks come before it. The number is 0 if somebody has put it offline.
    const uint64_t number = __atomic_exchange_n(&counters_->qsbr_cnt[seat].cnt,
                                                __RTE_QSBR_CNT_THR_OFFLINE, __ATOMIC_ACQ_REL);
    reading_of(seat).fetch_add(1, std::memory_order_release);
    leave(seat);
    return number != __RTE_QSBR_CNT_THR_OFFLINE;
}

uint64_t Grace::begin() {
    const uint64_t number = rte_rcu_qsbr_start(counters_);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return number;
}

bool Grace::is_over(uint64_t number) const {
    const unsigned used = used_.load(std::memory_order_seq_cst);
    for (unsigned seat = 0; seat < used; ++seat) {
        // Sequentially consistent, which is an acquiring load on all that we know.
        const uint64_t seen = __atomic_load_n(&counters_->qsbr_cnt[seat].cnt, __ATOMIC_SEQ_CST);
        if (seen != __RTE_QSBR_CNT_THR_OFFLINE && seen < number)
            return false;
    }
    return true;
}

unsigned Grace::put_late_offline(Tick now, Duration most) {
    unsigned late = 0;
    const unsigned used = used_.load(std::memory_order_acquire);
    for (unsigned seat = 0; seat < used; ++seat) {
        uint64_t number = __atomic_load_n(&counters_->qsbr_cnt[seat].cnt, __ATOMIC_ACQUIRE);
        const uint32_t reading = reading_of(seat).load(std::memory_order_acquire);
        Watched& watched = watched_[seat];
        if (reading % 2 == 0 || reading != watched.reading) {
            watched.reading = reading;
            watched.since = now;
            continue;
        }
        // Should that reading have ended just now and another begun, this ends the new one, which
        // then reads again.
        if (now - watched.since > most && number != __RTE_QSBR_CNT_THR_OFFLINE)
            late += __atomic_compare_exchange_n(&counters_->qsbr_cnt[seat].cnt, &number,
                                                __RTE_QSBR_CNT_THR_OFFLINE, false, __ATOMIC_ACQ_REL,
                                                __ATOMIC_RELAXED);
    }
    return late;
}

Delay Grace::longest_delay(Tick now, bool is_anew) {
    Delay longest;
    const uint64_t begun = __atomic_load_n(&counters_->token, __ATOMIC_ACQUIRE);
    const unsigned used = used_.load(std::memory_order_acquire);
    for (unsigned seat = 0; seat < used; ++seat) {
        // relaxed: nothing that is read hangs on it.
        const uint64_t number = __atomic_load_n(&counters_->qsbr_cnt[seat].cnt, __ATOMIC_RELAXED);
        const bool is_reading = reading_of(seat).load(std::memory_order_relaxed) % 2 != 0;
        const bool delays = number != __RTE_QSBR_CNT_THR_OFFLINE && number < begun && !is_reading;
        Watched& watched = watched_[seat];
        // A number that it has still is that of a moment before the period, for a later one is
        // another.
        if (is_anew || !delays || number != watched.number)
            watched.delays_since = now;
        watched.number = number;
        if (const uint32_t gone = now.ms_since(watched.delays_since); gone > longest.milliseconds)
            longest = {readings_[seat].tag.load(std::memory_order_relaxed), gone};
    }
    delayed_.store(uint64_t{longest.tag} << 32 | longest.milliseconds, std::memory_order_relaxed);
    return longest;
}

}  // namespace sluice
