// SPDX-License-Identifier: BSD-3-Clause
#include "answer/budget.h"

namespace sluice::answer {
namespace {

/// Ticks that have this many last bits in common choose the same buckets.
constexpr unsigned kEpochBits = 16;

}  // namespace

Budget::Budget(const SipKey& key) : key_(key) {
    for (auto& row : each_)
        row = std::vector<TokenBucket>(kRowBuckets);
}

bool Budget::allow_host(const Limits& limits, uint64_t host, Tick now) {
    if (limits.each && !allow_each(*limits.each, host, now))
        return false;
    return !limits.all || all_.take(*limits.all, now, draw_cost());
}

void Budget::turn(Tick now) {
    all_.forget_past(now);
    for (auto& row : each_)
        for (size_t i = 0; i < kBucketsPerTurn; ++i)
            row[next_ + i].forget_past(now);
    next_ = (next_ + kBucketsPerTurn) % kRowBuckets;
}

/// Of both rows, since whoever shares one of the buckets must not be given what is taken here.
bool Budget::allow_each(const Rate& each, uint64_t host, Tick now) {
    const uint64_t epoch = now.milliseconds >> kEpochBits;
    const uint64_t hash = sip_hash(key_, host, epoch);
    const bool first = each_[0][hash % kRowBuckets].take(each, now);
    const bool second = each_[1][(hash >> 32) % kRowBuckets].take(each, now);
    return first || second;
}

/// Zero to two tokens, evenly.
uint32_t Budget::draw_cost() {
    // relaxed: each draw needs a number of its own, and nothing else. IPv4 hosts have 48 bits, and
    // those of IPv6 are hashes that nobody knows, so no draw repeats what is made of a host.
    const uint64_t draw = draws_.fetch_add(1, std::memory_order_relaxed) | uint64_t{1} << 63;
    return static_cast<uint32_t>(sip_hash(key_, draw, 0) % (2 * kToken + 1));
}

}  // namespace sluice::answer
