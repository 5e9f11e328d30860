// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Adoption: a new table takes over the records that a process before it has left in its memory.
///
/// Shape    The index, the free records, the counts of what hangs on holders and when to look at a
///          record are made anew; of a record the rest stays, but for what an Heir changes in it.
///          Holders come before what hangs on them: blocks, mappings, contacts, flows.
///          A record that was not live is free: an insert that was under way looks like a record
///          that a worker keeps in reserve, and has told nobody anything. What the heir refuses
///          ends, and so does what hangs on something that is not there, or whose tuple another
///          has. Of two the one with the lower index stays. Records go into the index batch by
///          batch, in the order of its buckets (KeyBatch); a batch of which one cannot be put is
///          put record by record.
/// Threads  One, before any other is a member.
/// Errors   None: what cannot be adopted is counted by its reason.
/// Memory   What is found there may be anything: an image from the middle of any operation, or
///          torn. A crash during an adoption leaves what can be adopted again: until it is decided
///          on, a record is as it was, and what is done to it is the same when it is done twice.
/// Cost     Two looks at each record, three where flows hang on holders, and two keys in the index
///          for each that is live. 48 bytes for each record of a batch, until the end.

#include "base/clock.h"
#include "base/enum.h"
#include "flow/flow_table.h"
#include "flow/key_batch.h"
#include "flow/record_pool.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::flow {

/// What becomes of a record that was found.
enum class Fate : uint8_t {
    Adopted,
    Unsound,      ///< No flow or holder looks so.
    Expired,      ///< Its time is over. A holder stays for as long as others hang on it.
    Unheld,       ///< What it hangs on is not there.
    Twice,        ///< Another has one of its tuples.
    Private,      ///< It would show an inside address outside.
    WithoutRule,  ///< The rules would not open it, and it is to end.
    Helped,       ///< Only a helper knew how it goes on.
    NoRoom,       ///< In the table or its index.
};
inline constexpr size_t kFateCount = index(Fate::NoRoom) + 1;

/// Who knows what records mean.
class Heir {
public:
    /// Says whether a record may be adopted, and makes its own what is the writer's: owner, hops,
    /// number of timeouts. Of a holder that is past its deadline it sets another, by which that may
    /// be found until what hangs on it has come.
    virtual Fate judge(FlowRecord& record) = 0;
    /// Sends for what adopted() reads beside the record: for all of a batch what it reads first,
    /// then what it finds by that.
    virtual void send_for_first(const FlowRecord&) {}
    virtual void send_for_next(const FlowRecord&) {}
    /// The record is in the table.
    virtual void adopted(uint32_t index, FlowRecord& record) = 0;

protected:
    ~Heir() = default;
};

class Adoption {
public:
    using Fates = EnumArray<Fate, uint64_t, kFateCount>;
    /// Records that go into the index at once: the more, the more keys come to one bucket.
    static constexpr uint32_t kMostOfBatch = uint32_t{1} << 18;
    struct Tally {
        Fates fates{};       ///< Of all records that were live.
        uint64_t flows = 0;  ///< Of those adopted; the others are holders.
    };

    /// The table has RecordMemory outside, places for two members, and none yet.
    Adoption(FlowTable& table, Heir& heir, Tick now, uint32_t most_of_batch = kMostOfBatch);
    ~Adoption();
    Adoption(const Adoption&) = delete;
    Tally run();

private:
    static constexpr size_t kLead = 16;  // so many records ahead the heir sends for what it needs
    static constexpr size_t kHolderKinds = 3;

    void sort_out();
    void sort_out(uint32_t index);
    void adopt_holders();
    void adopt_flows();
    void end_idle_holders();
    void free_the_rest();
    void wait_or_add(uint32_t index);
    void discard(uint32_t index, Fate fate);
    void release(uint32_t index);
    bool is_held(const FlowRecord& record) const;
    bool is_holder_of(std::optional<uint32_t> holder, const FlowRecord& record) const;
    void add(uint32_t index);
    void flush();
    void count_put(const KeyBatch::Moves& moves);
    void insert_each();
    void insert(uint32_t index);
    void take(uint32_t index);

    FlowTable& table_;
    Heir& heir_;
    Tick now_;
    Member member_;
    FlowTable::Seat& seat_;  // where is counted what no member inserts
    Tally tally_;
    std::array<std::vector<uint32_t>, kHolderKinds> holders_;  // in the order of their adoption
    std::vector<uint32_t> expired_;                            // of these, outermost last
    KeyBatch batch_;    // of records that are to go into the index
    uint32_t waiting_;  // the first flow that waits for holders; the capacity: none does
    Chain spare_;
};

}  // namespace sluice::flow
