// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Traffic totals: what has gone over all flows of each inside host and of each public address,
/// those that have ended and those that live.
///
/// Shape    The ended ones are read first: what ends meanwhile is missing this time, and nothing is
///          there twice.
/// Threads  Any, several at once; as walk.h.
/// Memory   Some 100 bytes a host, and an address.
/// Cost     A pass over the flow table.

#include "flow/flow_table.h"
#include "hosts/totals.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace sluice::listing {

/// Of what there are to be sums.
enum class SumsOf : uint8_t { Hosts, Addresses };

class TrafficTotals {
public:
    struct Address {
        Be32 address;
        hosts::SideTraffic traffic;
    };

    TrafficTotals(const hosts::Totals& ended, flow::FlowTable& flows, SumsOf what);

    /// By the bits of an InsideAddress.
    const std::unordered_map<uint64_t, hosts::SideTraffic>& hosts() const { return hosts_; }
    hosts::SideTraffic of(net::InsideAddress host) const;
    hosts::SideTraffic of(Be32 address) const;
    /// In the order in which their first flows ended, and then of those of which none has.
    const std::vector<Address>& addresses() const { return addresses_; }
    /// Of ended flows of hosts, and of addresses, that have no place of their own.
    const hosts::SideTraffic& other_hosts() const { return other_hosts_; }
    const hosts::SideTraffic& other_addresses() const { return other_addresses_; }

private:
    void add_hosts(const hosts::Totals& ended, flow::FlowTable& flows);
    void add_addresses(const hosts::Totals& ended, flow::FlowTable& flows);
    void add(Be32 address, const hosts::SideTraffic& more);

    std::unordered_map<uint64_t, hosts::SideTraffic> hosts_;
    std::vector<Address> addresses_;
    std::unordered_map<uint32_t, size_t> place_;  // of each address
    hosts::SideTraffic other_hosts_;
    hosts::SideTraffic other_addresses_;
};

}  // namespace sluice::listing
