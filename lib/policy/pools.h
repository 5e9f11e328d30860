// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pools: every pool of addresses that any configuration of this gateway has had, each once.
///
/// Shape    A pool is known by its addresses and ports, not by the rule or the configuration that
///          names it: so a host keeps its address, and counters their place, over a reload.
/// Threads  take() by one thread at a time; the pools it has returned are anybody's.
/// Memory   Pools that have been in use are kept for the gateway's life: workers remember them.
///          Slots (pool/exhaustion.h) are given out from 0 on.

#include "net/prefix.h"
#include "pool/address_pool.h"
#include "pool/port_range.h"

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace sluice::policy {

class Pools {
public:
    /// `key` is that of the choice of address.
    explicit Pools(const pool::AddressKey& key) : key_(key) {}

    /// The pool of these addresses and ports; made, where there is none.
    const pool::AddressPool* take(const std::vector<net::AddressRange>& addresses,
                                  pool::PortRange ports);
    /// Slots that are given out: the number of addresses of all pools.
    uint32_t slots() const { return slots_; }
    /// Takes back what has been given out since slots() was `slots`. Nobody may know the pools.
    void forget_from(uint32_t slots);

private:
    using Key = std::pair<std::vector<std::pair<Be32, Be32>>, std::pair<uint16_t, uint16_t>>;

    pool::AddressKey key_;
    uint32_t slots_ = 0;
    std::map<Key, std::unique_ptr<pool::AddressPool>> pools_;
};

/// The addresses of all ranges: ascending, those that touch or overlap made one.
std::vector<net::AddressRange> merged(std::vector<net::AddressRange> ranges);

}  // namespace sluice::policy
