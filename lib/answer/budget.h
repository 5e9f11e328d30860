// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Budget: how many packets of a kind the gateway sends by itself, to each destination and in all,
/// so that no host has what is another's, and none can read how much others have had.
///
/// Shape    A token bucket for all, and two rows of buckets for each: a destination has one in
///          either row, by keyed hash, and is refused when both are empty. So a host is starved
///          only by two others that share a bucket with it, and those change every 65 seconds.
///          A destination is asked first: what it has too many of costs the others nothing.
///          Of the bucket for all a packet takes a token on average, none or two by chance: who
///          counts what is left of it learns little of what others took.
/// Threads  Any worker; a few compare-and-swaps, on the slow path only.
/// Memory   At construction: 256 KB.
/// Source   RFC 1812 §4.3.2.8; Man et al., "DNS Cache Poisoning Attack Reloaded" (SAD DNS), 2020,
///          §4; icmp_msgs_per_sec, icmp_msgs_burst and icmp_ratelimit of Linux, which takes its
///          tokens at random since 5.10.

#include "answer/token_bucket.h"
#include "base/sip_hash.h"
#include "net/ipv6.h"
#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::answer {

struct Limits {
    std::optional<Rate> all = {};   ///< Nothing: no limit.
    std::optional<Rate> each = {};  ///< Of one destination.
};

class Budget {
public:
    /// `key` is nobody's else, and secret.
    explicit Budget(const SipKey& key);

    /// Takes what a packet to `destination` costs; false when there is not enough.
    bool allow(const Limits& limits, net::InsideAddress destination, Tick now) {
        return allow_host(limits, destination.bits(), now);
    }
    /// Nobody can choose an IPv6 address that has the buckets of another host.
    bool allow(const Limits& limits, const net::Ipv6Address& destination, Tick now) {
        return allow_host(limits, sip_hash(key_, destination.high(), destination.low()), now);
    }
    /// The control core's: looks after a few of its buckets, before ticks come round.
    void turn(Tick now);

private:
    static constexpr size_t kRowBuckets = size_t{1} << 14;  // a power of two
    static constexpr size_t kBucketsPerTurn = 16;           // of each row

    bool allow_host(const Limits& limits, uint64_t host, Tick now);
    bool allow_each(const Rate& each, uint64_t host, Tick now);
    uint32_t draw_cost();

    SipKey key_;
    TokenBucket all_;
    std::array<std::vector<TokenBucket>, 2> each_;
    std::atomic<uint64_t> draws_{0};
    size_t next_ = 0;  // the control core's: of each row
};

}  // namespace sluice::answer
