// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Embedding: IPv4 addresses as IPv6 hosts write them, behind a prefix.
///
/// Shape    The address follows the prefix, and leaves out bits 64 to 71, which are zero; so do all
///          bits behind it.
/// Threads  A plain value.
/// Source   RFC 6052 §2.2 (format), §2.1 and §3.1 (the well-known prefix).

#include "base/big_endian.h"
#include "net/ipv6.h"

#include <optional>

namespace sluice::nat64 {

class Embedding {
public:
    /// Nothing where the length is none of 32, 40, 48, 56, 64 and 96, where bits behind the prefix
    /// are set, or where a prefix of 96 sets bits 64 to 71.
    static std::optional<Embedding> of(const net::Ipv6Prefix& prefix);

    net::Ipv6Address to_ipv6(Be32 address) const;
    /// Nothing for an address that is not behind the prefix, or has bits 64 to 71 set.
    std::optional<Be32> to_ipv4(const net::Ipv6Address& address) const;

    const net::Ipv6Prefix& prefix() const { return prefix_; }
    /// 64:ff9b::/96, by which no private IPv4 address may be reached.
    bool is_well_known() const;
    bool operator==(const Embedding&) const = default;

private:
    explicit Embedding(const net::Ipv6Prefix& prefix) : prefix_(prefix) {}

    net::Ipv6Prefix prefix_;
};

}  // namespace sluice::nat64
