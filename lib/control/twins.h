// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Twins: frames between the kernel and the wire, by the taps that stand for interfaces there.
///
/// Shape    To the kernel goes what workers punt as link::Punt::Local, and copies of ARP that it
///          needs to find its neighbours. What it sends leaves by the interface as it is, if it is
///          from an own address of the interface (inside, from any of the gateway's) and from its
///          MAC; or from none, to ask for one by DHCP or ARP. So a kernel that forwards sends
///          nothing of others.
///          Where an own address is one that flows are given too, a port that the kernel sends from
///          becomes its own (pool/own_ports.h), until nothing has passed by it for as long as a
///          flow of that kind would last. So do ports on which the kernel listens, where the
///          operator has not said which are its own: it is asked for them again and again.
/// Ports    A worker that has not seen such a port added yet may open a flow by it at the same
///          moment. Each frame that the kernel sends from there is looked up, so from the next one
///          on it is dropped as TwinPortTaken, and the flow goes on.
/// Threads  The control core's.
/// Errors   What the kernel does not take is dropped as TwinFull; of ARP beyond its rate it hears
///          nothing. Without an mbuf nothing is read; it waits in the tap. Out of memory for the
///          port that a frame would take it is dropped as TwinPortTaken.
/// Cost     Each turn a system call for each twin; one for each frame. kFramesPerTurn of each at
///          most.

#include "answer/token_bucket.h"
#include "base/clock.h"
#include "control/outbox.h"
#include "flow/flow_table.h"
#include "io/listener.h"
#include "io/port.h"
#include "io/tap.h"
#include "link/interfaces.h"
#include "net/arp.h"
#include "net/packet.h"
#include "net/tuple.h"
#include "pool/own_ports.h"
#include "stats/counters.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::control {

inline constexpr unsigned kFramesPerTurn = 64;
/// How long after the kernel was asked which ports it listens on it is asked again.
inline constexpr Duration kBetweenLooks = Duration::seconds(10);
/// So many of them are the kernel's: who opens a socket on every port does not take all from flows.
inline constexpr size_t kMostListeners = 1024;
/// How long a port stays the kernel's after the last packet: RFC 5382 REQ-5, RFC 4787 REQ-5.
inline constexpr Duration kKeepTcpPort = Duration::seconds(7440);
inline constexpr Duration kKeepPort = Duration::seconds(300);
/// After a FIN or a RST, unless more follows.
inline constexpr Duration kKeepClosingPort = Duration::seconds(120);

struct Twin {
    link::InterfaceId interface = link::kNoInterface;
    io::Tap* tap = nullptr;
    const io::Port* port = nullptr;  ///< Whose link and MTU the tap follows.
};

struct TwinParams {
    std::vector<Twin> twins;
    answer::Rate rate{};                    ///< Of ARP, to each.
    pool::OwnPorts* own_ports = nullptr;    ///< Null where there are no twins.
    io::ReadListeners read_listeners = {};  ///< Null where nobody asks for those.
    /// Flows are given this address.
    std::function<bool(Be32)> is_public = [](Be32) { return false; };
    /// The operator has given this endpoint to an inside host.
    std::function<bool(net::Protocol, net::Endpoint)> is_forwarded =
        [](net::Protocol, net::Endpoint) { return false; };
};

class Twins {
public:
    /// What it works with; all of it outlives this object. Packets of `packets` have room for a
    /// link::Note.
    struct Ground {
        const link::Interfaces& interfaces;
        const flow::FlowTable& table;
        rte_mempool* packets = nullptr;
        Outbox& outbox;
        stats::Counters& counters;
    };

    Twins(TwinParams params, const Ground& ground)
        : params_(std::move(params)), ground_(ground), arp_(params_.twins.size()) {}

    void start(Tick now) { next_walk_ = next_look_ = now; }
    /// A packet for the kernel, that came by the interface of its note.
    void take_local(rte_mbuf* mbuf, Tick now);
    /// An ARP frame, of which the kernel gets a copy if it is an answer or an announcement.
    void hear_arp(rte_mbuf* mbuf, Tick now);
    /// Sends what the kernel has sent; returns how many frames that were.
    unsigned turn(Tick now);

private:
    /// A port that the kernel has sent from, and may have answers by.
    struct Lease {
        net::Protocol protocol{};
        net::Endpoint endpoint;
        Tick due;
        bool is_closing = false;
    };

    unsigned send_all(const Twin& twin, Tick now);
    std::optional<stats::Drop> refuse(rte_mbuf* mbuf, const link::Interface& interface, Tick now);
    bool is_own(const link::Interface& interface, Be32 address) const;
    std::optional<stats::Drop> take_port(const net::Packet& packet, const net::Tuple& tuple,
                                         Tick now);
    bool is_taken(const net::Tuple& tuple, Tick now) const;
    bool is_held(net::Protocol protocol, net::Endpoint endpoint, Tick now) const;
    Lease* lease_of(net::Protocol protocol, net::Endpoint endpoint, Tick now);
    void look_for_listeners(Tick now);
    void keep_listener(net::Protocol protocol, net::Endpoint endpoint, Tick now);
    void keep(Lease& lease, uint8_t tcp_flags, Tick now);
    void give_back_ports(Tick now);

    TwinParams params_;
    Ground ground_;
    std::vector<answer::TokenBucket> arp_;  // by twin
    std::unordered_map<uint64_t, Lease> leases_;
    Tick next_walk_;
    std::vector<io::Listener> listeners_;  // of those that there are, as far as they have been read
    Tick next_look_;
};

}  // namespace sluice::control
