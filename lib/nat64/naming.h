// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Naming: under which addresses people and programs outside know what is a number inside.
///
/// Shape    A tuple with a number at one end is that of packets on the IPv6 side, where both ends
///          are IPv6 addresses: that of the host, and that of an IPv4 host behind the prefix, or of
///          an IPv6 host outside. All other tuples are as they are. Whatever shows an inside
///          address asks here.
/// Threads  A plain value that refers to what all threads may read (nat64/numbers.h).
/// Errors   A number that has been given to another host since stays a number.
/// Cost     Without IPv6 a branch; for what is no number two comparisons.

#include "base/monotonic.h"
#include "nat64/addresses.h"
#include "net/tuple.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::nat64 {

/// An address as it stands on a wire.
struct WireAddress {
    Be32 ipv4;                                  ///< What stands for it inside.
    std::optional<net::Ipv6Address> ipv6 = {};  ///< What stands on the wire in its place.

    bool operator==(const WireAddress&) const = default;
};

struct WireEnds {
    WireAddress source;
    WireAddress destination;

    bool are_ipv6() const { return source.ipv6.has_value(); }
    bool operator==(const WireEnds&) const = default;
};

class Naming {
public:
    /// Where no IPv6 is served nothing is a number.
    Naming() = default;
    /// `addresses` outlive this object; `clock` is the one that numbers are given by.
    Naming(const Addresses& addresses, const MonotonicClock& clock)
        : addresses_(&addresses), clock_(clock) {}

    bool is_on() const { return addresses_ != nullptr; }
    /// Some of what hosts send stays IPv6, and has no flow.
    bool crosses() const { return is_on() && addresses_->params().outside.has_value(); }

    // Of packets of the last time, or of another one. Without either who had a number last is told.
    Naming now() const { return at(clock_.now()); }
    /// In nanoseconds of the steady clock.
    Naming at(int64_t steady) const {
        return at(clock_.at(MonotonicClock::Time(std::chrono::nanoseconds(steady))));
    }
    Naming at(Tick when) const {
        Naming naming = *this;
        naming.when_ = when;
        return naming;
    }

    WireAddress host(Be32 address) const;
    WireEnds ends(const net::Tuple& tuple) const;

    // What stands inside for an address; nothing where none does.
    /// Of a host that has sent something, or one outside that was sent something (--route6).
    std::optional<Be32> source(const net::Ipv6Address& address) const;
    /// Of whom hosts may send to, or hosts outside.
    std::optional<Be32> destination(const net::Ipv6Address& address) const {
        const auto known = is_on() ? addresses_->destination(address) : std::nullopt;
        return known || !has_peers() ? known : source(address);
    }

    /// Calls visit(address inside, host) for each that has a number.
    template <typename Visit>
    void for_each_host(Visit visit) const {
        if (is_on())
            addresses_->for_each_host(visit);
    }

    /// What numbers take, where there are some.
    struct Usage {
        uint32_t hosts = 0;  ///< That have one.
        uint32_t numbers = 0;
        size_t bytes = 0;  ///< Of memory for all numbers, given or not.
    };
    std::optional<Usage> usage() const;
    /// Likewise of IPv6 hosts outside.
    std::optional<Usage> usage_of_peers() const;

private:
    bool has_peers() const { return is_on() && addresses_->params().peers.has_value(); }

    const Addresses* addresses_ = nullptr;
    MonotonicClock clock_;
    std::optional<Tick> when_;
};

inline constexpr size_t kWireAddressChars = net::kIpv6AddressChars;

/// Writes at most kWireAddressChars and no end mark; returns the end of what it wrote.
char* write(char* out, const WireAddress& address);
std::string to_string(const WireAddress& address);
/// "10.1.0.5:4000", "[2001:db8::5]:4000".
std::string with_port(const WireAddress& address, Be16 port);

}  // namespace sluice::nat64
