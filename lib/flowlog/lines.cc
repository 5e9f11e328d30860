// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/lines.h"

#include "listing/event_text.h"
#include "listing/flow_text.h"
#include "net/text.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <unistd.h>

namespace sluice::flowlog {
namespace {

using config::LogForm;
using config::Transport;
using flow::Event;
using flow::JournalEntry;
using net::Direction;

constexpr int64_t kMicroseconds = 1'000'000;  // of a second
constexpr int64_t kMicrosecond = 1000;        // in nanoseconds
constexpr int64_t kMillisecond = 1000;        // in microseconds

/// "2026-01-31T12:00:00.123456Z", of microseconds since 1970.
std::string utc_text(int64_t time) {
    std::string text = listing::utc_text(static_cast<std::time_t>(time / kMicroseconds));
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%06dZ",
                  static_cast<int>(time % kMicroseconds));
    text.replace(text.size() - 1, 1, fraction.data());
    return text;
}

/// What syslog says of this process in each message. A name that is no word is not told.
std::string sender() {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0' ||
        std::string_view(host.data()).find(' ') != std::string_view::npos)
        host = {'-'};
    return std::string(host.data()) + " sluice " + std::to_string(getpid());
}

/// Structured data in the making. No value here needs escaping.
class Structured {
public:
    Structured() : text_("[nat@32473") {}

    Structured& add(const char* name, std::string_view value) {
        text_.append(1, ' ').append(name).append("=\"").append(value).append(1, '"');
        return *this;
    }
    Structured& add(const char* name, uint64_t value) { return add(name, std::to_string(value)); }
    std::string text() const { return text_ + "]"; }

private:
    std::string text_;
};

/// "postNATSource" and an IPv6 address: the name is postNATSourceIPv6Address.
void add_address(Structured& data, const std::string& what, const nat64::WireAddress& address) {
    const char* const kind = address.ipv6 ? "IPv6Address" : "IPv4Address";
    data.add((what + kind).c_str(), nat64::to_string(address));
}

std::string session(const JournalEntry& entry, const nat64::Naming& naming) {
    const net::Tuple& original = entry.tuple[0];
    const net::Tuple& reply = entry.tuple[index(Direction::Reply)];
    const nat64::WireEnds before = naming.ends(original);
    const nat64::WireEnds after = naming.ends(reply);
    Structured data;
    data.add("protocolIdentifier", static_cast<uint8_t>(original.protocol));
    add_address(data, "source", before.source);
    data.add("sourceTransportPort", original.source_port.host());
    add_address(data, "destination", before.destination);
    data.add("destinationTransportPort", original.destination_port.host());
    add_address(data, "postNATSource", after.destination);
    data.add("postNAPTSourceTransportPort", reply.destination_port.host());
    add_address(data, "postNATDestination", after.source);
    data.add("postNAPTDestinationTransportPort", reply.source_port.host());
    if (original.zone != 0)
        data.add("ingressVRFID", original.zone);
    if (reply.zone != 0)
        data.add("egressVRFID", reply.zone);
    if (entry.is_counted) {
        const flow::Traffic& sent = entry.traffic[index(Direction::Original)];
        const flow::Traffic& answered = entry.traffic[index(Direction::Reply)];
        data.add("initiatorPackets", sent.packets)
            .add("initiatorOctets", sent.bytes)
            .add("responderPackets", answered.packets)
            .add("responderOctets", answered.bytes);
    }
    return data.text() + ' ' + std::string(listing::protocol_name(original.protocol)) + ' ' +
           with_port(before.source, original.source_port) + " to " +
           with_port(before.destination, original.destination_port) + " as " +
           with_port(after.destination, reply.destination_port) + " to " +
           with_port(after.source, reply.source_port);
}

/// A block's keys say the inside host, and the first port (nat/holders.h).
std::string block(const JournalEntry& entry, uint16_t size, const nat64::Naming& naming) {
    const nat64::WireAddress host = naming.host(entry.tuple[0].source);
    const uint16_t zone = entry.tuple[0].zone;
    const net::Tuple& reply = entry.tuple[index(Direction::Reply)];
    const unsigned first = reply.destination_port.host();
    const unsigned last = first + size - 1;
    Structured data;
    add_address(data, "source", host);
    data.add("postNATSourceIPv4Address", net::to_string(reply.destination))
        .add("portRangeStart", first)
        .add("portRangeEnd", last);
    if (zone != 0)
        data.add("ingressVRFID", zone);
    return data.text() + ' ' + nat64::to_string(host) + " has " +
           net::to_string(reply.destination) + ':' + std::to_string(first) + '-' +
           std::to_string(last);
}

const char* name_of(const JournalEntry& entry) {
    const bool begins = entry.event == Event::Opened;
    if (entry.kind() == flow::Kind::Block)
        return begins ? "block-allocate" : "block-release";
    return begins ? "create" : "delete";
}

}  // namespace

Lines::Lines(const LinesParams& params) : params_(params), sender_(sender()) {}

bool Lines::is_datagram() const {
    return params_.transport == Transport::Udp || params_.transport == Transport::Local;
}

void Lines::encode(std::span<const JournalEntry> entries, const listing::TimeOfDay& clock,
                   std::vector<Message>& messages) const {
    bool is_open = false;
    for (const JournalEntry& entry : entries) {
        if (!params_.told.tells(entry))
            continue;
        if (!is_open || is_datagram() || messages.back().bytes.size() >= params_.most_bytes)
            messages.emplace_back();
        is_open = true;
        messages.back().count(clock.of(entry.time) / kMicrosecond / kMillisecond);
        append(messages.back().bytes, entry, clock);
    }
}

void Lines::append(std::string& out, const JournalEntry& entry,
                   const listing::TimeOfDay& clock) const {
    const bool is_block = entry.kind() == flow::Kind::Block;
    const uint16_t size = params_.told.block_size;
    const nat64::Naming& naming = params_.told.naming;
    if (params_.form == LogForm::Syslog)
        return append_syslog(out, clock.of(entry.time) / kMicrosecond, name_of(entry),
                             is_block ? block(entry, size, naming.at(entry.time))
                                      : session(entry, naming.at(entry.time)));
    if (params_.form == LogForm::Json)
        return is_block ? listing::append_json_block(out, entry, clock, {size, naming})
                        : listing::append_json_flow(out, entry, clock, naming);
    listing::append_timestamp(out, entry, clock);
    if (is_block)
        listing::append_block(out, entry, {size, naming});
    else
        listing::append_flow(out, entry, naming);
}

/// Facility daemon, severity informational.
void Lines::append_syslog(std::string& out, int64_t time, const char* what,
                          const std::string& rest) const {
    const std::string line = "<30>1 " + utc_text(time) + ' ' + sender_ + ' ' + what + ' ' + rest;
    if (!is_datagram())
        out += std::to_string(line.size()) + ' ';
    out += line;
}

Message Lines::losses(uint64_t total, const Period& period) const {
    Message message{.bytes = {}, .kind = Message::Kind::Losses, .records = 1, .period = period};
    const std::string first = utc_text(period.first * kMillisecond);
    const std::string last = utc_text(period.last * kMillisecond);
    const std::string count = std::to_string(total);
    switch (params_.form) {
        case LogForm::Json:
            message.bytes = R"({"event":"lost","count":)" + count + R"(,"from":")" + first +
                            R"(","to":")" + last + "\"}\n";
            break;
        case LogForm::Syslog:
            append_syslog(message.bytes, period.last * kMillisecond, "lost",
                          Structured()
                                  .add("notSentFlowTotalCount", total)
                                  .add("from", first)
                                  .add("to", last)
                                  .text() +
                              ' ' + count + " records lost since the start, the last from " +
                              first + " to " + last);
            break;
        default:
            message.bytes = "   [LOST] " + count + " records since the start, the last from " +
                            first + " to " + last + '\n';
    }
    return message;
}

}  // namespace sluice::flowlog
