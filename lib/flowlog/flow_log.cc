// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/flow_log.h"

#include "flowlog/ipfix.h"
#include "flowlog/lines.h"
#include "flowlog/memory.h"
#include "flowlog/netflow9.h"
#include "flowlog/socket.h"
#include "listing/time_of_day.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

namespace sluice::flowlog {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr milliseconds kShortestRest{1};
constexpr milliseconds kLongestRest{8};
constexpr size_t kDatagramBytes = 1400;
constexpr size_t kStreamBytes = 16384;
constexpr std::string_view kItEnds = ": it ends, and ";
constexpr std::string_view kAreLost = " records that were not delivered are lost";
constexpr size_t kMostDigits = 20;

int64_t now() {
    return steady_clock::now().time_since_epoch() / milliseconds(1);
}

int64_t time_of_day() {
    return system_clock::now().time_since_epoch() / milliseconds(1);
}

std::unique_ptr<Encoder> encoder_of(const FlowLogParams& params) {
    const auto [form, collector, name] = params.target;
    const bool is_datagram = collector.transport == config::Transport::Udp;
    const size_t most_bytes = is_datagram ? kDatagramBytes : kStreamBytes;
    if (form == config::LogForm::Ipfix)
        return std::make_unique<Ipfix>(ExportParams{most_bytes, params.told});
    if (form == config::LogForm::Netflow9)
        return std::make_unique<Netflow9>(ExportParams{most_bytes, params.told}, export_time());
    return std::make_unique<Lines>(LinesParams{form, collector.transport, most_bytes, params.told});
}

Result<std::unique_ptr<Delivery>> delivery_of(const DeliveryParams& params) {
    switch (params.target.collector.transport) {
        case config::Transport::Udp:
        case config::Transport::Local:
            return deliver_by_datagrams(params);
        case config::Transport::Tcp:
            return deliver_by_tcp(params);
        case config::Transport::File:
            return deliver_to_file(params);
    }
    return Error{params.target.name + ": unknown transport"};
}

}  // namespace

FlowLog::FlowLog(flow::Journal& journal, const FlowLogParams& params)
    : params_(params),
      account_(params.totals),
      reader_(journal),
      encoder_(encoder_of(params)),
      read_at_(time_of_day()) {
    last_words_.reserve(params.target.name.size() + kItEnds.size() + kMostDigits + kAreLost.size());
}

Status FlowLog::begin() {
    auto delivery = delivery_of({params_.target, *encoder_, account_, params_.notice});
    if (!delivery)
        return delivery.error();
    delivery_ = std::move(*delivery);
    try {
        thread_ = std::thread([this] {
            params_.background.enter();
            run();
        });
    } catch (const std::system_error& error) {
        return Error{params_.target.name + ": its thread cannot be started: " + error.what()};
    }
    return Done{};
}

Result<std::unique_ptr<FlowLog>> FlowLog::start(flow::Journal& journal,
                                                const FlowLogParams& params) {
    std::unique_ptr<FlowLog> log(new FlowLog(journal, params));
    if (Status status = log->begin(); !status)
        return status.error();
    return log;
}

void FlowLog::end() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    stopped_.notify_one();
}

void FlowLog::stop() {
    end();
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
    has_ended_.store(true, std::memory_order_release);
}

/// True when something was read that is to be told.
bool FlowLog::turn() {
    read();
    encode();
    deliver();
    for (Message& message : messages_)
        delivery_->put(std::move(message));
    deliver();
    return !entries_.empty();
}

/// What there is memory for; the rest waits in the journal.
void FlowLog::read() {
    entries_.clear();
    is_behind_ = !if_memory_allows([this] { reader_->read(entries_); });
    has_read_ = !entries_.empty();
    const int64_t before = std::exchange(read_at_, time_of_day());
    std::erase_if(entries_,
                  [this](const flow::JournalEntry& entry) { return !params_.is_own(entry.time); });
    // When that happened which is lost, nobody knows any more: since the last look.
    const bool is_own = params_.is_own(flow::steady_now());
    const bool was_own = std::exchange(was_own_, is_own);
    if (const uint64_t lost = reader_->take_lost(); lost != 0 && (is_own || was_own))
        account_.lose(lost, {before, read_at_});
}

void FlowLog::encode() {
    messages_.clear();
    if (if_memory_allows([this] { encoder_->encode(entries_, listing::TimeOfDay(), messages_); }))
        return;
    messages_.clear();
    const auto told = std::count_if(entries_.begin(), entries_.end(), [this](const auto& entry) {
        return params_.told.tells(entry);
    });
    if (told != 0)
        account_.lose(static_cast<uint64_t>(told), {read_at_, read_at_});
}

/// Where there is no memory it is tried again, until the end.
void FlowLog::deliver() {
    if_memory_allows([this] { delivery_->turn(now()); });
}

/// Of what happens meanwhile nothing is told: else there might be no end of it.
void FlowLog::say_farewell() {
    const auto end = steady_clock::now() + params_.farewell;
    do
        turn();
    while (is_behind_ && has_read_ && steady_clock::now() < end);
    if (is_behind_)
        skip();
    reader_.reset();  // nothing is written into the journal for it any more
    while (delivery_->has_waiting() && steady_clock::now() < end) {
        std::this_thread::sleep_for(kShortestRest);
        deliver();
    }
    delivery_->give_up();
    if (const uint64_t untold = account_.untold_records(); untold != 0)
        tell_end(untold);
}

/// What there was never memory for is lost.
void FlowLog::skip() {
    reader_->skip();
    if (const uint64_t lost = reader_->take_lost(); lost != 0 && was_own_)
        account_.lose(lost, {read_at_, read_at_});
}

/// In the memory that was taken for it at the start.
void FlowLog::tell_end(uint64_t lost) {
    std::array<char, kMostDigits> digits;
    const auto [last, error] = std::to_chars(digits.begin(), digits.end(), lost);
    last_words_ = params_.target.name;
    last_words_.append(kItEnds).append(digits.data(), last).append(kAreLost);
    if_memory_allows([this] { params_.notice(last_words_); });
}

}  // namespace sluice::flowlog
