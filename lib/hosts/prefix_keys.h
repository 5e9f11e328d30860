// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Prefix keys: by what Quotas know the prefix that a flow's source is of.
///
/// Shape    An IPv4 prefix is its first address, in its hosts' zone. An IPv6 host has a number in
///          the place of an address (nat64/numbers.h), which says nothing of its prefix: that is a
///          keyed hash of 41 bits, in the form of a zone and of an address that no host has. Two
///          prefixes of the same one share a limit, of 65536 in one start of a thousand.
/// Threads  Immutable; numbers are read as nat64::Numbers has it.
/// Errors   None for a number that nobody has any more: its flow is not counted.
/// Cost     Of an IPv6 host the lines of its number and its bucket, and a SipHash.

#include "base/sip_hash.h"
#include "nat64/addresses.h"
#include "net/ipv6.h"
#include "net/tuple.h"

#include <cstdint>
#include <optional>

namespace sluice::hosts {

class PrefixKeys {
public:
    /// Of IPv4 alone.
    PrefixKeys() = default;
    /// `ipv6` outlives this object. The key is secret: who knows it finds prefixes that share the
    /// limit of another.
    PrefixKeys(const nat64::Addresses& ipv6, const SipKey& key) : ipv6_(&ipv6), key_(key) {}

    /// The source is a number, which stands for an IPv6 host.
    bool is_ipv6(Be32 source) const { return ipv6_ != nullptr && ipv6_->is_number(source); }
    /// Of the prefix of that length around a source, of IPv4 or IPv6 as it is.
    std::optional<net::InsideAddress> of(net::InsideAddress source, uint8_t length) const;
    /// Of a host that need have no number yet.
    net::InsideAddress of(const net::Ipv6Address& host, uint8_t length) const;

private:
    const nat64::Addresses* ipv6_ = nullptr;
    SipKey key_{};
};

}  // namespace sluice::hosts
