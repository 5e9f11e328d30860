// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Introduction: tells the peer which IPv6 hosts are meant by the numbers in records, before these.
///
/// Shape    A number stands where a host's address stands, inside, and with --route6 outside, and
///          which host has it is in no record. So each batch of records has its hosts before it,
///          each once: nothing need be remembered of what was told, and the peer need keep nothing
///          longer than it likes.
/// Threads  One.
/// Errors   A record whose host is not known any more is not told: a number goes to another host
///          only when all flows of the one before have ended, which the journal says.

#include "base/clock.h"
#include "net/ipv6.h"
#include "net/prefix.h"
#include "sync/message.h"

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::sync {

struct Ipv6Hosts {
    net::Prefix numbers = {};
    /// Who had that number then, if nobody else has got it since; null where IPv6 is not served.
    std::function<std::optional<net::Ipv6Address>(Be32 number, Tick when)> host_of = {};
    std::optional<net::Prefix> outside = {};  ///< Numbers of hosts outside, where these have some.

    bool is_number(Be32 address) const {
        return numbers.contains(address) || (outside && outside->contains(address));
    }
};

class Introduction {
public:
    explicit Introduction(Ipv6Hosts known) : known_(std::move(known)) {}

    /// Of a record as it was at that time. False where one of its hosts is not known any more.
    bool learn(const Record& record, Tick when);
    /// Adds all hosts that were learned since the last time.
    void tell(Outgoing& out);

private:
    Ipv6Hosts known_;
    std::vector<Host> hosts_;
};

}  // namespace sluice::sync
