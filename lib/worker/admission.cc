// SPDX-License-Identifier: BSD-3-Clause
#include "worker/admission.h"

#include "net/parse.h"

#include <algorithm>

namespace sluice::worker {
namespace {

using net::Side;
using stats::Drop;

constexpr Admitted refused(Drop reason) {
    return {Path::Refused, reason};
}

bool is_ping(const net::Packet& packet, const net::Tuple& tuple) {
    return tuple.protocol == net::Protocol::Icmp && packet.icmp_type == net::kEchoRequest;
}

Admitted to_gateway(const net::Packet& packet, const net::Tuple& tuple) {
    return is_ping(packet, tuple) ? Admitted{Path::Local, {}} : refused(Drop::ToGateway);
}

}  // namespace

bool Admission::is_public(Be32 address) const {
    return policy_->rules.contains(address) || policy_->statics.contains(address);
}

/// Neither a host's or a martian, nor the gateway's own or to give: each of the questions below
/// would have to be asked of it in vain.
bool Admission::is_of_world(Be32 address) const {
    return !interfaces_.may_know(address) && !policy_->rules.may_know(address) &&
           !policy_->statics.contains(address);
}

/// In its zone: a rule serves it, or it is on an inside subnet.
bool Admission::is_inside(net::InsideAddress address) const {
    return policy_->rules.serves(address) || interfaces_.is_inside(address);
}

/// Likewise in any zone: it must neither come from outside nor go there.
bool Admission::is_inside_somewhere(Be32 address) const {
    return policy_->rules.serves_somewhere(address) || interfaces_.is_inside_somewhere(address);
}

/// From inside those that its zone sees, from outside all.
bool Admission::is_broadcast(Side from, net::InsideAddress address) const {
    return from == Side::Outside ? interfaces_.is_broadcast_somewhere(address.address)
                                 : interfaces_.is_broadcast(address);
}

bool Admission::is_martian_source(Side from, net::InsideAddress source) const {
    return net::is_martian(source.address) || is_broadcast(from, source) ||
           interfaces_.are_own(source);
}

/// What comes from outside has no source that is inside, or the gateway's to give. What others of
/// the cluster have to give is outside.
bool Admission::is_spoofed_outside(Be32 source) const {
    return is_inside_somewhere(source) || (is_public(source) && is_usable(holdings_, source));
}

/// From inside the gateway is known by all its addresses, from outside by those it has there.
bool Admission::is_own(Side from, net::InsideAddress address) const {
    return from == Side::Inside ? interfaces_.are_own(address)
                                : interfaces_.are_own_outside(address.address);
}

/// An own address that is also public answers pings, and has the ports that are the gateway's own;
/// all else there is a flow's.
bool Admission::is_for_gateway(Side from, const net::Packet& packet,
                               const net::Tuple& tuple) const {
    return is_own(from, {tuple.destination, tuple.zone}) &&
           (is_ping(packet, tuple) || !is_public(tuple.destination) || is_own_port(packet, tuple));
}

/// What the operator forwards goes before. Of a datagram in fragments only the first one has ports,
/// so none of them is the gateway's there.
bool Admission::is_own_port(const net::Packet& packet, const net::Tuple& tuple) const {
    const net::Endpoint endpoint{tuple.destination, tuple.destination_port};
    return own_ports_ != nullptr && !packet.is_fragment &&
           own_ports_->contains(tuple.protocol, endpoint) &&
           !policy_->statics.reserves(tuple.protocol, endpoint);
}

bool Admission::is_ping_to_gateway(Side from, const net::Packet& packet,
                                   const net::Tuple& tuple) const {
    return is_ping(packet, tuple) && is_own(from, {tuple.destination, tuple.zone});
}

Admitted Admission::admit(Side from, const net::Packet& packet, const net::Tuple& tuple,
                          const policy::Rule* rule) const {
    if (from == Side::Outside)
        return admit_addresses(from, packet, tuple, false);
    const bool is_served = rule != nullptr || policy_->rules.serves(tuple.inside_source());
    return admit_by_rule(admit_addresses(from, packet, tuple, is_served), tuple, rule);
}

Admitted Admission::admit_by_rule(const Admitted& by_address, const net::Tuple& tuple,
                                  const policy::Rule* rule) const {
    const bool is_within = by_address.path == Path::Within;
    if (by_address.path != Path::Outward && by_address.path != Path::Hairpin && !is_within)
        return by_address;
    if (rule == nullptr && !is_within)
        return refused(Drop::NoRule);
    if (const uint32_t denial = policy_->rules.denials().find(tuple); denial != policy::kNone)
        return {Path::Refused, Drop::Denied, denial};
    if (by_address.path == Path::Hairpin && !rule->translates())
        return refused(Drop::Hairpin);  // without NAT, answers would take another way back
    return by_address;
}

Admitted Admission::admit_addresses(Side from, const net::Packet& packet,
                                    const net::Tuple& tuple) const {
    const bool is_served = from == Side::Inside && policy_->rules.serves(tuple.inside_source());
    return admit_addresses(from, packet, tuple, is_served);
}

std::optional<Drop> Admission::refuse_fragment(const Admitted& by_address,
                                               const net::Tuple& tuple) {
    // Only the first fragment tells whether it is a ping.
    if (by_address.reason == Drop::ToGateway && tuple.protocol == net::Protocol::Icmp)
        return std::nullopt;
    return by_address.path == Path::Refused ? std::optional(by_address.reason) : std::nullopt;
}

Admitted Admission::admit_addresses(Side from, const net::Packet& packet, const net::Tuple& tuple,
                                    bool is_served) const {
    if (is_martian_source(from, tuple.inside_source()))
        return refused(Drop::MartianSource);
    if (is_served && is_of_world(tuple.destination))
        return {Path::Outward, {}};
    if (net::is_martian(tuple.destination) || is_broadcast(from, {tuple.destination, tuple.zone}))
        return refused(Drop::MulticastOrBroadcast);
    return from == Side::Inside ? admit_inside(packet, tuple, is_served)
                                : admit_outside(packet, tuple);
}

Admitted Admission::admit_inside(const net::Packet& packet, const net::Tuple& tuple,
                                 bool is_served) const {
    if (is_for_gateway(Side::Inside, packet, tuple))
        return to_gateway(packet, tuple);
    if (!is_served)
        return refused(Drop::ForeignSource);
    if (is_public(tuple.destination))
        return {Path::Hairpin, {}};
    if (is_inside_somewhere(tuple.destination))
        return policy_->inside_routing && is_inside({tuple.destination, tuple.zone})
                   ? Admitted{Path::Within, {}}
                   : refused(Drop::InsideDestination);
    return {Path::Outward, {}};
}

Admitted Admission::admit_outside(const net::Packet& packet, const net::Tuple& tuple) const {
    if (is_spoofed_outside(tuple.source))
        return refused(Drop::OutsideSpoof);
    if (is_for_gateway(Side::Outside, packet, tuple))
        return to_gateway(packet, tuple);
    if (is_public(tuple.destination) || policy_->rules.is_exempt(tuple.destination))
        return {Path::Inward, {}};
    if (is_inside_somewhere(tuple.destination))
        return refused(Drop::OutsideToInside);
    return refused(Drop::NotOurs);
}

/// A source that is public itself comes from outside, where it is spoofed.
std::optional<Side> Admission::side_of(const net::Tuple& tuple) const {
    const auto is_outer = [&](Be32 address) {
        return is_public(address) || interfaces_.are_own(address);
    };
    if (is_outer(tuple.source))
        return Side::Outside;
    if (policy_->rules.serves(tuple.source))
        return Side::Inside;
    if (is_outer(tuple.destination) || policy_->rules.is_exempt(tuple.destination))
        return Side::Outside;
    return std::nullopt;
}

/// Where both sides are on one interface, a router of the outside may well have an inside address.
std::optional<Drop> Admission::refuse_error(const link::Interface& on, Side from,
                                            Be32 source) const {
    if (is_martian_source(from, {source, on.zone}))
        return Drop::MartianSource;
    if (from == Side::Outside && on.realm == link::Realm::Outside && is_spoofed_outside(source))
        return Drop::OutsideSpoof;
    return std::nullopt;
}

}  // namespace sluice::worker
