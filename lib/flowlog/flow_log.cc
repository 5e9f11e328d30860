// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/flow_log.h"

#include "flowlog/socket.h"
#include "listing/time_of_day.h"
#include "net/text.h"

#include <algorithm>
#include <new>
#include <system_error>

namespace sluice::flowlog {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr milliseconds kShortestRest{1};
constexpr milliseconds kLongestRest{8};
constexpr size_t kUdpBytes = 1400;
constexpr size_t kTcpBytes = 16384;

int64_t now() {
    return steady_clock::now().time_since_epoch() / milliseconds(1);
}

int64_t time_of_day() {
    return system_clock::now().time_since_epoch() / milliseconds(1);
}

}  // namespace

std::string name_of(const config::Collector& collector) {
    return std::string("--ipfix ") + (collector.is_tcp ? "tcp:" : "udp:") +
           net::to_string(collector.address) + ':' + std::to_string(collector.port.host());
}

FlowLog::FlowLog(flow::Journal& journal, const FlowLogParams& params)
    : params_(params),
      reader_(journal),
      ipfix_({params.collector.is_tcp ? kTcpBytes : kUdpBytes, params.block_size}),
      read_at_(time_of_day()) {
    const DeliveryParams delivery{params.collector, account_, params.notice};
    delivery_ = params.collector.is_tcp ? deliver_by_tcp(delivery) : deliver_by_udp(delivery);
    thread_ = std::thread([this] {
        params_.background.enter();
        run();
    });
}

Result<std::unique_ptr<FlowLog>> FlowLog::start(flow::Journal& journal,
                                                const FlowLogParams& params) {
    try {
        return std::unique_ptr<FlowLog>(new FlowLog(journal, params));
    } catch (const std::system_error& error) {
        return Error{name_of(params.collector) + ": its thread cannot be started: " + error.what()};
    }
}

void FlowLog::stop() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    stopped_.notify_one();
    if (thread_.joinable())
        thread_.join();
}

void FlowLog::run() {
    milliseconds rest = kShortestRest;
    std::unique_lock lock(mutex_);
    while (!stop_) {
        lock.unlock();
        rest = turn() ? kShortestRest : std::min(2 * rest, kLongestRest);
        lock.lock();
        stopped_.wait_for(lock, rest, [this] { return stop_; });
    }
    lock.unlock();
    say_farewell();
}

/// True when something was read.
bool FlowLog::turn() {
    entries_.clear();
    messages_.clear();
    try {
        reader_.read(entries_);
        const int64_t before = std::exchange(read_at_, time_of_day());
        if (const uint64_t lost = reader_.take_lost(); lost != 0)
            account_.lose(lost, {before, read_at_});
        ipfix_.encode(entries_, listing::TimeOfDay(), messages_);
        delivery_->turn(now());
        for (Message& message : messages_)
            delivery_->put(std::move(message));
        delivery_->turn(now());
    } catch (const std::bad_alloc&) {  // what was read is told nowhere
        account_.lose(entries_.size(), {read_at_, read_at_});
    }
    return !entries_.empty();
}

void FlowLog::say_farewell() {
    const auto end = steady_clock::now() + params_.farewell;
    turn();
    while (delivery_->has_waiting() && steady_clock::now() < end) {
        std::this_thread::sleep_for(kShortestRest);
        turn();
    }
    delivery_->give_up();
}

}  // namespace sluice::flowlog
