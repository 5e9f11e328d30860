// SPDX-License-Identifier: BSD-3-Clause
#include "nat_oracle.h"

#include <algorithm>
#include <iterator>

namespace sluice::test {
namespace {

using net::Protocol;

constexpr uint16_t kQuery = 8 << 8;  // an echo request's type and code, as the server's port

}  // namespace

ReplyKey key_of(const Seen& seen) {
    const auto protocol = static_cast<Protocol>(seen.protocol);
    if (protocol == Protocol::Icmp)
        return {protocol, ip(seen.destination), ip(seen.source), kQuery, seen.identifier};
    return {protocol, ip(seen.destination), ip(seen.source), seen.destination_port,
            seen.source_port};
}

ReplyKey key_of(const flow::FlowRecord& record) {
    const net::Tuple& reply = record.key(net::Direction::Reply);
    return {reply.protocol, reply.source, reply.destination, reply.source_port.host(),
            reply.destination_port.host()};
}

net::Tuple tuple_of(const ReplyKey& key) {
    return {key.server,   key.address, Be16::from_host(key.server_port), Be16::from_host(key.port),
            key.protocol, {}};
}

Conversation conversation_of(const Seen& seen) {
    const auto protocol = static_cast<Protocol>(seen.protocol);
    if (protocol == Protocol::Icmp)
        return {protocol, ip(seen.destination), ip(seen.source), seen.identifier, kQuery};
    return {protocol, ip(seen.destination), ip(seen.source), seen.destination_port,
            seen.source_port};
}

conntrack::Tuning Oracle::tuning() {
    using conntrack::TcpState;
    conntrack::Tuning tuning;
    tuning.tcp[TcpState::Established] = Duration::seconds(45);
    tuning.tcp[TcpState::Close] = Duration::seconds(8);
    tuning.tcp_unacknowledged = Duration::seconds(15);
    tuning.udp = Duration::seconds(20);
    tuning.udp_stream = Duration::seconds(60);
    tuning.udp_lite = Duration::seconds(25);
    tuning.udp_lite_stream = Duration::seconds(50);
    tuning.icmp = Duration::seconds(10);
    tuning.generic = Duration::seconds(12);
    return tuning;
}

std::optional<ReplyKey> Oracle::find(const Conversation& talk, Tick now) const {
    for (const auto& [key, mapping] : mappings_)
        if (mapping.owner == talk && mapping.is_live(now))
            return key;
    return std::nullopt;
}

bool Oracle::sent(const ReplyKey& key, const Conversation& talk, bool reset, Tick now) {
    Mapping& mapping = mappings_[key];
    if (!mapping.is_live(now) || mapping.owner == Conversation{}) {
        // A flow that ended may stand in the table for a while, beside the new one or not.
        mapping = {talk, now, now, false, false, false};
        mapping.deadline = now + timeout(mapping);
        return true;
    }
    if (mapping.owner != talk)
        return false;
    if (!pass(mapping, reset, now))
        mappings_.erase(key);
    return true;
}

std::optional<Conversation> Oracle::answered(const ReplyKey& key, bool reset, Tick now) {
    const auto found = mappings_.find(key);
    if (found == mappings_.end() || !found->second.is_live(now))
        return std::nullopt;
    const Conversation owner = found->second.owner;
    if (pass(found->second, reset, now))
        found->second.replied = true;
    else
        mappings_.erase(found);
    return owner;
}

bool Oracle::is_taken(const ReplyKey& key, Tick now) const {
    const auto found = mappings_.find(key);
    return found != mappings_.end() && found->second.is_live(now);
}

bool Oracle::pass(Mapping& mapping, bool reset, Tick now) {
    if (reset && !mapping.replied)
        return false;
    mapping.closed |= reset;
    mapping.stream |= mapping.replied && (mapping.owner.protocol == Protocol::UdpLite ||
                                          now - mapping.opened > Duration::seconds(2));
    mapping.deadline = now + timeout(mapping);
    return true;
}

Duration Oracle::timeout(const Mapping& mapping) {
    const conntrack::Tuning times = tuning();
    switch (mapping.owner.protocol) {
        case Protocol::Icmp:
            return times.icmp;
        case Protocol::Udp:
            return mapping.stream ? times.udp_stream : times.udp;
        case Protocol::UdpLite:
            return mapping.stream ? times.udp_lite_stream : times.udp_lite;
        case Protocol::Tcp:
            break;
        default:
            return times.generic;
    }
    if (mapping.closed)
        return times.tcp[conntrack::TcpState::Close];
    return mapping.replied ? times.tcp[conntrack::TcpState::Established] : times.tcp_unacknowledged;
}

std::optional<ReplyKey> Oracle::any(std::mt19937_64& random) const {
    if (mappings_.empty())
        return std::nullopt;
    return std::next(mappings_.begin(), static_cast<long>(random() % mappings_.size()))->first;
}

void Oracle::forget_before(Tick now, Duration linger) {
    std::erase_if(mappings_, [&](const auto& entry) {
        return !(entry.second.deadline + linger).is_after(now);
    });
}

size_t Oracle::live(Tick now) const {
    return static_cast<size_t>(std::count_if(mappings_.begin(), mappings_.end(),
                                             [&](const auto& e) { return e.second.is_live(now); }));
}

}  // namespace sluice::test
