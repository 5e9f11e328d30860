// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Port choice: which external address and port a new flow is given.
///
/// Shape    An inside host has one address of its pool, the first in an order of its own, and goes
///          on to the next where that is full. On an address: its own port; the port that its
///          endpoint was last given; one from the blocks leased to this worker; one of the range,
///          from a random start. Where it can be told, ports by which the replies arrive at this
///          worker are tried first. Where hosts have blocks of ports, the same in each of these.
/// Threads  One worker's. What is chosen is not taken: the insert alone decides.
/// Errors   PortsExhausted (AddressesExhausted for protocols without ports) when every address is
///          proven full toward this server, PortsUnsearched when this packet's tries were used up
///          first: the search goes on with the next one. With blocks also their own.
/// Cost     At most kMaxProbes lookups for one packet.
/// Source   RFC 4787 REQ-1 to REQ-3; RFC 6056 §3.3; get_unique_tuple() of Linux.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/port_blocks.h"
#include "nat/rules.h"
#include "nat/searches.h"
#include "pool/changed_ports.h"
#include "pool/exhaustion.h"
#include "pool/leases.h"
#include "pool/static_mappings.h"
#include "pool/steering.h"
#include "stats/counters.h"

#include <array>
#include <cstdint>
#include <optional>

namespace sluice::nat {

inline constexpr unsigned kMaxProbes = 256;      ///< Reply tuples that one packet may try.
inline constexpr unsigned kMostAddresses = 256;  ///< Addresses that one host may be given.

/// What all workers' choices share.
struct PortGround {
    flow::FlowTable& table;
    pool::Leases& leases;
    pool::Exhaustion& exhaustion;
    pool::ChangedPorts& changed;
    const pool::Steering* steering;       ///< Null: replies arrive where they arrive.
    const pool::StaticMappings& statics;  ///< Their ports are given to nobody else.
};

/// The reply tuple of the flow to be, or why there is none.
struct Chosen {
    std::optional<net::Tuple> reply;
    stats::Drop reason{};
    std::optional<uint32_t> mapping = {};  ///< Of the source: its record.
    std::optional<uint32_t> block = {};    ///< That the port is of: its record.
};

class PortChoice {
public:
    PortChoice(const PortGround& ground, PortBlocks& blocks, stats::Counters& counters,
               uint8_t worker)
        : ground_(ground),
          blocks_(blocks),
          counters_(counters),
          worker_(worker),
          searches_(ground.table, worker) {}

    /// `target` is whom the flow is for, behind its destination.
    Chosen choose(const net::Tuple& original, net::Endpoint target, const Rule& rule, Tick now);

    /// The key that choose() will look up first, most likely.
    net::Tuple first_guess(const net::Tuple& original, const Rule& rule);

    /// Tells that the flow has been opened with what was chosen.
    void opened(const net::Tuple& original, const net::Tuple& reply);

private:
    using Outcome = Searches::Outcome;

    /// The packet in hand, at one address of its pool, or in a block of its host's there.
    struct Place {
        const net::Tuple& original;
        pool::PortRange ports;         ///< That may be given.
        pool::PortRange range;         ///< Of these, what is searched.
        std::optional<uint32_t> slot;  ///< The address's; nothing in a block.
        bool is_last = false;
        Tick now;
    };

    /// A host's address, which takes reading all of the pool to find.
    struct Known {
        Be32 host;
        const pool::AddressPool* pool = nullptr;
        uint32_t index = 0;
    };
    static constexpr size_t kKnown = 256;

    uint32_t first_address(const pool::AddressPool& pool, Be32 host);
    Chosen choose_in_pool(const net::Tuple& original, net::Tuple& reply, Tick now);
    Chosen choose_in_blocks(const net::Tuple& original, net::Tuple& reply, Tick now);
    Outcome try_address(net::Tuple& reply, uint32_t address, bool is_last,
                        const net::Tuple& original, Tick now);
    Outcome try_place(net::Tuple& reply, const Place& place);
    Outcome say_exhausted(const net::Tuple& reply, const Place& place);
    bool try_known(net::Tuple& reply, const Place& place);
    bool try_leased(net::Tuple& reply, const Place& place);
    Outcome search(net::Tuple& reply, const Place& place);
    bool try_homeward(net::Tuple& reply, const Place& place, pool::PortRange range, unsigned most);
    bool comes_home(const net::Tuple& reply, uint16_t port) const;
    bool steers_own_ports() const {
        return ground_.steering != nullptr && ground_.steering->covers_own_ports();
    }
    uint32_t reserved_from(const net::Tuple& reply, uint16_t port) const;
    bool try_port(net::Tuple& reply, uint16_t port, Tick now);
    /// The rest are for blocks, where hosts have them.
    unsigned probes_left() const {
        return (blocks_.are_used() ? kMaxProbes - kBlocksTried : kMaxProbes) - probes_;
    }

    PortGround ground_;
    PortBlocks& blocks_;
    stats::Counters& counters_;
    uint8_t worker_;
    unsigned probes_ = 0;         // of the packet in hand
    const Rule* rule_ = nullptr;  // likewise
    Searches searches_;
    std::array<Known, kKnown> known_{};  // by the host's last byte
};

}  // namespace sluice::nat
