// SPDX-License-Identifier: BSD-3-Clause
#include "listing/packet_stream.h"

#include "listing/packet_text.h"
#include "listing/pcapng.h"
#include "listing/time_of_day.h"

#include <algorithm>
#include <utility>

namespace sluice::listing {

using observe::Outcome;
using observe::PacketEntry;
using observe::Way;

PacketStream::PacketStream(std::unique_ptr<observe::Watches::Reader> reader,
                           PacketStreamParams params)
    : reader_(std::move(reader)), params_(std::move(params)) {}

bool PacketStream::next(std::string& out) {
    out.clear();
    if (!std::exchange(has_begun_, true))
        begin(out);
    const TimeOfDay clock;
    // How late it is, is looked at first: what had been seen by then is told.
    const bool is_late = this->is_late();
    reader_->read([&](const PacketEntry& entry) {
        if (!has_all() && is_wanted(entry))
            append(out, entry, clock.of(entry.time));
    });
    if (const uint64_t lost = reader_->lost(); lost != lost_)
        append_lost(out, lost);
    if (!is_late && !has_all())
        return true;
    if (params_.form == PacketStreamParams::Form::Pcapng)
        append_statistics(out, {});
    return false;
}

/// The last description is that of no interface.
void PacketStream::begin(std::string& out) const {
    if (params_.form != PacketStreamParams::Form::Pcapng)
        return;
    const uint32_t snaplen =
        params_.wish.snaplen == observe::kWholeFrame ? 0 : params_.wish.snaplen;
    pcapng::append_section(out, params_.application);
    for (const InterfaceName& interface : params_.interfaces)
        pcapng::append_interface(out, interface, snaplen);
    pcapng::append_interface(out, {"gateway", "frames whose interface is not told", {}}, snaplen);
}

bool PacketStream::has_all() const {
    return params_.count && delivered_ >= *params_.count;
}

bool PacketStream::is_late() const {
    return params_.time && std::chrono::steady_clock::now() - began_ >= *params_.time;
}

bool PacketStream::is_wanted(const PacketEntry& entry) const {
    if (entry.outcome == Outcome::Void)
        return false;
    return !params_.state || (entry.has_flow && entry.flow[0].protocol == net::Protocol::Tcp &&
                              conntrack::ProtocolState(entry.state_after).tcp() == *params_.state);
}

/// Of the time at which it passed. What an IPv4 frame brings for a number is none.
nat64::Naming PacketStream::naming_of(const PacketEntry& entry) const {
    if (entry.outcome == Outcome::Dropped && entry.reason == stats::Drop::Ipv6Number)
        return {};
    return params_.wish.filter.naming.at(entry.time);
}

void PacketStream::append(std::string& out, const PacketEntry& entry, int64_t time) {
    ++delivered_;
    if (params_.form == PacketStreamParams::Form::Pcapng)
        append_pcapng(out, entry, time);
    else
        append_trace(out, entry, time, {params_.interfaces, params_.workers, naming_of(entry)});
}

void PacketStream::append_pcapng(std::string& out, const PacketEntry& entry, int64_t time) const {
    const std::string comment = packet_comment(entry, naming_of(entry));
    const bool is_out = entry.way == Way::Out;
    const size_t interface = is_out ? entry.to : entry.from;
    pcapng::append_packet(
        out, {.interface = static_cast<uint32_t>(std::min(interface, params_.interfaces.size())),
              .time = time,
              .direction = is_out ? pcapng::Direction::Outbound : pcapng::Direction::Inbound,
              .length = entry.length,
              .frame = entry.frame(),
              .comment = comment});
}

void PacketStream::append_lost(std::string& out, uint64_t lost) {
    const std::string count = std::to_string(lost - std::exchange(lost_, lost));
    if (params_.form == PacketStreamParams::Form::Text)
        out += "[LOST] " + count + " packets\n";
    else
        append_statistics(out, count + " packets were lost: they came faster than they were read");
}

void PacketStream::append_statistics(std::string& out, std::string_view comment) const {
    const int64_t now =
        std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    pcapng::append_statistics(out, {.interface = static_cast<uint32_t>(params_.interfaces.size()),
                                    .time = TimeOfDay().of(now),
                                    .delivered = delivered_,
                                    .lost = lost_,
                                    .comment = comment});
}

}  // namespace sluice::listing
