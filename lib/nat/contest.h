// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Contest: which ports a new flow asks for where none is free toward its server. Somebody who
/// forges sources could else hold all of them by flows that nobody answers.
///
/// Shape    Some keys that its replies could have: its own port and others that are drawn, at the
///          address that its host has first. Of whoever holds them the stalest goes that nobody has
///          answered (nat/early_drop.h). Where that has been so a moment ago, the next flows come
///          here before they search: a flood is not worth a search for each of its packets.
/// Rule     What others have for themselves is not asked for: forwards, pairs, the gateway's own
///          ports, those that are kept for mappings; and no port of a block, which is its host's.
///          Replies to a port that is won so may arrive at another worker (io/steering.h).
/// Threads  Owned by one worker.
/// Cost     Flows that find no port: kMostKeys lookups each. For kLasts after one has won, others
///          look whether it was for a port toward their server; else a comparison.

#include "base/clock.h"
#include "nat/allocator.h"
#include "nat/decision.h"
#include "nat/first_addresses.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::nat {

/// Others have all that there is toward a flow's server, or seem to: it may contend.
constexpr bool is_for_want_of_ports(stats::Drop reason) {
    return reason == stats::Drop::PortsExhausted || reason == stats::Drop::PortsUnsearched ||
           reason == stats::Drop::AddressesExhausted;
}

class Contest {
public:
    static constexpr unsigned kMostKeys = 16;
    /// Of one that has not searched, and will if none of these is to be had.
    static constexpr unsigned kFirstKeys = 6;
    /// So long new flows toward a server take part before they search.
    static constexpr Duration kLasts{100};

    explicit Contest(const AllocatorParams& params) : params_(params) {}

    /// The keys of replies that this flow may ask for, at most so many. They are good until the
    /// next call.
    std::span<const net::Tuple> draw(const Request& request, unsigned most, Tick now);

    /// With one of them, that nobody holds any more.
    Decision win(const Request& request, const net::Tuple& key) const;

    /// Somebody has had to go for a flow like this.
    void begin(const Request& request, Tick now);
    /// That was a moment ago.
    bool is_on(const Request& request, Tick now) { return last_ && is_crowded(request, now); }

private:
    /// Where its port may be, and the key there without it.
    struct Place {
        pool::PortRange ports;
        net::Tuple key;
        bool is_mapped;
    };
    struct Crowd {
        net::Tuple key;
        Tick since;
    };

    bool is_crowded(const Request& request, Tick now);
    std::optional<Place> place_of(const Request& request);
    bool is_filtered(const Request& request, net::Endpoint external, Tick now) const;
    static bool is_recent(Tick then, Tick now) {
        return now.ms_since(then) <= static_cast<uint32_t>(kLasts.milliseconds);
    }
    Crowd& crowd_of(const net::Tuple& key) {
        return crowds_[params_.table.hash(key) % crowds_.size()];
    }

    AllocatorParams params_;
    FirstAddresses first_;
    std::array<net::Tuple, kMostKeys> keys_;
    std::array<Crowd, 64> crowds_{};
    std::optional<Tick> last_;  // of all crowds; nothing where that is long ago
};

}  // namespace sluice::nat
