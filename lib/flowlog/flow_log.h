// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flow log: tells a collector which inside host had which public port, and when.
///
/// Shape    Reads the flows' journal, and makes messages of what it reads (encoder.h), which a
///          delivery takes away (delivery.h).
/// Threads  One of its own; sent() and lost() are for any. It runs where lists run, away from
///          workers' CPUs, but not in the idle class as these do: who lists can wait, and this log
///          loses what it does not read within 16,384 events of a thread, some 16 ms of a million a
///          second. It takes CPU by the event, and rests when there are none: 1 ms behind the last,
///          8 ms at most. It holds no lock that a worker or the control core takes.
/// Errors   No collector is no error: it may come; a file that cannot be opened at the start is
///          one. What was lost is counted, and told to it; memory.h says who counts what there is
///          no memory for. Of the journal every event is counted that the log was too slow for,
///          changes of state too. What its end could not deliver is said in the operator's log.
/// Memory   What is read at once, and what a delivery keeps.

#include "base/result.h"
#include "config/collector.h"
#include "flow/journal.h"
#include "flowlog/account.h"
#include "flowlog/delivery.h"
#include "flowlog/encoder.h"
#include "flowlog/told.h"
#include "listing/background.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sluice::flowlog {

struct FlowLogParams {
    config::FlowLogTarget target;
    Told told{};
    listing::Background background{.cpus = {}, .idle_class = false};
    std::function<void(const std::string&)> notice = [](const std::string&) {};
    /// Whether the gateway's own flows are told of at that moment, in nanoseconds of the steady
    /// clock: a copy of another gateway's is no news, and neither is its end.
    std::function<bool(int64_t)> is_own = [](int64_t) { return true; };
    /// How long the end waits for what has not been delivered yet.
    std::chrono::milliseconds farewell{1000};
    Totals* totals = nullptr;  ///< As Account has them.
};

class FlowLog {
public:
    /// Hears all that is written into the journal from now on.
    static Result<std::unique_ptr<FlowLog>> start(flow::Journal& journal,
                                                  const FlowLogParams& params);
    ~FlowLog() { stop(); }
    FlowLog(const FlowLog&) = delete;

    void end();   ///< Has it tell what there is, and end.
    void stop();  ///< The same, and waits for that.
    /// It has told what there was, and no more comes: stop() does not wait.
    bool has_ended() const { return has_ended_.load(std::memory_order_acquire); }

    const config::FlowLogTarget& target() const { return params_.target; }
    uint64_t sent() const { return account_.sent(); }
    uint64_t lost() const { return account_.lost(); }

private:
    FlowLog(flow::Journal& journal, const FlowLogParams& params);
    Status begin();
    void run();
    bool turn();
    void read();
    void encode();
    void deliver();
    void say_farewell();
    void skip();
    void tell_end(uint64_t lost);

    FlowLogParams params_;
    Account account_;
    std::optional<flow::Journal::Reader> reader_;  // until the end
    std::unique_ptr<Encoder> encoder_;
    std::unique_ptr<Delivery> delivery_;
    std::vector<flow::JournalEntry> entries_;
    std::vector<Message> messages_;
    int64_t read_at_;         // the time of day, in milliseconds
    bool was_own_ = false;    // at that time
    bool is_behind_ = false;  // there was no memory for all that was in the journal then
    bool has_read_ = false;   // something was in it
    std::string last_words_;

    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stop_ = false;
    std::atomic<bool> has_ended_{false};
    std::thread thread_;
};

}  // namespace sluice::flowlog
