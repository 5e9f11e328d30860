// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Daemon: the running gateway. Gives every part its thread, and takes the threads back.
///
/// Threads  The caller's thread becomes the control core; workers run on the other lcores; the
///          command socket's threads and the log's stay away from the workers' CPUs.
/// Errors   start() says in one sentence what cannot be had.

#include "base/monotonic.h"
#include "base/result.h"
#include "command/notices.h"
#include "command/server.h"
#include "config/config.h"
#include "config/sources.h"
#include "flowlog/flow_logs.h"
#include "gateway/gateway.h"
#include "kernel/listeners.h"
#include "kernel/tap.h"
#include "sluice/clustering.h"
#include "sluice/exit_code.h"
#include "sluice/handed_in.h"
#include "sluice/link_watch.h"
#include "sluice/log_writer.h"
#include "sluice/notifier.h"
#include "sluice/platform.h"
#include "sluice/reloader.h"
#include "sluice/signals.h"
#include "sluice/watch.h"
#include "state/state_file.h"
#include "sync/pair.h"
#include "worker/heartbeat.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::app {

class Daemon {
public:
    /// `config` is what `sources` say, and has been validated.
    static Result<std::unique_ptr<Daemon>> start(const config::Sources& sources,
                                                 const config::Config& config);
    ~Daemon();
    Daemon(const Daemon&) = delete;

    /// Forwards until it is told to stop, or has to end for a port (lost_ports.h); then stops every
    /// worker and drops what still waits.
    ExitCode run(Signals& signals);

private:
    /// What a worker's lcore is started with.
    struct Job {
        Daemon* daemon;
        unsigned worker;
    };

    Daemon(const config::Config& config, std::unique_ptr<Platform> platform,
           std::unique_ptr<LogWriter> log);
    Status build(const config::Sources& sources, std::vector<unsigned> allowed_cpus);
    Status open_state(gateway::Ground& ground);
    void say_state();
    Status open_taps(gateway::Ground& ground);
    Status serve();
    void make_flow_logs();
    Status start_flow_logs();
    Status join_pair();
    command::Subject subject();
    void reload();
    stats::Snapshot snapshot() const;
    void launch_workers();
    void print(std::string_view sentence);
    void confine(Status (*give_up)());
    bool wait_for_links(Signals& signals);
    ExitCode forward(Signals& signals) noexcept;
    ExitCode control(Signals& signals);
    void print_summary(const char* occasion);
    static int work(void* job);

    config::Config config_;
    std::unique_ptr<Platform> platform_;
    std::unique_ptr<LogWriter> log_;
    MonotonicClock clock_;
    std::vector<worker::Heartbeat> heartbeats_;  // by worker
    command::Notices notices_;
    HandedIn handed_in_;
    Watch watch_;
    std::vector<std::unique_ptr<kernel::Tap>> taps_;
    kernel::Listeners listeners_{[this](const std::string& sentence) { print(sentence); }};
    std::optional<state::StateFile> state_;  // in which the gateway's flows are
    Clustering clustering_;
    std::unique_ptr<gateway::Gateway> gateway_;
    std::unique_ptr<LinkWatch> links_;
    std::unique_ptr<flowlog::FlowLogs> flow_logs_;
    std::unique_ptr<Reloader> reloader_;
    std::unique_ptr<sync::Pair> pair_;  // where the gateway is one of two
    std::unique_ptr<command::Server> server_;
    std::vector<Job> jobs_;
    Notifier notifier_;
    std::atomic<bool> stop_{false};
};

}  // namespace sluice::app
