// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flow logs: those that a configuration asks for, and how another changes them while they tell.
///
/// Shape    A log for each target. One that a configuration leaves stays as it is, with what waits
///          for its collector and its sequence numbers. One that comes tells of what happens from
///          now on. One that goes tells what there is, for as long as its farewell takes, beside
///          the others; so does its thread end.
/// Threads  change(), look_at(), reap(), stop(): any that may wait for a disk, one at a time by a
///          lock. sent() and lost(): any; they wait for nobody. Logs' threads are of who calls
///          change(), and have his rights at most.
/// Errors   change() has changed nothing then, nor where there is no memory (std::bad_alloc).

#include "base/result.h"
#include "config/collector.h"
#include "flow/journal.h"
#include "flowlog/account.h"
#include "flowlog/flow_log.h"
#include "flowlog/told.h"
#include "listing/background.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::flowlog {

/// As FlowLogParams has them.
struct FlowLogsParams {
    Told told{};  ///< But for `both`, which the configuration says.
    listing::Background background{.cpus = {}, .idle_class = false};
    /// What a log's thread does first that goes by this transport.
    std::function<void(config::Transport)> on_entry = [](config::Transport) {};
    std::function<void(const std::string&)> notice = [](const std::string&) {};
    std::function<bool(int64_t)> is_own = [](int64_t) { return true; };
};

class FlowLogs {
public:
    FlowLogs(flow::Journal& journal, FlowLogsParams params);
    ~FlowLogs() { stop(); }
    FlowLogs(const FlowLogs&) = delete;

    /// From now on the logs are those of `wanted`.
    Status change(const config::FlowLogs& wanted);
    /// Whether change() would fail, as far as it can be known without opening anything.
    Status look_at(const config::FlowLogs& wanted) const;
    /// Forgets those that have gone and told all. True when some still tell.
    bool reap();
    /// All tell what there is, at once, and end.
    void stop();

    /// Records of all logs since the start, of those too that have ended.
    uint64_t sent() const { return totals_.sent.load(std::memory_order_relaxed); }
    uint64_t lost() const { return totals_.lost.load(std::memory_order_relaxed); }

private:
    using Logs = std::vector<std::unique_ptr<FlowLog>>;

    std::vector<config::FlowLogTarget> missing(const config::FlowLogs& wanted) const;
    Result<Logs> start(const std::vector<config::FlowLogTarget>& targets);

    flow::Journal& journal_;
    FlowLogsParams params_;
    Totals totals_;
    std::atomic<bool> both_{false};
    mutable std::mutex mutex_;  // of what follows
    Logs logs_;
    Logs leaving_;
};

}  // namespace sluice::flowlog
