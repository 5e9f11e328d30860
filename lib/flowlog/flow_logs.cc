// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/flow_logs.h"

#include "flowlog/delivery.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::flowlog {
namespace {

std::vector<config::FlowLogTarget> targets_of(const config::FlowLogs& wanted) {
    std::vector<config::FlowLogTarget> targets = wanted.lines;
    for (const auto& exported : {wanted.ipfix, wanted.netflow9})
        if (exported)
            targets.push_back(*exported);
    return targets;
}

Status look_at_all(const std::vector<config::FlowLogTarget>& targets) {
    for (const config::FlowLogTarget& target : targets) {
        if (target.collector.transport != config::Transport::File)
            continue;  // a collector may come later
        if (Status status = look_at_file(target); !status)
            return status;
    }
    return Done{};
}

}  // namespace

FlowLogs::FlowLogs(flow::Journal& journal, FlowLogsParams params)
    : journal_(journal), params_(std::move(params)) {
    params_.told.both = &both_;
}

/// The targets that have no log yet.
std::vector<config::FlowLogTarget> FlowLogs::missing(const config::FlowLogs& wanted) const {
    std::vector<config::FlowLogTarget> targets = targets_of(wanted);
    std::erase_if(targets, [this](const config::FlowLogTarget& target) {
        return std::ranges::any_of(logs_, [&](const auto& log) { return log->target() == target; });
    });
    return targets;
}

Status FlowLogs::look_at(const config::FlowLogs& wanted) const {
    const std::lock_guard lock(mutex_);
    return look_at_all(missing(wanted));
}

Result<FlowLogs::Logs> FlowLogs::start(const std::vector<config::FlowLogTarget>& targets) {
    Logs logs;
    for (const config::FlowLogTarget& target : targets) {
        FlowLogParams params{.target = target, .told = params_.told};
        params.background = params_.background;
        params.background.on_entry = [on_entry = params_.on_entry,
                                      transport = target.collector.transport] {
            on_entry(transport);
        };
        params.notice = params_.notice;
        params.is_own = params_.is_own;
        params.totals = &totals_;
        auto log = FlowLog::start(journal_, params);
        if (!log)
            return log.error();
        logs.push_back(std::move(*log));
    }
    return logs;
}

/// All files are looked at before the first log is started, which would tell what it hears.
Status FlowLogs::change(const config::FlowLogs& wanted) {
    const std::lock_guard lock(mutex_);
    const std::vector<config::FlowLogTarget> targets = missing(wanted);
    if (Status status = look_at_all(targets); !status)
        return status;
    const std::vector<config::FlowLogTarget> all = targets_of(wanted);
    Result<Logs> come = start(targets);
    if (!come)
        return come.error();
    leaving_.reserve(leaving_.size() + logs_.size());
    logs_.reserve(logs_.size() + come->size());
    // From here on nothing fails.
    both_.store(wanted.both, std::memory_order_relaxed);
    const auto gone = std::stable_partition(logs_.begin(), logs_.end(), [&](const auto& log) {
        return std::ranges::find(all, log->target()) != all.end();
    });
    for (auto log = gone; log != logs_.end(); ++log)
        (*log)->end();
    std::move(gone, logs_.end(), std::back_inserter(leaving_));
    logs_.erase(gone, logs_.end());
    std::move(come->begin(), come->end(), std::back_inserter(logs_));
    return Done{};
}

bool FlowLogs::reap() {
    const std::lock_guard lock(mutex_);
    std::erase_if(leaving_, [](const auto& log) { return log->has_ended(); });
    return !leaving_.empty();
}

void FlowLogs::stop() {
    const std::lock_guard lock(mutex_);
    std::move(logs_.begin(), logs_.end(), std::back_inserter(leaving_));
    logs_.clear();
    for (const auto& log : leaving_)
        log->end();  // all at once, for each may wait for its collector
    leaving_.clear();
}

}  // namespace sluice::flowlog
