// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Egress: all ways by which packets leave a worker. Each takes exactly one, and each is counted:
/// received + originated + taken = transmitted + consumed + put + Σ dropped[reason].
///
/// Shape    Packets gather in a batch for each port and each thread; flush() sends what has
///          gathered, and a full batch goes at once. Those whose next hop does not answer are set
///          apart, for who can tell their senders.
/// Threads  Owned by one worker.
/// Memory   All at construction.
/// Errors   What a port or a ring does not take is dropped by name.
/// Cost     send_to() reads the hop's word and the interface's row, and writes the MACs. Where the
///          interface has no tag, that is a branch.

#include "base/big_endian.h"
#include "io/port.h"
#include "link/interfaces.h"
#include "link/next_hops.h"
#include "link/note.h"
#include "link/path.h"
#include "link/ring.h"
#include "link/routes.h"
#include "nat64/edge.h"
#include "net/mac.h"
#include "net/tuple.h"
#include "observe/tap.h"
#include "stats/counters.h"

#include <rte_mbuf.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::link {

inline constexpr unsigned kBatchSize = 64;

/// Where a worker's packets go on a port.
struct TransmitQueue {
    io::Port* port = nullptr;
    uint16_t queue = 0;
};

/// An interface's way out, as its port was at the beginning of the turn.
struct Exit {
    uint16_t mtu = 0;  ///< Bytes of IP packet.
    bool has_link = false;
    uint16_t fragment_mtu = 0;  ///< Likewise of a fragment, which grows by more on an IPv6 side.

    uint16_t most(bool is_fragment) const { return is_fragment ? fragment_mtu : mtu; }
};

/// All of it outlives the egress.
struct EgressParams {
    const Interfaces& interfaces;
    NextHops& next_hops;
    std::vector<TransmitQueue> ports;  ///< Indexed by Interface::port.
    std::vector<Ring*> to_worker;      ///< Null for the worker itself.
    Ring* to_control = nullptr;
    const LivingUplinks* living = nullptr;  ///< Null: all.
    const nat64::Edge* ipv6 = nullptr;      ///< Null: no interface is an IPv6 side.
};

class Egress {
public:
    Egress(EgressParams params, stats::Counters& counters);
    Egress(const Egress&) = delete;

    // To ports.
    /// Sends a frame that is complete but for the VLAN tag of its interface.
    [[gnu::always_inline]] void send(rte_mbuf* mbuf, InterfaceId interface) {
        const Row& row = rows_[interface];
        if (row.vlan != kUntagged && !dress(mbuf, row))
            return;
        Batch& batch = outgoing_[row.port];
        batch.add(mbuf);
        if (batch.is_full())
            flush_port(row.port);
    }

    /// Sends to a neighbour; false, and the packet is still the caller's, when its MAC is not
    /// known.
    bool send_to(rte_mbuf* mbuf, HopIndex index) {
        const Hop seen = hop(index);
        if (!seen.is_resolved())
            return false;
        address(rte_pktmbuf_mtod(mbuf, void*), index, seen);
        send(mbuf, seen.interface());
        return true;
    }
    /// The first half of that, of a hop that the caller has seen resolved.
    void address(void* frame, HopIndex index, Hop seen) {
        if (!seen.is_used())
            params_.next_hops.mark_used(index);
        net::write_macs(frame, seen.bits(), rows_[seen.interface()].mac);
    }
    Hop hop(HopIndex index) const { return params_.next_hops.read(index); }

    /// Sends along a path, whose hop it keeps true. What has no MAC to go to goes to the control
    /// core, which asks for it; what goes where nobody answers is set apart.
    void send(rte_mbuf* mbuf, Path& path);

    /// The way of a packet that leaves by this tuple, to this side of the NAT. Nothing where no
    /// route leads there. What leaves outside goes by the uplink of its source, or by `uplink`
    /// where it has yet to be given one. `leads`: to its destination, for who has searched already.
    std::optional<Path> find(const net::Tuple& leaving, net::Side side, const Leads& leads,
                             std::optional<UplinkId> uplink = {}) const;
    std::optional<Path> find(const net::Tuple& leaving, net::Side side) const {
        return find(leaving, side, routes_->leads({leaving.destination, leaving.zone}));
    }
    /// Those of this turn: route_by().
    const Routes& routes() const { return *routes_; }
    /// Those that flows may take, in this turn.
    UplinkSet living_uplinks() const { return living_; }
    /// In whichever zone, the route leads inside alone.
    bool leads_inside(const Leads& leads) const {
        const Route* route = leads.anywhere;
        return route != nullptr &&
               !params_.interfaces[route->interface].reaches(net::Side::Outside);
    }

    /// Of what has been found this turn.
    uint32_t generation() const { return generation_; }
    const Interface& interface(InterfaceId id) const { return params_.interfaces[id]; }
    const Exit& exit(InterfaceId id) const { return exits_[id]; }
    /// The smallest MTU of all ports, 0 while one has no link: what is no larger passes by each.
    uint16_t least_mtu() const { return least_mtu_; }
    /// The smallest MTU of all ports, with a link or without.
    uint16_t smallest_mtu() const { return smallest_mtu_; }
    /// Sees how the ports are now, and which generation the hops have; once a turn.
    void look_at_ports();
    /// Packets of this turn go by these routes, which the caller has read after look_at_ports():
    /// so what is found by routes that have been replaced since is remembered with a generation
    /// that has changed, and found again (NextHops::forget_paths()).
    void route_by(const Routes& routes) { routes_ = &routes; }
    /// Who is told of what leaves, in this turn; null for nobody.
    void show(observe::Tap* tap) { tap_ = tap; }

    // To other threads.
    /// To the worker that owns, or will own, the packet's flow; or to the home of its datagram.
    void hand_over(rte_mbuf* mbuf, unsigned worker, const Note& note);
    /// To the control core. A quarter of its ring is for ARP alone: whoever sends a flood to a host
    /// that is not there must not keep it from hearing those that are.
    void punt(rte_mbuf* mbuf, const Note& note);

    // Nowhere.
    void drop(rte_mbuf* mbuf, stats::Drop reason);
    void drop(std::span<rte_mbuf*> packets, stats::Drop reason);
    /// To be dropped, for the next hop on that interface does not answer ARP: after its sender has
    /// been told.
    void set_apart(rte_mbuf* mbuf, InterfaceId to);

    /// Moves what was set apart to `packets`, for the caller to drop; returns how many. Each has a
    /// note that says by which interface it was to leave.
    unsigned take_unreachable(std::span<rte_mbuf*, kBatchSize> packets);
    /// Sends all that has gathered.
    void flush();

private:
    struct Batch {
        std::array<rte_mbuf*, kBatchSize> mbuf;
        unsigned count = 0;

        std::span<rte_mbuf*> packets() { return std::span(mbuf).first(count); }
        bool is_full() const { return count == kBatchSize; }
        void add(rte_mbuf* packet) { mbuf[count++] = packet; }
    };

    /// Of an interface, what every packet needs.
    struct Row {
        uint64_t mac = 0;  // as a word
        VlanId vlan = kUntagged;
        PortIndex port = 0;
        bool port_inserts_tags = false;
    };

    bool dress(rte_mbuf* mbuf, const Row& row);
    void finish(Batch& batch, unsigned taken, stats::Drop reason);
    void flush_port(size_t port);
    unsigned transmit(size_t port, bool is_ipv6);
    unsigned transmit_by_interfaces(size_t port, bool is_shown);
    void flush_to_worker(size_t worker);
    void flush_to_control();

    EgressParams params_;
    stats::Counters& counters_;
    const Routes* routes_ = nullptr;
    uint32_t generation_ = 0;
    UplinkSet living_ = kAllUplinks;
    observe::Tap* tap_ = nullptr;
    std::vector<Row> rows_;    // by interface
    std::vector<Exit> exits_;  // likewise
    /// By what all that a port sends leaves; by none of them where it has VLANs.
    struct Sole {
        InterfaceId untagged = kNoInterface;
        InterfaceId ipv6_side = kNoInterface;  // what is IPv6, where there is one
    };
    std::vector<Sole> sole_;  // by port
    uint16_t least_mtu_ = 0;
    uint16_t smallest_mtu_ = 0;
    std::vector<Batch> outgoing_;  // by port
    /// Likewise, bit i: packet i leaves by the IPv6 side, and is IPv4 yet, so that what is read for
    /// it has time to come.
    std::vector<uint64_t> to_ipv6_;
    std::vector<Batch> handed_over_;  // by worker
    Batch punted_;
    Batch unreachable_;
};

}  // namespace sluice::link
