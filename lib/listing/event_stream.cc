// SPDX-License-Identifier: BSD-3-Clause
#include "listing/event_stream.h"

#include "listing/flow_text.h"
#include "listing/time_of_day.h"
#include "net/text.h"

#include <cstdio>

namespace sluice::listing {
namespace {

/// The time of day as seconds and microseconds.
struct Stamp {
    long long seconds;
    long microseconds;
};

Stamp stamp_of(int64_t steady) {
    constexpr int64_t kMicrosecond = 1000;
    constexpr int64_t kSecond = 1'000'000'000;
    const int64_t time = TimeOfDay().of(steady);
    return {time / kSecond, static_cast<long>(time % kSecond / kMicrosecond)};
}

std::string_view json_name(flow::Event event) {
    switch (event) {
        case flow::Event::Opened:
            return "new";
        case flow::Event::Changed:
            return "update";
        case flow::Event::Ended:
            return "destroy";
    }
    return {};
}

std::string json_head(const flow::JournalEntry& entry) {
    const Stamp time = stamp_of(entry.time);
    std::array<char, 96> head{};
    std::snprintf(head.data(), head.size(), R"({"time":%lld.%06ld,"id":"%u-%u","event":"%s",)",
                  time.seconds, time.microseconds, entry.index, entry.generation,
                  json_name(entry.event).data());
    return head.data();
}

/// A block's keys say the inside host, and the first port (nat/holders.h).
void append_json_block(std::string& out, const flow::JournalEntry& entry) {
    const net::Tuple& reply = entry.tuple[index(net::Direction::Reply)];
    out +=
        json_head(entry) + R"("block":{"host":")" + net::to_string(entry.tuple[0].source) +
        (entry.tuple[0].zone == 0 ? "\"" : "\",\"zone\":" + std::to_string(entry.tuple[0].zone)) +
        R"(,"address":")" + net::to_string(reply.destination) + R"(","first_port":)" +
        std::to_string(reply.destination_port.host()) + "}}\n";
}

FlowEntry entry_of(const flow::JournalEntry& entry) {
    return {.tuple = entry.tuple,
            .left = entry.left,
            .state = conntrack::ProtocolState(entry.state),
            .status = entry.status,
            .owner = entry.owner,
            .traffic = entry.is_counted ? std::optional(entry.traffic) : std::nullopt};
}

}  // namespace

uint64_t EventStream::next(std::string& out) {
    out.clear();
    entries_.clear();
    reader_.read(entries_);
    const uint64_t lost = reader_.take_lost();
    if (lost != 0)
        append_lost(out, lost);
    for (const flow::JournalEntry& entry : entries_)
        append(out, entry);
    return lost;
}

void EventStream::append(std::string& out, const flow::JournalEntry& entry) const {
    const bool is_json = params_.format == Format::Json;
    if (entry.kind() == flow::Kind::Block && is_json && params_.filter.is_empty())
        return append_json_block(out, entry);
    if (entry.kind() != flow::Kind::Flow)
        return;
    const FlowEntry flow = entry_of(entry);
    if (!params_.filter.matches(flow))
        return;
    if (is_json) {
        std::string text;
        append_json(text, flow);
        out += json_head(entry).append(text, 1).append("\n");
        return;
    }
    if (params_.timestamps) {
        const Stamp time = stamp_of(entry.time);
        std::array<char, 48> stamp{};
        std::snprintf(stamp.data(), stamp.size(), "[%lld.%06ld]\t", time.seconds,
                      time.microseconds);
        out += stamp.data();
    }
    append_event(out, entry.event, flow);
}

void EventStream::append_lost(std::string& out, uint64_t count) const {
    out += params_.format == Format::Json
               ? R"({"event":"lost","count":)" + std::to_string(count) + "}\n"
               : "   [LOST] " + std::to_string(count) + " events\n";
}

}  // namespace sluice::listing
