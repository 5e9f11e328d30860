// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Journal: what happens to flows, mappings and blocks of ports, for whoever wants to be told as it
/// happens.
///
/// Shape    One ring of fixed-size entries for each seat of the flow table, written by the seat's
///          thread alone, read by any number of readers, each with a place of its own. A ring is
///          written round and round: a writer never waits and knows nothing of readers. A reader
///          that is overtaken counts what it has lost.
/// Threads  write() by the thread that has the seat. A Reader belongs to one thread.
///          A ring has two counters: `begun` is raised before an entry is written, `written` after.
///          The words of an entry are stored with release and loaded with acquire: a reader that
///          has loaded a word of a newer entry then sees `begun` raised, and throws its copy away.
///          Who sees `written` raised (acquire) sees the entry (release).
/// Memory   1.5 MB of address space a seat from the first reader on, of which pages are taken as
///          they are written; before that none.
/// Errors   Where there is no memory for a ring, what is written into it is lost to its readers,
///          which count it; each read() asks for that memory again. Where read() has no memory for
///          an entry (std::bad_alloc) what it has appended is whole, in the order of each thread,
///          and the rest waits for the next call.
/// Cost     Without a reader one load of a line that nobody writes, and one branch. With one a
///          reading of the clock and 14 stores: an entry is a line and a half, so that the end of a
///          flow says its traffic. Written one behind the other, two entries touch three lines,
///          which the processor has sent for by then; a second kind of entry, for ends alone, would
///          save a third of the stores of the other events and cost every reader a case.

#include "base/clock.h"
#include "flow/flow_record.h"
#include "flow/traffic.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice::flow {

enum class Event : uint8_t {
    Opened,
    Changed,  ///< State or status: answered, assured, closing.
    Ended,
};

/// As JournalEntry::time has it.
inline int64_t steady_now() {
    using std::chrono::steady_clock;
    return std::chrono::nanoseconds(steady_clock::now().time_since_epoch()).count();
}

/// What is told: the record as it was then.
struct JournalEntry {
    std::array<net::Tuple, 2> tuple;  ///< Indexed by net::Direction; its kind is the record's.
    int64_t time = 0;                 ///< Nanoseconds of the steady clock.
    uint32_t index = 0;               ///< Of the record, and its use: the two name the flow.
    uint32_t generation = 0;
    Duration left;  ///< Until the deadline.
    Event event{};
    uint8_t state = 0;        ///< conntrack::ProtocolState.
    uint8_t status = 0;       ///< conntrack::Status bits.
    uint8_t owner = 0;        ///< Worker that opened it.
    bool is_counted = false;  ///< `traffic` is known: the flow has ended, and accounting is on.
    uint8_t tuning = 0;       ///< Of its rule's own, by policy::Tunings.
    std::array<uint8_t, 6> unused{};
    BothTraffic traffic{};  ///< All that went over the flow, by net::Direction.

    Kind kind() const { return static_cast<Kind>(tuple[0].kind); }
};
static_assert(sizeof(JournalEntry) == 96, "a cache line and a half");

class Journal {
public:
    static constexpr uint64_t kEntries = 16384;  ///< Of a ring; a power of two.

    /// As calloc(): so much zeroed memory, which free() takes back, or null.
    using Allocate = void* (*)(size_t count, size_t bytes);

    explicit Journal(unsigned seats, Allocate allocate = std::calloc)
        : rings_(seats), allocate_(allocate) {}
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// Whether anybody listens.
    bool is_heard() const {
        // relaxed: who begins to listen hears what comes a moment later.
        return readers_.load(std::memory_order_relaxed) != 0;
    }
    void write(unsigned seat, const JournalEntry& entry);

    class Reader {
    public:
        explicit Reader(Journal& journal);
        ~Reader();
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;

        /// Appends what has been written since the last call, in the order of time; of two threads
        /// within a microsecond or so the order may be lost.
        void read(std::vector<JournalEntry>& entries);
        /// Passes over what has been written since the last read(), as if it had been too slow.
        void skip();
        /// How many entries this reader was too slow for, or their ring had no memory for, since
        /// the last call.
        uint64_t take_lost() { return std::exchange(lost_, 0); }

    private:
        void read_ring(unsigned seat, std::vector<JournalEntry>& entries);

        Journal& journal_;
        std::vector<uint64_t> next_;  // by seat
        uint64_t lost_ = 0;
    };

private:
    static constexpr size_t kWords = sizeof(JournalEntry) / sizeof(uint64_t);
    using Words = std::array<std::atomic<uint64_t>, kWords>;

    struct alignas(64) Ring {
        std::atomic<uint64_t> begun{0};
        std::atomic<uint64_t> written{0};
        std::atomic<uint64_t> unkept{0};  // of what was written so many, the first, are nowhere
        std::atomic<Words*> entries{nullptr};
    };

    void take_memory();
    bool lacks_memory() const;

    std::vector<Ring> rings_;
    Allocate allocate_;
    std::mutex memory_;  // between those who begin to listen
    alignas(64) std::atomic<unsigned> readers_{0};
};

}  // namespace sluice::flow
