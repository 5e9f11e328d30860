// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Teller: tells a peer that stands by what is in the flow table, and what changes there: flows of
/// a gateway that forwards, or copies of one that stands by, which are records as any others.
///
/// Shape    First all of it, by kinds, so that what others hang on comes before them; and from the
///          beginning on what the journal says. A change is told as the record is when it is told,
///          so an update that is told twice does no harm. Where the peer is slow, changes wait
///          here, for the journal's rings are small. What the journal has lost, or what more waits
///          than may, is cured by telling all again. IPv6 hosts are introduced before the records
///          that have them.
/// Threads  One, which is no member of the flow table: it copies (flow/reading.h).
/// Memory   What waits: 12 bytes a change, 12 MB at most.
/// Cost     A look at each record for each of four kinds, in slices; nothing of the workers' beyond
///          the journal.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "flow/journal.h"
#include "net/tuple.h"
#include "sync/introduction.h"
#include "sync/message.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace sluice::sync {

struct TellerParams {
    flow::FlowTable& table;
    std::function<Tick()> now;
    /// Of flows those only that bear this status bit; 0 for all.
    uint8_t wanted_status = 0;
    /// Asked after the journal has been read, for what one that has stepped back throws away is no
    /// end of a flow.
    std::function<bool()> may_tell;
    Ipv6Hosts ipv6 = {};
    /// Whether what has these two tuples is told, and its end; null: all is. Asked after the
    /// journal has been read, likewise.
    std::function<bool(const std::array<net::Tuple, 2>&)> is_theirs = {};
};

class Teller {
public:
    explicit Teller(TellerParams params);

    /// So many changes may wait for room.
    static constexpr size_t kMostWaiting = 1 << 20;

    /// Adds to `out`, as far as there is room for so many bytes; the journal is read where there is
    /// none, too. True when there was something.
    bool turn(Outgoing& out, size_t room);

    /// All has been told once, and since then all that has changed.
    bool is_whole() const { return kind_ == kKinds; }
    /// The number of the message that says so, once it is so.
    uint32_t completed() const { return completed_; }
    uint64_t told() const { return told_; }
    uint64_t lost() const { return lost_; }
    uint64_t resyncs() const { return resyncs_; }

private:
    static constexpr size_t kKinds = 4;

    /// A change that the journal has told of, and the peer has not heard of.
    struct Changed {
        uint32_t index = 0;
        uint32_t generation = 0;
        bool has_ended = false;
    };

    void start(Outgoing& out);
    void listen();
    std::vector<std::optional<Record>> copy_waiting(size_t count, Tick now) const;
    bool tell_changes(Outgoing& out, size_t room);
    void tell(Outgoing& out, const Changed& change, const std::optional<Record>& copied);
    bool tell_slice(Outgoing& out);
    bool is_told(const Record& record, Tick when);
    bool is_theirs(const std::array<net::Tuple, 2>& tuple) const;
    bool is_wanted(const Record& record) const;
    bool is_its_turn(const Record& record) const;

    TellerParams params_;
    flow::Journal::Reader reader_;
    std::vector<flow::JournalEntry> entries_;
    std::deque<Changed> waiting_;
    std::vector<Record> records_;
    Introduction introduction_;
    bool has_begun_ = false;
    size_t kind_ = 0;    // that is walked now
    uint32_t next_ = 0;  // record of the table
    uint32_t completed_ = 0;
    uint64_t told_ = 0;
    uint64_t lost_ = 0;
    uint64_t resyncs_ = 0;
};

}  // namespace sluice::sync
