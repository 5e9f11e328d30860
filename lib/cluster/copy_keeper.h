// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Copy keeper: hears from other gateways of the cluster what goes by addresses of theirs, and when
/// one is gone and this gateway has an address of it, lets the control core put that into the flow
/// table.
///
/// Shape    A CopySet for each gateway that tells, which takes the place of the one before when all
///          has been told. It stays when the connection ends, until an owner after that one is
///          known, or for as long as it may take until a death is seen: what lives on without
///          telling has flows that open and end unheard.
///          An address is used with the copies of the ownership that was before this gateway's, or
///          with none: the revision of its key says which that is.
/// Threads  One of its own, which never makes a worker, the control core or the agent wait. keep(),
///          has(), follow(), fill() and the figures by any.
/// Errors   start() says in a sentence why not. What is none of ours ends the connection.
/// Memory   As CopySet has it.

#include "base/result.h"
#include "cluster/copy_set.h"
#include "cluster/inbox.h"
#include "cluster/store.h"
#include "listing/background.h"
#include "sync/channel.h"
#include "sync/message.h"
#include "sync/own_thread.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace sluice::cluster {

/// A gateway that has said that it tells copies.
struct CopySource {
    std::unique_ptr<sync::Channel> channel{};
    uint64_t instance = 0;             ///< Of its process.
    std::vector<sync::Owned> owned{};  ///< More may follow, before its Begin.
};

struct CopyKeeperParams {
    Inbox& inbox;                                ///< Outlives it.
    size_t most = 0;                             ///< Records that it keeps.
    Moment outlives = std::chrono::seconds(15);  ///< So long sets are kept that nobody tells.
    /// What was kept of these is in the flow table, or is not to be had. By its thread.
    std::function<void(const std::vector<sync::Owned>&)> filled;
    listing::Background background{};
};

class CopyKeeper {
public:
    static Result<std::unique_ptr<CopyKeeper>> start(CopyKeeperParams params);
    ~CopyKeeper();
    CopyKeeper(const CopyKeeper&) = delete;
    CopyKeeper& operator=(const CopyKeeper&) = delete;

    /// So that it puts nothing any more; it ends with its destruction.
    void ask_to_stop() { thread_.ask_to_stop(); }
    /// It is heard from now on.
    void keep(CopySource source);
    /// All is there that went by the address when that was its key's revision.
    bool has(Be32 address, Revision revision) const;
    /// The revisions of keys that are known, by addresses that ascend; copies that are of earlier
    /// ones are thrown away.
    void follow(std::vector<sync::Owned> known);
    /// What is kept of these, which ascend, is to be put into the flow table; in place of what was
    /// said before.
    void fill(std::vector<sync::Owned> wanted);

    /// Records that are kept; that found no room, or were not taken in time.
    size_t size() const { return size_.load(std::memory_order_relaxed); }
    uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

private:
    struct Kept {
        std::shared_ptr<CopySet> set{};
        std::optional<Moment> told_until{};  // none while it is told
    };
    struct Session {
        CopySource source;
        std::shared_ptr<CopySet> set{};  // that is told now
        Moment heard{};
        Moment said_at{};
        uint32_t applied = 0;
        bool was_whole = false;  // when it was said last
    };

    explicit CopyKeeper(CopyKeeperParams params);
    Status begin();
    void run();
    void turn();
    void admit();
    void wait() const;
    Status turn(Session& session, Moment now);
    Status hear(Session& session, const sync::Incoming::Message& message, Moment now);
    void say(Session& session, Moment now);
    void forget_outdated();
    void forget_untold(Moment now);
    void fill_wanted();
    std::vector<sync::Owned> take_from(CopySet& set, const std::vector<sync::Owned>& wanted);
    void put(const std::vector<sync::Change>& changes);
    void publish();
    bool is_stopped() const { return thread_.is_asked_to_stop(); }

    CopyKeeperParams params_;
    CopyRoom room_;
    std::map<uint64_t, Kept> sets_;  // by the teller's instance; all of each has been told
    std::vector<std::unique_ptr<Session>> sessions_;
    bool has_changed_ = false;  // what is whole, since that was published
    mutable std::mutex mutex_;  // of the next four
    std::vector<CopySource> come_;
    std::vector<sync::Owned> known_;
    std::vector<sync::Owned> wanted_;
    std::map<Be32, Revision> whole_;
    std::atomic<size_t> size_{0};
    std::atomic<uint64_t> refused_{0};
    sync::OwnThread thread_;  // the last, for it ends before the rest
};

}  // namespace sluice::cluster
