// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Admission: what a packet is to this gateway, from where it came and where it goes.
///
/// Shape    Asked of packets that meet no flow, by their addresses first, then by the rules. What
///          may open no flow ends here, by name. To ask changes nothing.
/// Zones    From inside a packet meets the addresses of its own zone and those that are outside,
///          from outside those of all zones.
/// Threads  Those of the policy that it is given.
/// Source   RFC 1812 §5.3.7 (martian sources), §5.3.8 (source address validation); the leak of
///          inside addresses that docs/drops.md describes.

#include "link/interfaces.h"
#include "net/packet.h"
#include "net/side.h"
#include "net/tuple.h"
#include "policy/current.h"
#include "pool/holdings.h"
#include "pool/own_ports.h"
#include "stats/drop.h"

#include <cstdint>
#include <optional>

namespace sluice::worker {

enum class Path : uint8_t {
    Outward,  ///< From inside to the world: may open a flow.
    Inward,   ///< From outside to an address that flows may have there: of a flow, for who holds
              ///< it, or nobody's.
    Hairpin,  ///< Likewise from inside.
    Within,   ///< From inside to inside: may open a flow that is not translated.
    Local,    ///< A ping to the gateway itself.
    Refused,  ///< For `reason`.
};

struct Admitted {
    Path path = Path::Refused;
    stats::Drop reason{};
    uint32_t denial = policy::kNone;  ///< Of Denied: the rule that says so.
};

class Admission {
public:
    /// All of them outlive this object; the gateway's own ports may be none, and there is a cluster
    /// where there are holdings.
    Admission(const link::Interfaces& interfaces, const policy::Current& policy,
              const pool::OwnPorts* own_ports = nullptr, const pool::Holdings* holdings = nullptr)
        : interfaces_(interfaces), policy_(policy), own_ports_(own_ports), holdings_(holdings) {}

    /// The rule by which a packet is served, and may open a flow: of those from inside alone.
    const policy::Rule* rule_of(net::Side from, const net::Tuple& tuple) const {
        return from == net::Side::Inside ? policy_->rules.find(tuple) : nullptr;
    }

    /// Of a packet that meets no flow; `rule` is its rule_of(), which is to be searched once.
    Admitted admit(net::Side from, const net::Packet& packet, const net::Tuple& tuple,
                   const policy::Rule* rule) const;

    /// The first half of that, by its addresses alone; and the second.
    Admitted admit_addresses(net::Side from, const net::Packet& packet,
                             const net::Tuple& tuple) const;
    Admitted admit_by_rule(const Admitted& by_address, const net::Tuple& tuple,
                           const policy::Rule* rule) const;

    /// Why a fragment is not even kept, if it is not: by its addresses, for a later one has no
    /// ports by which a rule could be found. The first of a datagram is admitted by its rule too if
    /// it meets no flow.
    static std::optional<stats::Drop> refuse_fragment(const Admitted& by_address,
                                                      const net::Tuple& tuple);

    /// Where a packet on an interface of both sides comes from: from inside if a rule serves its
    /// source, from outside if its destination is public. Nothing for what is neither.
    std::optional<net::Side> side_of(const net::Tuple& tuple) const;

    /// The gateway itself answers this, if it comes whole.
    bool is_ping_to_gateway(net::Side from, const net::Packet& packet,
                            const net::Tuple& tuple) const;

    /// An address by which inside hosts are known outside.
    bool is_public(Be32 address) const;

    /// It is for the gateway itself, and for no flow. An error's tuple is its quote's, reversed.
    bool is_for_gateway(net::Side from, const net::Packet& packet, const net::Tuple& tuple) const;

    /// Why no ICMP error comes from `source`, if none does. Its destination is for the flow to
    /// know, and routers inside need not be of those that the gateway serves.
    std::optional<stats::Drop> refuse_error(const link::Interface& on, net::Side from,
                                            Be32 source) const;

private:
    /// `is_served`: some rule serves the source, which is asked of packets from inside.
    Admitted admit_addresses(net::Side from, const net::Packet& packet, const net::Tuple& tuple,
                             bool is_served) const;
    Admitted admit_inside(const net::Packet& packet, const net::Tuple& tuple, bool is_served) const;
    Admitted admit_outside(const net::Packet& packet, const net::Tuple& tuple) const;
    bool is_martian_source(net::Side from, net::InsideAddress source) const;
    bool is_spoofed_outside(Be32 source) const;
    bool is_of_world(Be32 address) const;
    bool is_inside(net::InsideAddress address) const;
    bool is_inside_somewhere(Be32 address) const;
    bool is_own(net::Side from, net::InsideAddress address) const;
    bool is_own_port(const net::Packet& packet, const net::Tuple& tuple) const;
    bool is_broadcast(net::Side from, net::InsideAddress address) const;

    const link::Interfaces& interfaces_;
    const policy::Current& policy_;
    const pool::OwnPorts* own_ports_;
    const pool::Holdings* holdings_;
};

}  // namespace sluice::worker
