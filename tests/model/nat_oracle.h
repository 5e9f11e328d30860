// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Oracle: which mappings a gateway has, and until when; and which one a conversation that has none
/// is to be given, by the pool and the mappings that there are. It learns no choice from what the
/// gateway does: only a port that is drawn is whatever comes out, in its range and nobody's.
///
/// Shape    A map from a reply's tuple to its owner. Of TCP it knows connections that are picked up
///          in the middle and reset: ACK and RST.
/// Rule     Of a host and its zone alone is the order in which it has the pool's addresses. Ports
///          are of the first; what has no ports goes to the next where another host has it toward
///          that server. The port is the one that its endpoint has toward another server, where
///          that is not its own and free; else its own where that is free; else one of its range.
/// Source   Of what is given: RFC 4787 REQ-2 (one address a host), rendezvous hashing (Thaler and
///          Ravishankar, 1998) by SipHash under the key of the testbed, get_unique_tuple() and
///          find_appropriate_src() of Linux, net/netfilter/nf_nat_core.c, and the ranges of
///          nf_nat_l4proto_unique_tuple().
/// Units    Ports in host order; an ICMP identifier is a port of the host's.
/// Threads  One.

#include "base/clock.h"
#include "conntrack/tuning.h"
#include "flow/flow_record.h"
#include "net/tuple.h"
#include "packet_builder.h"
#include "packet_reader.h"

#include <compare>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace sluice::test {

/// What an inside host and a server say to each other by one pair of ports.
struct Conversation {
    net::Protocol protocol{};
    Be32 host;
    Be32 server;
    uint16_t port = 0;
    uint16_t server_port = 0;
    uint16_t zone = 0;  ///< Of the host.

    bool operator==(const Conversation&) const = default;
    auto tie() const { return std::tuple(protocol, host.raw, server.raw, port, server_port, zone); }
    bool operator<(const Conversation& other) const { return tie() < other.tie(); }
};

/// A reply as it arrives outside.
struct ReplyKey {
    net::Protocol protocol{};
    Be32 server;
    Be32 address;
    uint16_t server_port = 0;
    uint16_t port = 0;

    bool operator==(const ReplyKey&) const = default;
    auto tie() const { return std::tuple(protocol, server.raw, address.raw, server_port, port); }
    bool operator<(const ReplyKey& other) const { return tie() < other.tie(); }
};

/// Of a packet that left outside.
ReplyKey key_of(const Seen& seen);
ReplyKey key_of(const flow::FlowRecord& record);
/// Its tuple in the flow table.
net::Tuple tuple_of(const ReplyKey& key);
/// Of a packet that came in to its host.
Conversation conversation_of(const Seen& seen);

/// What a conversation that has no mapping is to be given.
struct Due {
    std::optional<Be32> address;   ///< None: there is nothing for it.
    std::optional<uint16_t> kept;  ///< The port that its endpoint has toward another server.
    std::optional<uint16_t> own;   ///< Else its own, where that is free.
    std::pair<uint16_t, uint16_t> range{};  ///< Else one from the first to the second.

    bool allows(uint16_t port) const {
        if (const auto only = kept ? kept : own)
            return port == *only;
        return port >= range.first && port <= range.second;
    }
};

class Oracle {
public:
    explicit Oracle(std::vector<Be32> pool) : pool_(std::move(pool)) {}

    /// Timeouts that differ wherever they may, and are short.
    static conntrack::Tuning tuning();

    /// Of a conversation that has no mapping now.
    Due due(const Conversation& talk, Tick now) const;
    /// The mapping that a conversation has now.
    std::optional<ReplyKey> find(const Conversation& talk, Tick now) const;
    /// A packet left outside. False when its tuple is another conversation's.
    bool sent(const ReplyKey& key, const Conversation& talk, bool reset, Tick now);
    /// A reply arrives: whose is it?
    std::optional<Conversation> answered(const ReplyKey& key, bool reset, Tick now);
    bool is_taken(const ReplyKey& key, Tick now) const;
    void deleted(const ReplyKey& key) { mappings_.erase(key); }

    /// Any mapping, live or ended a moment ago.
    std::optional<ReplyKey> any(std::mt19937_64& random) const;
    /// A live mapping for which `predicate` is true.
    template <typename Predicate>
    std::optional<ReplyKey> find_if(Predicate predicate, Tick now) const {
        for (const auto& [key, mapping] : mappings_)
            if (mapping.is_live(now) && predicate(key))
                return key;
        return std::nullopt;
    }
    bool is_stream(const ReplyKey& key) const {
        return key.protocol == net::Protocol::Udp && mappings_.at(key).stream;
    }
    const Conversation& owner(const ReplyKey& key) const { return mappings_.at(key).owner; }
    Tick deadline(const ReplyKey& key) const { return mappings_.at(key).deadline; }
    /// Forgets what ended `linger` before `now` or earlier.
    void forget_before(Tick now, Duration linger);

    size_t live(Tick now) const;
    size_t size() const { return mappings_.size(); }

private:
    struct Mapping {
        Conversation owner;
        Tick opened;
        Tick deadline;
        bool replied = false;
        bool stream = false;
        bool closed = false;
        uint64_t number = 0;  ///< Of those with another port than their owner's; the newest last.

        bool is_live(Tick now) const { return deadline.is_after(now); }
    };

    /// A packet passes: the mapping lives on, or a reset ends it. False when it has ended.
    static bool pass(Mapping& mapping, bool reset, Tick now);
    static Duration timeout(const Mapping& mapping);
    std::vector<Be32> ranked(const Conversation& talk) const;
    std::optional<ReplyKey> newest_changed(const Conversation& talk, Tick now) const;

    std::vector<Be32> pool_;
    std::map<ReplyKey, Mapping> mappings_;
    uint64_t changed_ = 0;
};

}  // namespace sluice::test
