// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Budgets: how much the gateway says by itself, by what it says and to which side.
///
/// Shape    A budget (budget.h) for each kind and side, so that none is used up, or can be read, by
///          way of another: who outside has ICMP errors sent to him learns nothing of those that
///          inside hosts get, and "fragmentation needed", without which connections hang, does not
///          wait behind "time exceeded".
/// Units    Packets. --icmp-rate a second is what each side gets of errors, as many at once. One
///          host gets a hundredth of these, 1 at least and 10 at most: what it has had cannot be
///          told from chance then, where there are 10 or more in all. Of "fragmentation needed"
///          each host gets --icmp-rate, and there is no limit in all, as in Linux: it is never
///          longer than what it answers.
///          --reject-rate a second is for RSTs, one host a tenth of it in bursts of 50. Of ACKs
///          that ask back about a RST each host gets 50 a second, and there is no limit in all: one
///          that all share told Linux's attackers which connections there are.
/// Threads  Any worker; turn() by the control core.
/// Memory   At construction: 1.8 MB.
/// Source   Cao et al., "Off-Path TCP Exploits: Global Rate Limit Considered Dangerous", 2016.

#include "answer/budget.h"
#include "net/side.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::answer {

enum class Kind : uint8_t {
    Error,
    TooBig,     ///< "Fragmentation needed".
    Reset,      ///< To inside hosts only.
    Challenge,  ///< An ACK that asks back about a RST.
};

/// Packets a second.
struct Rates {
    uint32_t icmp = 1000;
    uint32_t reset = 1000;
};

/// The host that an answer goes to.
struct Receiver {
    net::Side side{};
    net::InsideAddress address;  ///< Of a host outside, in zone 0.
};

/// Likewise, where it is IPv6.
struct Receiver6 {
    net::Side side{};
    net::Ipv6Address address;
};

class Budgets {
public:
    /// `key` is nobody's else, and secret.
    explicit Budgets(const SipKey& key);

    /// Takes what an answer to that host costs; false when there is not enough. The rates may be
    /// others at each call.
    bool allow(const Rates& rates, Kind kind, Receiver to, Tick now) {
        return budget(kind, to.side).allow(limits_of(rates, kind), to.address, now);
    }
    bool allow(const Rates& rates, Kind kind, const Receiver6& to, Tick now) {
        return budget(kind, to.side).allow(limits_of(rates, kind), to.address, now);
    }

    /// The control core's, once a turn: what was taken weeks ago is forgotten.
    void turn(Tick now);

private:
    static Limits limits_of(const Rates& rates, Kind kind);
    Budget& budget(Kind kind, net::Side to) {
        if (kind == Kind::Reset)
            return resets_;
        if (kind == Kind::Challenge)
            return challenges_[index(to)];
        return (kind == Kind::TooBig ? too_big_ : errors_)[index(to)];
    }

    std::array<Budget, net::kSideCount> errors_;
    std::array<Budget, net::kSideCount> too_big_;
    Budget resets_;
    std::array<Budget, net::kSideCount> challenges_;
    size_t next_ = 0;  // the control core's
};

}  // namespace sluice::answer
