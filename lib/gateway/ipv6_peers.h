// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 peers: the numbers of IPv6 hosts outside, and which of them flows stand with.
///
/// Shape    Numbers as those of inside hosts. No table counts a peer's flows, so all records are
///          walked, over and over; what a walk has found in use is so until the next one is done.
/// Threads  The control core's, but for numbers().
/// Memory   At create(): the numbers, which may outlive the process, and two bits for each.
/// Errors   create() says what cannot be had.
/// Cost     A look at each record's life word, and of a flow at one key, each kWalk.
///
/// Why no peer loses its number while a flow with it stands, be that silent for days:
/// - A flow opens by a packet to the peer, by which the moment of the number is noted, or was
///   within a second; what a packet waits in rings and queues is far less than kSettled.
/// - A number is taken from who was idle for nat64::kIdleInCrowd at least, and is in no use by a
///   walk that began kStale ago at most. The two differ by kSettled: so the walk began after the
///   last flow with the peer had opened, and has seen that if it stood.
/// - Where the control core is late a walk is too old, and all numbers are in use; as they are
///   before the first walk is done, also of the flows that a process before has left.
/// - Who stands by opens no flow. Each that he takes over is noted, in the walk that goes on and in
///   the one that is done: so then no number without a mark has a flow, at any time.

#include "base/clock.h"
#include "base/grace.h"
#include "base/result.h"
#include "flow/flow_table.h"
#include "nat64/numbers.h"
#include "net/prefix.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace sluice::gateway {

class Ipv6Peers {
public:
    /// `params` are those of the numbers, by a plan that names nobody.
    static Result<std::unique_ptr<Ipv6Peers>> create(const nat64::NumbersParams& params,
                                                     flow::FlowTable& table);

    nat64::Numbers& numbers() { return *numbers_; }
    void turn(Tick now);

    // Of who stands by, and began to without a flow.
    /// The flow has been taken over from the other gateway of a pair.
    void note(const flow::FlowRecord& flow);
    /// Whether a flow with that peer stands; true too of some whose flows have ended, since the
    /// walk before, or since recount().
    bool may_have_flow(Be32 peer) const { return used_[place_of(peer)]; }
    /// A walk that begins at once, and not where the last one ends: so many records of it; true
    /// when it is done, and false until then.
    bool recount(uint32_t records, Tick now);

    /// A walk takes so long, and one begins when the other is done.
    static constexpr Duration kWalk = Duration::seconds(20);

private:
    static constexpr Duration kSettled = Duration::seconds(10);
    static constexpr Duration kStale{nat64::kIdleInCrowd.milliseconds - kSettled.milliseconds};

    Ipv6Peers(const net::Prefix& network, flow::FlowTable& table,
              std::unique_ptr<nat64::Numbers> numbers)
        : network_(network),
          table_(table),
          numbers_(std::move(numbers)),
          seen_(numbers_->capacity()),
          used_(numbers_->capacity()) {}
    void walk(Tick now);
    void walk_on(uint32_t records, Tick now);
    void begin_walk(Tick now);
    size_t place_of(Be32 peer) const { return peer.host() & ~network_.mask(); }
    void mark(const flow::FlowRecord& record, std::vector<bool>& marks) const;
    bool is_used(uint32_t number, Tick now) const;

    net::Prefix network_;
    flow::FlowTable& table_;
    std::unique_ptr<nat64::Numbers> numbers_;
    std::vector<bool> seen_;       // by the walk that goes on
    std::vector<bool> used_;       // by the last one that is done
    std::optional<Tick> used_at_;  // when that began
    Tick began_;
    std::optional<Tick> walked_;        // the last turn
    uint32_t position_ = 0;             // of the record that is next
    uint32_t walks_ = 0;                // that are done
    std::optional<uint32_t> recounts_;  // as many were done when recount() began one
};

}  // namespace sluice::gateway
