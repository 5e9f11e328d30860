// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Peer hosts: IPv6 hosts, inside and outside, by the numbers that the other gateway of a pair has
/// given them.
///
/// Shape    Both place hosts by the same keys (sync/key.h), so a number that the peer has given can
///          be given here. A number that goes to another host has no flows at the peer any more;
///          here some may stand, whose ends come later or were lost with a connection. They are to
///          end first, for they would go on to the wrong host. Of hosts inside their flows are
///          counted. Of those outside nobody does that, so it is known of which there may be some
///          (gateway/ipv6_peers.h): the peer gives such a number to another host no sooner than ten
///          seconds after its last flow has ended, so all records are looked at for nothing no more
///          often than that.
/// Threads  The control core's, while this gateway stands by: no worker gives numbers then.

#include "gateway/ipv6_peers.h"
#include "hosts/host_table.h"
#include "nat64/addresses.h"
#include "nat64/numbers.h"
#include "sync/mailbox.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sluice::gateway {

/// Numbers whose flows are to end.
class Vacated {
public:
    Vacated() = default;
    explicit Vacated(std::vector<Be32> numbers);

    bool is_empty() const { return numbers_.empty(); }
    /// The record is of one of their hosts. A block is not: it serves whoever has the number next.
    bool has(const flow::FlowRecord& record) const;

private:
    std::vector<Be32> numbers_;  // in order
};

class PeerHosts {
public:
    struct Parts {
        const nat64::Addresses& addresses;
        nat64::Numbers& numbers;
        const hosts::HostTable& hosts;
        uint16_t zone = 0;             ///< Of all numbers.
        Ipv6Peers* outside = nullptr;  ///< Where hosts outside have numbers too.
    };
    explicit PeerHosts(const Parts& parts) : parts_(parts) {}

    const nat64::Addresses& addresses() const { return parts_.addresses; }
    /// Numbers that may have flows here and change hands by these changes: those that hosts get,
    /// and those that they had before.
    Vacated vacated_by(std::span<const sync::Change> changes) const;
    /// All flows of such have ended: looks at so many records; true when it is known of all.
    bool vacated(uint32_t records, Tick now);
    /// False where it cannot be the host's number.
    bool put(const sync::Host& host, Tick now);
    /// The flow has been taken over.
    void note(const flow::FlowRecord& flow);

private:
    bool may_have_flow(Be32 number) const;

    Parts parts_;
};

}  // namespace sluice::gateway
