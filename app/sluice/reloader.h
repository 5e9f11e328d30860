// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reloader: reads the configuration again and lets it hold, while packets pass.
///
/// Shape    All of the new configuration is read, validated and compiled before anything changes,
///          and then it holds from one packet to the next; or nothing has changed.
/// Threads  A thread of this object's does the work: an operator waits, and those of the control
///          socket run when nobody else wants a CPU. reload(), which waits for it, and lines(): any
///          but workers and the control core. request(): any, and does not wait.
///          rules(), ask() and given(): any but workers and the control core.
/// Errors   One sentence, with file, line and column where it is about a value there. Where there
///          is no memory for another configuration, the one that holds stays. Out of memory
///          rules(), ask() and given() throw std::bad_alloc.

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "command/subject.h"
#include "config/config.h"
#include "config/lines.h"
#include "config/sources.h"
#include "flowlog/flow_logs.h"
#include "gateway/draining.h"
#include "gateway/gateway.h"
#include "gateway/touched.h"
#include "listing/background.h"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::app {

struct ReloaderParams {
    gateway::Gateway& gateway;
    flowlog::FlowLogs& flow_logs;
    config::Sources sources;
    config::Config config;               ///< What the sources say now.
    std::vector<unsigned> allowed_cpus;  ///< Before EAL bound any thread.
    std::function<Tick()> now;
    std::function<void(const std::string&)> print;  ///< Takes sentences for the log.
    listing::Background background{};
};

class Reloader {
public:
    static Result<std::unique_ptr<Reloader>> start(ReloaderParams params);
    ~Reloader();
    Reloader(const Reloader&) = delete;

    /// What has changed, a line for each change with the number of its flows; with `dry_run` what
    /// would. Nobody may be in it when this object ends.
    Result<std::string> reload(bool dry_run);
    /// The configuration that holds, as the lines of a file.
    std::string lines();
    /// The rules that refuse flows, and what they have refused. Does not wait for a reload.
    std::vector<command::RuleReport> rules() const;
    /// What would become of a packet now. Likewise.
    why::Answer ask(const why::Question& question) const;
    /// What the configuration says of a public endpoint. Likewise.
    listing::Given given(const listing::PublicEndpoint& endpoint) const;
    /// Of SIGHUP: the outcome is printed.
    void request();
    /// The start has brought flows without a rule, which end after --drain-time.
    void drain();

private:
    /// A configuration that has been read.
    struct Candidate {
        config::Sources sources;
        config::Config config;
        config::Difference difference;
    };

    class Unused;

    /// Of who waits for its outcome.
    struct Order {
        bool dry_run = false;
        std::promise<Result<std::string>> outcome{};
    };

    Reloader(ReloaderParams params, Descriptor wake);
    /// Has the thread look at what there is to do, and until when it may wait.
    void wake();
    void work();
    void turn();
    int patience();
    void carry_out_orders();
    Result<std::string> do_reload(bool dry_run);
    Result<std::string> reload_locked(bool dry_run);
    Result<Candidate> read_again() const;
    gateway::Census count(const config::Difference& difference, const config::Config& after,
                          const policy::Policy& policy) const;
    Result<std::string> apply(Candidate candidate, Unused& policy, std::string table,
                              uint64_t without_ground);
    std::string keep_or_end(const gateway::Policies::Pointer& policy, uint64_t without_ground);
    void end_drained();
    void free_policies();
    /// A policy, and its rules as they were written.
    struct Written {
        gateway::Policies::Pointer policy;
        std::vector<std::string> deny_places;
        std::vector<config::Line> rules;
        std::vector<std::string> rule_places;
        std::vector<pool::Forward> forwards;
    };

    static std::shared_ptr<const Written> write_down(const gateway::Policies::Pointer& policy,
                                                     const config::Sources& sources,
                                                     const config::Config& config);
    void keep(std::shared_ptr<const Written> written);
    std::shared_ptr<const Written> written() const;

    ReloaderParams params_;
    Descriptor wake_;  // an eventfd
    std::atomic<bool> stop_{false};
    std::atomic<bool> is_requested_{false};
    std::mutex orders_mutex_;
    std::vector<Order> orders_;
    std::mutex mutex_;  // of params_.sources, config and the policies, and of draining_
    gateway::Draining draining_;
    bool logs_end_ = false;           // some that are gone still tell; of the thread
    bool lacked_memory_ = false;      // in the last turn; likewise
    mutable std::mutex rules_mutex_;  // of what follows
    std::shared_ptr<const Written> written_;
    std::thread thread_;
};

}  // namespace sluice::app
