// SPDX-License-Identifier: BSD-3-Clause
#include "control/own_addresses.h"

#include "net/text.h"

#include <utility>

namespace sluice::control {

using link::InterfaceId;
using net::Arp;
using policy::OnConflict;
using stats::Count;

OwnAddresses::OwnAddresses(OwnAddressParams params, const link::Interfaces& interfaces,
                           Outbox& outbox, stats::Counters& counters)
    : params_(std::move(params)),
      interfaces_(interfaces),
      outbox_(outbox),
      counters_(counters),
      claim_(interfaces, outbox),
      announcer_(interfaces, outbox, params_.announcing.interval, params_.holdings),
      gained_(params_.holdings, interfaces, announcer_) {}

bool OwnAddresses::start(Tick now) {
    if (params_.announcing.probes) {
        claim_.start(now);
        return false;
    }
    announce(now);
    return true;
}

bool OwnAddresses::turn(Tick now) {
    const bool is_claimed_now = claim_.turn(now);
    if (is_claimed_now)
        announce(now);
    announcer_.turn(now);
    if (are_claimed())
        gained_.turn(params_.announcing, now);
    defence_.turn(now);
    return is_claimed_now;
}

bool OwnAddresses::announce_by(const policy::Announcing& announcing, Tick now) {
    const bool are_others = announcing.answered != params_.announcing.answered;
    params_.announcing = announcing;
    announcer_.repeat_every(announcing.interval, now);
    const bool takes_now =
        !are_claimed() && !announcing.probes && announcing.on_conflict != OnConflict::Leave;
    if (takes_now)
        claim_.take();
    if (takes_now || (are_others && are_claimed()))
        announce(now);
    return takes_now;
}

bool OwnAddresses::contain(Be32 address, InterfaceId interface) const {
    if (!is_usable(params_.holdings, address))
        return false;
    return interfaces_[interface].is_own(address) ||
           params_.announcing.answers_for(address, interface) ||
           (params_.kept != nullptr && params_.kept->contain(address, interface));
}

bool OwnAddresses::is_conflict(const Arp& arp, InterfaceId interface, Tick now) {
    if (claim_.is_refused_by(arp, interface, now)) {
        if (defence_.take(now))
            notice(net::to_string(arp.sender_mac) + " has " +
                   net::to_string(arp.sender == Be32{} ? arp.target : arp.sender) +
                   ", which is to be this gateway's; it is not claimed until that is free "
                   "(--claim force takes it)");
        return true;
    }
    if (!contain(arp.sender, interface))
        return false;
    counters_.count[Count::ArpConflicts].add(1);
    const bool may_be_peer = params_.may_be_peer && params_.may_be_peer();
    if (params_.announcing.on_conflict == OnConflict::Leave &&
        interfaces_[interface].is_own(arp.sender))
        leave(arp, now);
    else if (defence_.take(now))
        defend(arp, interface, may_be_peer);
    return true;
}

void OwnAddresses::leave(const Arp& arp, Tick now) {
    claim_.leave(now);
    announcer_.stop();
    notice("address conflict: " + net::to_string(arp.sender_mac) + " claims " +
           net::to_string(arp.sender) +
           "; the gateway's own addresses are left to it until they are free "
           "(--on-conflict defend keeps them)");
}

void OwnAddresses::defend(const Arp& arp, InterfaceId interface, bool may_be_peer) {
    if (params_.announcing.on_conflict != OnConflict::Tell)
        announcer_.announce(interface, arp.sender);
    notice("address conflict: " + net::to_string(arp.sender_mac) + " claims " +
           net::to_string(arp.sender) + ", which is this gateway's" +
           (may_be_peer ? "; the other gateway of the pair is away, and may be active too" : ""));
}

void OwnAddresses::answer(const Arp& arp, InterfaceId interface, unsigned worker) {
    if (arp.operation != Arp::Operation::Request || !are_claimed() ||
        !contain(arp.target, interface))
        return;
    outbox_.send_arp(worker, interface, arp.sender_mac,
                     {Arp::Operation::Reply, interfaces_[interface].mac, arp.target, arp.sender_mac,
                      arp.sender});
}

void OwnAddresses::notice(const std::string& sentence) const {
    if (params_.notice)
        params_.notice(sentence);
}

}  // namespace sluice::control
