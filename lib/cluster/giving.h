// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Giving: tells another gateway of the cluster all that goes by some public addresses, before it
/// is to have them.
///
/// Shape    One connection for each time: what holders there are, then what hangs on them; at the
///          end the other says that it has put all of it into its table. Workers use none of these
///          addresses any more, so what is told stays as it is.
///          A flow of an IPv6 host is not told: its number means another host there.
/// Threads  One, which waits meanwhile; stop() by any.
/// Errors   give() says in a sentence why not all has been taken.
/// Memory   A megabyte and a slice of records.
/// Cost     A look at each record of the table for each of four kinds, in slices.
/// Source   docs/sync.md has the messages.

#include "base/clock.h"
#include "base/result.h"
#include "flow/flow_table.h"
#include "net/tuple.h"
#include "sync/channel.h"
#include "sync/message.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace sluice::cluster {

struct GivingParams {
    flow::FlowTable& table;
    std::function<Tick()> now;            ///< Of the table.
    const sync::Tls& tls;                 ///< Outlives it, as does the table.
    sync::Hello hello;                    ///< This gateway's.
    Be32 own;                             ///< The address by which others know it.
    std::function<bool(Be32)> is_number;  ///< It stands for an IPv6 host.
};

class Giving {
public:
    using Moment = std::chrono::steady_clock::time_point;

    explicit Giving(GivingParams params) : params_(std::move(params)) {}

    /// To the process there that has drawn `instance` (Hello), before that moment, or not at all.
    /// `addresses` ascend.
    Status give(const std::vector<Be32>& addresses, const net::Endpoint& to, uint64_t instance,
                Moment by);
    /// What is under way ends soon.
    void stop() { is_stopped_.store(true, std::memory_order_relaxed); }

    /// Records that were told.
    uint64_t told() const { return told_; }

private:
    /// One connection.
    struct Session {
        sync::Channel channel;
        Moment by;
        uint64_t instance;
        uint32_t applied = 0;
    };

    Status exchange(Session& session, int rest) const;
    Status hear(Session& session, const sync::Incoming::Message& message) const;
    Status judge(const sync::Hello& hello, uint64_t instance) const;
    Status tell(Session& session, const std::vector<Be32>& addresses);
    std::vector<sync::Record> read(uint32_t first, flow::Kind kind,
                                   const std::vector<Be32>& addresses) const;

    GivingParams params_;
    uint64_t told_ = 0;
    std::atomic<bool> is_stopped_{false};
};

}  // namespace sluice::cluster
