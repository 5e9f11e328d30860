// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Copy teller: tells other gateways of the cluster what goes by addresses that this one uses, and
/// what becomes of it, so that they can go on with it when this one is gone.
///
/// Shape    To each of them a connection of its own, by which first all is told and then what the
///          journal says (sync/teller.h). Where other addresses are to be told there is another
///          connection, not sooner than a second after the one before.
///          Of an address that this gateway does not hold nothing is told, no ends either: what
///          has stopped with it goes on elsewhere.
/// Threads  One of its own; aim() and copied() by any.
/// Errors   start() says in a sentence why not. Who is not reached is tried again each second, and
///          the log says so once.
/// Memory   For each of them what its Teller and its Channel have: 13 MB at most.
/// Cost     For each of them a look at each record of the table for each of four kinds, in slices,
///          at the beginning, and a reading of the journal each two milliseconds; nothing of the
///          workers' beyond the journal.
/// Source   docs/sync.md has the messages.

#include "base/clock.h"
#include "base/result.h"
#include "cluster/store.h"
#include "flow/flow_table.h"
#include "listing/background.h"
#include "net/tuple.h"
#include "pool/holdings.h"
#include "sync/channel.h"
#include "sync/message.h"
#include "sync/own_thread.h"
#include "sync/teller.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cluster {

struct CopyTellerParams {
    flow::FlowTable& table;
    std::function<Tick()> now;            ///< Of the table.
    const sync::Tls& tls;                 ///< Outlives it, as do the table and the holdings.
    sync::Hello hello;                    ///< This gateway's.
    Be32 own;                             ///< The address by which others know it.
    std::function<bool(Be32)> is_number;  ///< It stands for an IPv6 host.
    uint8_t wanted_status = 0;            ///< Of flows those only that bear this status bit.
    const pool::Holdings& holdings;
    std::function<void(const std::string&)> notice;
    listing::Background background{};
};

/// Who is to have copies, and of what.
struct CopyGoal {
    std::string name;
    uint64_t instance = 0;
    net::Endpoint to;
    std::vector<sync::Owned> owned;  ///< Ascending.
    uint64_t stops = 0;              ///< Of these: so often they were not used for a while.

    bool operator==(const CopyGoal&) const = default;
};

class CopyTeller {
public:
    static Result<std::unique_ptr<CopyTeller>> start(CopyTellerParams params);
    ~CopyTeller();
    CopyTeller(const CopyTeller&) = delete;
    CopyTeller& operator=(const CopyTeller&) = delete;

    /// These, one for each name, and nobody else.
    void aim(std::vector<CopyGoal> goals);
    /// By address, who has told that it has all that goes by it.
    std::map<Be32, std::string> copied() const;

private:
    using Clock = std::chrono::steady_clock;

    /// With one of them.
    struct Session {
        CopyGoal goal;
        sync::Channel channel;
        Clock::time_point heard = Clock::now();
        Clock::time_point said{};
        std::optional<sync::Teller> teller{};  // from the handshake on
        sync::State state{};                   // what it has said last
        bool is_whole = false;
    };
    /// With that name.
    struct Place {
        std::unique_ptr<Session> session{};
        Clock::time_point again{};
        bool is_missed = false;  // and the log says so
        bool was_whole = false;  // when that was published
    };

    explicit CopyTeller(CopyTellerParams params) : params_(std::move(params)) {}
    Status begin();
    void run();
    void turn();
    void wait() const;
    void connect(Place& place, const CopyGoal& goal);
    Status turn(Session& session) const;
    void begin_telling(Session& session) const;
    Status hear(Session& session, const sync::Incoming::Message& message) const;
    void miss(Place& place, const CopyGoal& goal, const std::string& why) const;
    void publish();

    CopyTellerParams params_;
    std::vector<CopyGoal> goals_;
    std::map<std::string, Place> places_;
    mutable std::mutex mutex_;  // of the next two
    std::optional<std::vector<CopyGoal>> aimed_;
    std::map<Be32, std::string> copied_;
    sync::OwnThread thread_;  // the last, for it ends before the rest
};

}  // namespace sluice::cluster
