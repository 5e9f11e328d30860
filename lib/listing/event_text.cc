// SPDX-License-Identifier: BSD-3-Clause
#include "listing/event_text.h"

#include "listing/flow_text.h"
#include "net/text.h"

#include <array>
#include <cstdio>
#include <optional>
#include <string_view>

namespace sluice::listing {
namespace {

using net::Direction;

/// The time of day as seconds and microseconds.
struct Stamp {
    long long seconds;
    long microseconds;
};

Stamp stamp_of(const flow::JournalEntry& entry, const TimeOfDay& clock) {
    constexpr int64_t kMicrosecond = 1000;
    constexpr int64_t kSecond = 1'000'000'000;
    const int64_t time = clock.of(entry.time);
    return {time / kSecond, static_cast<long>(time % kSecond / kMicrosecond)};
}

/// JSON has the two apart.
uint64_t id_of(const flow::JournalEntry& entry) {
    return uint64_t{entry.generation} << 32 | entry.index;
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

std::string json_head(const flow::JournalEntry& entry, const TimeOfDay& clock) {
    const Stamp time = stamp_of(entry, clock);
    std::array<char, 96> head{};
    std::snprintf(head.data(), head.size(), R"({"time":%lld.%06ld,"id":"%u-%u","event":"%s",)",
                  time.seconds, time.microseconds, entry.index, entry.generation,
                  json_name(entry.event).data());
    return head.data();
}

/// A block's keys say the inside host, and the first port (nat/holders.h).
struct Block {
    nat64::WireAddress host;
    uint16_t zone;
    Be32 address;
    unsigned first_port;

    Block(const flow::JournalEntry& entry, const nat64::Naming& naming)
        : host(naming.at(entry.time).host(entry.tuple[0].source)),
          zone(entry.tuple[0].zone),
          address(entry.tuple[index(Direction::Reply)].destination),
          first_port(entry.tuple[index(Direction::Reply)].destination_port.host()) {}
};

}  // namespace

FlowEntry entry_of(const flow::JournalEntry& entry) {
    return {.tuple = entry.tuple,
            .left = entry.left,
            .state = conntrack::ProtocolState(entry.state),
            .status = entry.status,
            .owner = entry.owner,
            .traffic = entry.is_counted ? std::optional(entry.traffic) : std::nullopt,
            // As the other side knows them: what they become there stays in the record.
            .calls = {entry.tuple[0].destination_port, entry.tuple[1].destination_port}};
}

void append_timestamp(std::string& out, const flow::JournalEntry& entry, const TimeOfDay& clock) {
    const Stamp time = stamp_of(entry, clock);
    std::array<char, 48> stamp{};
    std::snprintf(stamp.data(), stamp.size(), "[%lld.%06ld]\t", time.seconds, time.microseconds);
    out += stamp.data();
}

void append_flow(std::string& out, const flow::JournalEntry& entry, const nat64::Naming& naming,
                 const EventShown& shown) {
    append_event(out, entry.event, entry_of(entry), naming.at(entry.time),
                 {shown.extended, shown.id ? std::optional(id_of(entry)) : std::nullopt});
}

void append_json_flow(std::string& out, const flow::JournalEntry& entry, const TimeOfDay& clock,
                      const nat64::Naming& naming) {
    std::string flow;
    append_json(flow, entry_of(entry), naming.at(entry.time));
    out += json_head(entry, clock).append(flow, 1).append("\n");
}

void append_block(std::string& out, const flow::JournalEntry& entry, const BlockWords& words) {
    const Block block(entry, words.naming);
    const uint16_t ports = words.ports;
    out += event_tag(entry.event);
    out += "block    src=" + nat64::to_string(block.host) +
           " address=" + net::to_string(block.address) +
           " ports=" + std::to_string(block.first_port);
    if (ports != 0)
        out += '-' + std::to_string(block.first_port + ports - 1);
    if (block.zone != 0)
        out += " zone=" + std::to_string(block.zone);
    out += '\n';
}

void append_json_block(std::string& out, const flow::JournalEntry& entry, const TimeOfDay& clock,
                       const BlockWords& words) {
    const Block block(entry, words.naming);
    const uint16_t ports = words.ports;
    out += json_head(entry, clock) + R"("block":{"host":")" + nat64::to_string(block.host) +
           (block.zone == 0 ? "\"" : "\",\"zone\":" + std::to_string(block.zone)) +
           R"(,"address":")" + net::to_string(block.address) + R"(","first_port":)" +
           std::to_string(block.first_port);
    if (ports != 0)
        out += R"(,"last_port":)" + std::to_string(block.first_port + ports - 1);
    out += "}}\n";
}

}  // namespace sluice::listing
