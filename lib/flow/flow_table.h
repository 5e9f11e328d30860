// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flow table: finds a packet's flow from its tuple, whichever way the packet goes.
///
/// Shape    One cuckoo table, shared by all. `capacity` flows, each reachable by two keys: the
///          tuple of its original direction and the tuple of its reply direction. A bucket is one
///          cache line; a slot is one 64-bit word: tag, state, direction, record index.
/// Units    Capacity counts flows, not keys. Tuples are in network byte order.
/// Threads  Any registered thread (flow::Member) may find, insert and kill at once, without a
///          lock. A key that is present is found, also while it is being moved; of two inserts of
///          one key exactly one wins. docs/flow-table.md says how and why.
/// Errors   A lookup cannot fail, it misses. insert() adds both keys or neither.
/// Memory   All of it is taken by create(). No call after that allocates.
/// Source   Two keys per flow: `struct nf_conntrack_tuple_hash` and
///          nf_conntrack_hash_check_insert(), Linux net/netfilter/nf_conntrack_core.c.

#include "base/clock.h"
#include "base/grace.h"
#include "base/memory.h"
#include "base/result.h"
#include "flow/accounts.h"
#include "flow/cuckoo_index.h"
#include "flow/deadlines.h"
#include "flow/displacement.h"
#include "flow/endings.h"
#include "flow/flow_record.h"
#include "flow/insertion.h"
#include "flow/journal.h"
#include "flow/member_name.h"
#include "flow/probe.h"
#include "flow/record_memory.h"
#include "flow/record_pool.h"
#include "flow/tuple_hash.h"
#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace sluice::flow {

inline constexpr unsigned kMaxBulk = 64;  ///< Tuples per find_bulk().

struct FlowTableParams {
    uint32_t capacity = 0;  ///< Flows, exactly; 1 to 2^28.
    PageKind pages = PageKind::Ordinary;
    int numa_node = -1;                ///< Node whose memory holds the table; -1 for any.
    unsigned max_members = 64;         ///< Threads that may register at once; 1 to 1024.
    unsigned index_load = 85;          ///< Percent of the slots in use at capacity; 10 to 1000.
    std::array<uint64_t, 4> secret{};  ///< Random per start: keys the hash.
    Ending* ending = nullptr;          ///< Told of each end of a flow; outlives the table.
    bool accounting = false;           ///< Packets and bytes of each flow are counted.
    RecordMemory outside = {};         ///< With `capacity` records; without: the table's own.
};

/// Where both keys of a record belong, by net::Direction.
using Keys = std::array<Place, 2>;

class FlowTable {
public:
    /// Fails for a parameter out of range, or when the memory cannot be had.
    static Result<std::unique_ptr<FlowTable>> create(const FlowTableParams& params);
    ~FlowTable();

    /// Bytes of records, index, deadlines, and accounts where there are any, for so many flows.
    static size_t bytes_needed(uint32_t capacity, bool accounting = false);

    /// Looks up a burst. Sets refs[i] for tuples[i], or to a false FlowRef on a miss. Both spans
    /// have the same size, at most kMaxBulk. A flow past its deadline at `now` is a miss. The
    /// record's first line is in the cache afterwards, and of a TCP flow the second is on its way.
    void find_bulk(std::span<const net::Tuple> tuples, Tick now, std::span<FlowRef> refs) const;

    /// The first half of find_bulk(): where each tuple's flow seems to stand, by its tag. What it
    /// found is a guess until the record meets() the tuple. Their records are on their way.
    void guess_bulk(std::span<const net::Tuple> tuples, Probes& guesses) const;
    /// The flow of tuple i of those guesses, for sure.
    FlowRef confirm(const Probes& guesses, unsigned i, const net::Tuple& tuple, Tick now) const;
    /// Looks up one tuple, by its hash where that is known: most likely in vain.
    FlowRef find(const net::Tuple& tuple, Tick now) const;
    FlowRef find(uint64_t hash, const net::Tuple& tuple, Tick now) const;
    /// What is looked for again, or put, need not be hashed again.
    const TupleHash& hasher() const { return hash_; }
    /// Sends for the buckets in which a tuple of this hash is looked for, and put.
    void send_for(uint64_t hash) const { index_.send_for(index_.place(hash)); }

    /// Which flows stand in the next `buckets` buckets from a tuple's place on, and in its other
    /// one. Fills `refs`, and returns how many; one may be there twice, or ended, and is sent for.
    unsigned near(const net::Tuple& tuple, unsigned buckets, std::span<FlowRef> refs) const;

    /// The keyed hash of a tuple, for spreading work; nobody outside can aim at a value.
    uint32_t hash(const net::Tuple& tuple) const;

    FlowRecord& record(uint32_t index) { return records_[index]; }
    const FlowRecord& record(uint32_t index) const { return records_[index]; }
    FlowRecord& record(FlowRef ref) { return records_[ref.index()]; }

    /// Calls visit(index, record) for each live flow of the records [first, last): for dumps and
    /// for ageing. The caller is a member, and reports quiescence between segments.
    template <typename Visit>
    void for_each_live(uint32_t first, uint32_t last, Visit visit) {
        for (uint32_t i = first; i < last && i < capacity_; ++i)
            // Acquire: the tuples were written before the record became live.
            if (records_[i].life.load(std::memory_order_acquire).life() == Life::Live)
                visit(i, records_[i]);
    }

    Deadlines& deadlines() { return deadlines_; }
    Endings& endings() { return endings_; }
    Accounts& accounts() { return accounts_; }
    const Accounts& accounts() const { return accounts_; }

    uint32_t capacity() const { return capacity_; }  ///< Flows it was made for.
    uint32_t size() const;        ///< Flows live now; exact when nothing changes meanwhile.
    uint32_t retired() const;     ///< Records that wait for a grace period.
    uint64_t slots() const;       ///< Keys that the index could hold if every slot were in use.
    uint64_t used_slots() const;  ///< Keys that it holds now; reads all of it.
    size_t bytes() const;         ///< Memory that the table has taken.
    IndexCounters counters() const;

    /// For what else must outlive the members' looks, as the hosts' entries do.
    Grace& grace() { return *grace_; }
    /// What happens to flows, for whoever listens.
    Journal& journal() { return *journal_; }

private:
    friend class Adoption;
    friend class Member;
    friend class Reading;

    /// What one member counts; only it writes here.
    struct alignas(64) Seat {
        std::atomic<bool> taken;
        std::atomic<uint32_t> retired;  ///< What waited when it was last quiescent.
        std::atomic<uint64_t> opened;
        std::atomic<uint64_t> ended;
        std::atomic<uint64_t> no_space;
        std::array<std::atomic<uint64_t>, kMostMoves + 1> keys_by_moves;
    };

    FlowTable() = default;
    unsigned take_seat();
    void lay_out(const FlowTableParams& params);
    FlowRef find_at(const Place& place, const net::Tuple& tuple, Tick now) const;

    Pages pages_;
    FlowRecord* records_ = nullptr;
    uint32_t capacity_ = 0;
    TupleHash hash_;
    CuckooIndex index_;
    Probe probe_ = supported_probes().back();
    uint64_t slots_ = 0;
    Deadlines deadlines_;
    Endings endings_;
    Accounts accounts_;
    Ending* ending_ = nullptr;
    std::optional<Grace> grace_;
    std::optional<Journal> journal_;
    std::span<Seat> seats_;
    RecordPool free_;
    RecordPool orphans_;  ///< Retired by members that left before the grace period was over.
};

/// One thread's part in the table: it may look up while a member, and writes through this. Its
/// reads keep records alive from one quiescent() to the next: after that no FlowRef is valid.
class Member {
public:
    /// Takes a place among max_members. The table must outlive the member.
    explicit Member(FlowTable& table, MemberName name = {});
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    /// Takes free records, to be filled and inserted, or given back unused. Returns how many.
    unsigned take(std::span<uint32_t> indexes);
    void give_back(std::span<const uint32_t> indexes);

    /// Lets a record, not inserted yet, hang on a live one that is no flow; it may on two. False
    /// when that is not live. What ends the record lets go.
    bool hang(uint32_t index, uint32_t holder);

    /// Tells whoever listens that the owner has changed the flow's state or status.
    void tell_change(uint32_t index, Tick now) {
        if (table_.journal_->is_heard())
            tell(index, Event::Changed, now);
    }

    /// Sends for what kill() will touch beyond the record itself.
    void expect_kill(uint32_t index) const;

    /// Adds the record's flow under both its keys, or under neither. The caller has written tuples,
    /// owner, state, deadline and rewrite. On any outcome but Inserted the record is gone: it is
    /// reused after a grace period. A holder that is past its deadline at `now` is killed first.
    Insertion insert(uint32_t index, Tick now) { return insert(index, prepare(index), now); }
    /// Likewise where both keys' hashes are known.
    Insertion insert(uint32_t index, const std::array<uint64_t, 2>& hashes, Tick now);

    /// Hashes the keys of a filled record, and sends for what insert() will touch.
    Keys prepare(uint32_t index) const;

    /// Inserts records in order, as insert() does each; of all of them prepare() has been called.
    /// While one is inserted, what the next ones need beyond their own buckets is sent for.
    void insert_bulk(std::span<const uint32_t> indexes, std::span<const Keys> keys, Tick now,
                     std::span<Insertion> insertions);

    /// Ends a live record: erases both keys, retires it. False when another did so first, when
    /// others hang on it, or when `seen` is an earlier use of the record.
    bool kill(uint32_t index, LifeWord seen);

    /// Once per turn: this thread holds no reference now. Reuses what has outlived its grace
    /// period.
    void quiescent();
    /// Around a sleep, or a wait: others need not wait for this thread meanwhile.
    void offline();
    void online();

private:
    /// One key on its way into the index.
    struct Claim {
        Place place;
        const net::Tuple* tuple;
        SlotWord word;  ///< Pending, as it stands in `slot`.
        Slot* slot = nullptr;
    };
    enum class ClaimOutcome : uint8_t { Held, Taken, NoSpace };

    Insertion insert(uint32_t index, const Keys& keys, Tick now);
    [[gnu::always_inline]] inline ClaimOutcome pend(Claim& claim, Tick now, Insertion& insertion);
    bool stand(Claim& claim);
    [[gnu::noinline]] bool is_taken(const Claim& claim, Tick now, Insertion& insertion);
    bool outlasts(const Claim& claim, Slot& slot, SlotWord& rival);
    void tell(uint32_t index, Event event, Tick now);
    void fail(uint32_t index, InsertOutcome outcome, Insertion& insertion);
    bool hold(uint32_t holder);
    void let_go(uint32_t index);
    bool close(FlowRecord& record);
    void retire(uint32_t index);
    void reclaim();

    FlowTable& table_;
    unsigned id_ = 0;
    FlowTable::Seat* seat_ = nullptr;
    Retired<Chain> retired_;
};

}  // namespace sluice::flow
