// SPDX-License-Identifier: BSD-3-Clause
#include "nat_oracle.h"

#include "base/sip_hash.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>

namespace sluice::test {
namespace {

using net::Protocol;

constexpr uint16_t kQuery = 8 << 8;  // an echo request's type and code, as the server's port

/// In which another port for this one lies.
std::pair<uint16_t, uint16_t> range_of(Protocol protocol, uint16_t port) {
    if (protocol == Protocol::Icmp)
        return {0, 65535};
    if (port < 512)
        return {1, 511};
    if (port < 1024)
        return {600, 1023};
    return {1024, 65535};
}

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

/// That of the endpoint's which has another port than its own, toward whichever server.
std::optional<ReplyKey> Oracle::newest_changed(const Conversation& talk, Tick now) const {
    std::optional<ReplyKey> newest;
    for (const auto& [key, mapping] : mappings_) {
        const Conversation& owner = mapping.owner;
        const bool is_its = std::tie(owner.protocol, owner.host, owner.zone, owner.port) ==
                            std::tie(talk.protocol, talk.host, talk.zone, talk.port);
        if (is_its && mapping.number != 0 && mapping.is_live(now) &&
            (!newest || mapping.number > mappings_.at(*newest).number))
            newest = key;
    }
    return newest;
}

/// The addresses of the pool as the host has them, the best first: by one number of the host and
/// one of the address, either marked in its highest byte with what it is of.
std::vector<Be32> Oracle::ranked(const Conversation& talk) const {
    constexpr SipKey kKey{};  // as the testbed's
    constexpr uint32_t kGoldenRatio = 0x9e3779b1;
    const auto number = [&](uint64_t kind, uint64_t bits) {
        return static_cast<uint32_t>(short_sip_hash(kKey, kind << 56 | bits));
    };
    const uint32_t of_host = number(1, uint64_t{talk.zone} << 32 | talk.host.raw);
    std::vector<Be32> order = pool_;
    std::ranges::sort(order, std::greater{}, [&](Be32 address) {
        return static_cast<int32_t>((of_host ^ number(2, address.raw)) * kGoldenRatio);
    });
    return order;
}

Due Oracle::due(const Conversation& talk, Tick now) const {
    const auto is_free = [&](Be32 address, uint16_t port) {
        return !is_taken({talk.protocol, talk.server, address, talk.server_port, port}, now);
    };
    const std::vector<Be32> order = ranked(talk);
    Due due;
    if (net::is_by_address(talk.protocol)) {
        const auto free = std::ranges::find_if(order, [&](Be32 each) { return is_free(each, 0); });
        due.address = free == order.end() ? std::nullopt : std::optional(*free);
        return due;
    }
    due.address = order.front();
    due.range = range_of(talk.protocol, talk.port);
    if (is_free(*due.address, talk.port))
        due.own = talk.port;
    if (const auto kept = newest_changed(talk, now); kept && is_free(*due.address, kept->port))
        due.kept = kept->port;
    return due;
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
        mapping = {talk, now, now, false, false, false, 0};
        mapping.deadline = now + timeout(mapping);
        if (!net::is_by_address(talk.protocol))
            mapping.number = key.port == talk.port ? 0 : ++changed_;
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
