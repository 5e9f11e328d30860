// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Address pool: public addresses with the ports of theirs that may be used, and which of the
/// addresses an inside host is given.
///
/// Shape    A host ranks all addresses by a keyed hash of itself and each, and takes the highest:
///          rendezvous hashing. Who does not have the key cannot tell which
///          hosts share an address. It keeps one address (RFC 4787 REQ-2, paired pooling), and a
///          change of the pool moves only the hosts of the addresses that came or went.
/// Threads  Immutable after construction.
/// Cost     contains() is one comparison for one contiguous pool; first() and ranked() read every
///          address, first() four at a time.

#include "base/big_endian.h"
#include "net/tuple.h"
#include "pool/address_key.h"
#include "pool/port_range.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::pool {

class AddressPool {
public:
    /// `addresses` is not empty and holds none twice; `key` keys the ranking.
    AddressPool(std::span<const Be32> addresses, const AddressKey& key, PortRange ports = kAllPorts,
                uint32_t first_slot = 0);

    bool contains(Be32 address) const {
        const uint32_t host = address.host();
        return first_ <= host && host <= last_ && (contiguous_ || search(address));
    }

    /// Nothing for one that is not of the pool.
    std::optional<uint32_t> index_of(Be32 address) const;
    Be32 address(uint32_t index) const { return addresses_[index]; }
    uint32_t size() const { return static_cast<uint32_t>(addresses_.size()); }
    PortRange ports() const { return ports_; }
    /// The number of an address among those of all pools.
    uint32_t slot(uint32_t index) const { return first_slot_ + index; }

    /// The address of a host: its position in the pool.
    uint32_t first(net::InsideAddress host) const;
    /// The host's best addresses, the first() of them first: where it goes when that one is full.
    /// Fills the front of `order`, and returns it.
    std::span<uint32_t> ranked(net::InsideAddress host, std::span<uint32_t> order) const;

private:
    static constexpr uint32_t kAtOnce = 4;
    struct alignas(16) Values {
        std::array<uint32_t, kAtOnce> value;
    };

    void lay_out_values();
    uint32_t value_of(net::InsideAddress host) const;
    int32_t rank(uint32_t host, uint32_t index) const;
    bool search(Be32 address) const;

    std::vector<Be32> addresses_;  // sorted
    std::vector<Values> fours_;    // of each, under the key
    AddressKey key_;
    PortRange ports_;
    uint32_t first_slot_;
    uint32_t first_;
    uint32_t last_;
    bool contiguous_;
};

}  // namespace sluice::pool
