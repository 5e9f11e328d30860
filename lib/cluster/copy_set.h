// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Copy set: what another gateway of the cluster has told of flows that go by addresses of its own,
/// kept for the time when it is gone.
///
/// Shape    Records as they were told, by their index there, and to which ownerships of addresses
///          they belong. They are in no flow table: nothing is judged here.
/// Units    Moments of the monotonic clock, as Ownership's.
/// Threads  One.
/// Memory   About 200 bytes a record, of a room that all sets share. What finds none is counted.
///          Out of memory std::bad_alloc.
/// Cost     take() looks at each record.

#include "cluster/store.h"
#include "sync/mailbox.h"
#include "sync/message.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace sluice::cluster {

/// Of all copies of a gateway.
struct CopyRoom {
    size_t most = 0;
    size_t used = 0;
    uint64_t refused = 0;  ///< Records that found none.
};

class CopySet {
public:
    /// `owned` are what follows goes by; `room` outlives it.
    CopySet(std::vector<sync::Owned> owned, CopyRoom& room);
    ~CopySet() { clear(); }
    CopySet(const CopySet&) = delete;
    CopySet& operator=(const CopySet&) = delete;

    /// What Records, Ends and Complete say; nothing of others.
    void hear(const sync::Incoming::Message& message, Moment now);
    /// All has been told once,
    bool is_told() const { return is_told_; }
    /// and has found room.
    bool is_whole() const { return is_told_ && !has_refused_; }

    /// Ascending.
    const std::vector<sync::Owned>& owned() const { return owned_; }
    size_t size() const { return entries_.size(); }

    /// Takes out what goes by these addresses, which ascend and are owned(): changes that tell of
    /// it, from Begin to Complete, what others hang on before these.
    std::vector<sync::Change> take(std::span<const sync::Owned> addresses, Moment now);
    /// Of these addresses, which ascend, the owner may be another since. Where none is left, all is
    /// thrown away.
    void forget(std::span<const sync::Owned> newer);

private:
    struct Entry {
        sync::Record record;
        Moment heard{};
    };

    void put(const sync::Record& record, Moment now);
    void end(const sync::End& end);
    void clear();

    std::vector<sync::Owned> owned_;
    CopyRoom& room_;
    std::unordered_map<uint32_t, Entry> entries_{};  // by the teller's index
    bool is_told_ = false;
    bool has_refused_ = false;
};

}  // namespace sluice::cluster
