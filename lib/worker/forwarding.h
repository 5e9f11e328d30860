// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Forwarding: what is decided of a packet, before anything is done about it. Workers do what it
/// says; who asks what would become of a packet is told it.
///
/// Shape    Questions, in the order in which a packet meets them. To ask changes nothing.
/// Threads  Any member of the flow table, with a policy to go by and an egress of its own.

#include "base/clock.h"
#include "conntrack/tcp_tracker.h"
#include "conntrack/tuning.h"
#include "flow/flow_table.h"
#include "link/egress.h"
#include "nat/decision.h"
#include "nat/expectations.h"
#include "nat/mappings.h"
#include "net/icmp.h"
#include "net/packet.h"
#include "net/side.h"
#include "net/tuple.h"
#include "policy/current.h"
#include "pool/holdings.h"
#include "stats/drop.h"
#include "worker/admission.h"

#include <cstdint>
#include <optional>

namespace sluice::worker {

/// False for a packet that has the tuple of a flow and yet is none of its own: it comes from where
/// the flow's packets of that direction go, or asks where answers belong.
inline bool belongs(const flow::FlowRecord& record, net::Direction direction, net::Side from,
                    const net::Packet& packet) {
    const bool asks_back =
        direction == net::Direction::Reply && packet.icmp_type == net::kEchoRequest;
    return record.sides.enter(direction) == from && !asks_back;
}

/// Why a packet does not leave by this exit, if it does not. One that is too big for its MTU may be
/// cut where that is no reason.
std::optional<stats::Drop> refuse_exit(const net::Packet& packet, const link::Exit& exit);
/// True of most packets: they may leave by every exit, whole.
bool leaves_by_any(const net::Packet& packet, uint16_t least_mtu);

/// With --tcp-strict: whether what an ICMP error quotes of a TCP flow, in whose `direction` it
/// travels, may be true by the flow's numbers (RFC 5927 §4.1). True of all other protocols.
bool quotes_what_was_sent(const conntrack::Tuning& tuning, const net::Packet& error,
                          net::Direction direction, const conntrack::TcpTracker& tracker);

/// What the sender of a packet is told when it is refused.
enum class Rejection : uint8_t { None, Reset, Prohibited, Challenge };

/// With --invalid reject and --on-exhaustion reject. Nobody outside is told anything but whoever
/// may have sent a RST, with --tcp-strict: he is asked back.
Rejection rejection_of(const policy::Policy& policy, net::Side from, const net::Packet& packet,
                       const net::Tuple& tuple, stats::Drop reason);

/// How a packet is admitted, and the rule by which its source is served; null where none is asked.
struct Service {
    Path path{};
    const policy::Rule* rule = nullptr;
};

/// Whom a packet that meets no flow may open one to; or why nobody.
struct Target {
    nat::Request request;
    std::optional<stats::Drop> refusal = {};
    link::Leads leads = {};  ///< To the request's target.
};

/// Where the first packet of a flow goes; without a path, why nowhere.
struct Way {
    std::optional<link::Path> path;
    stats::Drop reason{};
};

/// By what a packet has come, and from which side.
struct Origin {
    link::InterfaceId interface = link::kNoInterface;
    net::Side side{};
};

/// Where an ICMP error about a packet of a flow goes; without a path, why nowhere.
struct ErrorWay {
    flow::FlowRef flow;
    std::optional<link::Path> path;
    stats::Drop reason{};
};

class Forwarding {
public:
    /// All of these outlive this object.
    struct Parts {
        const flow::FlowTable& table;
        const policy::Current& policy;
        const Admission& admission;
        const link::Egress& egress;
        const helper::Helped* helpers = nullptr;              ///< Null: no flow is foretold.
        bool may_inherit = false;                             ///< Shared::may_inherit.
        const pool::Holdings* holdings = nullptr;             ///< Null: there is no cluster.
        link::InterfaceId first_inside = link::kNoInterface;  ///< Interfaces::first_inside().
    };

    explicit Forwarding(const Parts& parts)
        : parts_(parts),
          mappings_(parts.table, parts.policy),
          expectations_(parts.table, parts.helpers) {}

    /// Null: there is no cluster.
    const pool::Holdings* holdings() const { return parts_.holdings; }
    /// Where a packet on an interface of both sides comes from.
    std::optional<net::Side> side_of(const net::Tuple& tuple, Tick now) const;
    /// A fragment that ends by its addresses, or is the kernel's by them, may be of a flow that
    /// opened before this policy. Its datagram's first one tells, of the kernel's it tells here.
    bool may_be_older(net::Side from, const net::Packet& packet, const net::Tuple& tuple,
                      bool is_kernels, Tick now) const;
    /// Of a packet that is admitted so.
    Target target(const Service& service, const net::Tuple& tuple, Tick now) const;
    /// Of one that has a request.
    Way way_of(const Target& target) const;
    /// Where the packets of a flow go in this direction.
    std::optional<link::Path> path_of(flow::FlowRef flow) const;
    /// That to the gateway of the cluster which has a public address, of a packet from inside of
    /// this zone. Nothing where this one has it, or no gateway is known that has it and is a
    /// neighbour on the first inside interface.
    std::optional<link::Path> way_to_owner(Be32 public_address, uint16_t zone) const;
    /// Its tuple is that of the packet which it quotes, turned round.
    ErrorWay way_of_error(const Origin& from, const net::Packet& error, const net::Tuple& tuple,
                          Tick now) const;

private:
    Target to(const nat::Request& request) const;
    void choose_uplink(Target& target, Tick now) const {
        if (parts_.policy->routes.uplinks().are_several())
            choose_of_several(target, now);
    }
    void choose_of_several(Target& target, Tick now) const;
    Target target_outside(const net::Tuple& tuple, const policy::Rule* rule,
                          const link::Leads& leads, Tick now) const;
    Target target_behind(const Service& service, const net::Tuple& tuple, Tick now) const;
    std::optional<nat::Request> foretold(const Service& service, const net::Tuple& tuple,
                                         Tick now) const;
    bool leads_within(const link::Leads& leads) const;

    Parts parts_;
    nat::Mappings mappings_;
    nat::Expectations expectations_;
};

}  // namespace sluice::worker
