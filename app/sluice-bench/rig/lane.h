// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Lane: what one worker of a rig is fed with, a batch at a time.
///
/// Shape    offer() makes packets and puts them before the worker's queues; run() lets somebody
///          forward them, and is all that is timed; collect() looks at what has come out.
/// Threads  Owned by the thread that turns the worker.

#include "rig/book.h"
#include "rig/frame.h"
#include "rig/rig.h"
#include "rig/stopwatch.h"

#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace sluice::bench {

/// How the packets lie when they arrive.
struct Arrival {
    bool in_random_order = false;  ///< Of the ring's mbufs, where the pool gives them as it likes.
    bool flushed = false;  ///< Their bytes are in no cache, as a NIC without DDIO leaves them.
};

/// Whether this CPU lets a program flush its caches; if not, nothing is `flushed`.
bool can_flush();

class Lane {
public:
    Lane(Rig& rig, Book& book, unsigned worker)
        : rig_(rig), book_(book), queue_(static_cast<uint16_t>(worker)) {}

    unsigned worker() const { return queue_; }
    Rig& rig() { return rig_; }
    Book& book() { return book_; }
    /// Replies arrive at the queue of another worker from now on.
    void misdirect_replies(unsigned worker) { reply_queue_ = static_cast<uint16_t>(worker); }

    /// As many as the rig's ring holds, at most.
    void offer(std::span<const Item> items, const Arrival& arrival = {});

    bool is_drained() const {
        return rig_.port(net::Side::Inside).is_drained(queue_) &&
               rig_.port(net::Side::Outside).is_drained(queue_);
    }

    /// Nanoseconds of CPU time that turn() takes, again and again, to empty the lane.
    template <typename Turn>
    double run(Turn turn) {
        const uint64_t start = cpu_nanoseconds();
        while (!is_drained())
            turn();
        return static_cast<double>(cpu_nanoseconds() - start);
    }
    /// As run(), by the worker that the lane is of.
    double run_worker() {
        worker::Worker& worker = rig_.gateway().worker(queue_);
        return run([&] { worker.turn(rig_.now()); });
    }

    /// Takes what has come out and learns from it. Of packets that should leave with `ttl`, every
    /// kCheckEvery-th is looked at. Returns how many there were.
    unsigned collect(std::optional<uint8_t> ttl = kTtl - 1);

    const std::string& fault() const { return fault_; }

private:
    static constexpr uint64_t kCheckEvery = 1000;

    unsigned collect_side(net::Side side, std::optional<uint8_t> ttl);
    const char* look_at(rte_mbuf* mbuf, net::Side side, uint8_t ttl) const;

    Rig& rig_;
    Book& book_;
    uint16_t queue_;
    std::optional<uint16_t> reply_queue_;
    std::vector<rte_mbuf*> packets_;  ///< Of offer() or collect().
    std::mt19937_64 random_{1};
    uint64_t seen_ = 0;
    std::string fault_;
};

}  // namespace sluice::bench
