// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Peer hosts: IPv6 hosts by the numbers that the other gateway of a pair has given them.
///
/// Shape    Both place hosts by one key (sync/key.h), so a number that the peer has given can be
///          given here. A number that goes to another host has no flows at the peer any more; here
///          some may stand, whose ends come later or were lost with a connection. They are to end
///          first, for they would go on to the wrong host.
/// Threads  The control core's, while this gateway stands by: no worker gives numbers then.

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
        uint16_t zone = 0;  ///< Of all numbers.
    };
    explicit PeerHosts(const Parts& parts) : parts_(parts) {}

    const nat64::Addresses& addresses() const { return parts_.addresses; }
    /// Numbers with flows here that change hands by these changes: those that hosts get, and those
    /// that they had before.
    Vacated vacated_by(std::span<const sync::Change> changes) const;
    /// False where it cannot be the host's number.
    bool put(const sync::Host& host, Tick now);

private:
    Parts parts_;
};

}  // namespace sluice::gateway
