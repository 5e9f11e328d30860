// SPDX-License-Identifier: BSD-3-Clause
#include "control/core.h"

#include "base/if_memory_allows.h"
#include "link/note.h"

#include <rte_mbuf.h>

#include <array>
#include <cassert>
#include <utility>

namespace sluice::control {

using link::Punt;
using stats::Count;
using stats::Drop;

namespace {

std::vector<link::Ring*> release_rings(const std::vector<WorkerRings>& workers) {
    std::vector<link::Ring*> rings;
    for (const WorkerRings& worker : workers)
        rings.push_back(worker.release);
    return rings;
}

NeighbourParams answering_for(const KeptAddresses& kept, const pool::Holdings* holdings,
                              NeighbourParams params) {
    params.own.kept = &kept;
    params.own.holdings = holdings;
    return params;
}

}  // namespace

Core::Core(CoreParams params)
    : params_(std::move(params)),
      is_active_(params_.duty == nullptr || params_.duty->is_active()),
      generation_(params_.hops.generation()),
      edition_(params_.policy->edition),
      answered_(params_.policy->announcing.answered),
      member_(params_.table, {flow::MemberName::Kind::ControlCore}),
      tap_(params_.watches, params_.table, static_cast<uint8_t>(params_.workers.size())),
      outbox_(release_rings(params_.workers), params_.packets, counters_),
      kept_(params_.table, params_.policy, params_.interfaces, params_.neighbours.own.notice),
      neighbours_(answering_for(kept_, params_.holdings, params_.neighbours), params_.interfaces,
                  params_.hops, outbox_, counters_),
      twins_(params_.twins,
             {params_.interfaces, params_.table, params_.packets, outbox_, counters_}),
      ageing_({params_.table, member_, counters_, params_.policy, params_.block_notice,
               params_.exhaustion}),
      uplink_watch_(params_.uplinks, params_.policy, params_.hops),
      rerouting_(params_.table, member_, params_.policy, params_.uplinks.living, counters_),
      giving_up_(params_.table, member_, params_.holdings, counters_),
      reuse_watch_(params_.table, counters_, params_.neighbours.own.notice) {}

void Core::start(Tick now) {
    if (!is_active_)
        return;
    if (params_.has_adopted)
        kept_.begin({});
    neighbours_.start(now);
    twins_.start(now);
}

template <typename Work>
void Core::attempt(Work work) {
    if (!if_memory_allows(work))
        counters_.count[Count::MemoryShort].add(1);
}

unsigned Core::turn(Tick now) {
    const bool is_watched = tap_.look(now);
    if (is_watched)
        tap_.take_up_translated();  // but for ARP, whose frames have no tuple
    outbox_.show(is_watched ? &tap_ : nullptr);
    unsigned work = 0;
    attempt([&] { work += follow_duty(now); });
    for (unsigned worker = 0; worker < params_.workers.size(); ++worker)
        work += take_punted(worker, now);
    if (is_active_)
        work += serve(now);
    if (params_.each_turn)
        attempt([&] { params_.each_turn(now); });
    // Workers are members of the flow table, so its grace periods are those of the hops as well.
    params_.hops.reuse(params_.table.grace());
    counters_.count[Count::ReadersLate].add(
        params_.table.grace().put_late_offline(now, kLongestReading));
    attempt([&] { reuse_watch_.turn(now); });
    if (is_watched)
        tap_.publish();
    outbox_.show(nullptr);
    member_.quiescent();
    return work;
}

/// What the policy before answered for is kept as long as flows have it. The edition is noted last:
/// what there was no memory for is done in the next turn.
void Core::follow_policy(Tick now) {
    const policy::Policy& policy = *params_.policy;
    if (policy.edition == edition_)
        return;
    if (policy.announcing.answered != answered_) {
        std::vector<policy::Answered> answered = policy.announcing.answered;
        kept_.begin(answered_);
        answered_.swap(answered);
    }
    neighbours_.announce_by(policy.announcing, now);
    edition_ = policy.edition;
}

/// Who takes over has its addresses at once: the other one may be dead, and cannot be asked.
unsigned Core::follow_duty(Tick now) {
    if (params_.duty == nullptr)
        return 0;
    const unsigned work = params_.duty->turn(now, member_);
    const bool is_active = params_.duty->is_active();
    if (params_.duty->take_quarrel() && is_active)
        neighbours_.link_came(now);
    if (is_active == std::exchange(is_active_, is_active))
        return work;
    if (is_active) {
        kept_.begin({});
        twins_.start(now);
        neighbours_.start(now, params_.duty->takes_over());
    } else {
        neighbours_.stop(Drop::Standby);
    }
    return work;
}

/// What time brings to who forwards.
unsigned Core::serve(Tick now) {
    unsigned work = 0;
    attempt([&] { follow_policy(now); });
    attempt([&] { follow_routes(now); });
    attempt([&] { kept_.turn(now); });
    attempt([&] { neighbours_.turn(now); });
    if (neighbours_.has_claimed())  // until then the kernel has nothing to speak as
        attempt([&] { work += twins_.turn(now); });
    attempt([&] { work += ageing_.turn(now); });
    bool has_lost_one = false;
    attempt([&] { has_lost_one = uplink_watch_.turn(); });
    if (has_lost_one)
        rerouting_.start();
    return work + rerouting_.turn() + giving_up_.turn();
}

/// Other routes change the generation, as other things do. It is noted last, as the edition is.
void Core::follow_routes(Tick now) {
    const uint32_t generation = params_.hops.generation();
    if (generation == generation_)
        return;
    const link::Routes& routes = params_.policy->routes;
    neighbours_.use_gateways(routes.gateways(), routes.uplinks().watched(), now);
    generation_ = generation;
}

unsigned Core::take_punted(unsigned worker, Tick now) {
    std::array<rte_mbuf*, kPuntsPerTurn> packets;
    const unsigned count = params_.workers[worker].punt->take(packets);
    counters_.count[Count::Taken].add(count);
    // Whoever finds no memory has let go of the packet before, or passed it on.
    for (rte_mbuf* mbuf : std::span(packets).first(count))
        attempt([&] { take(mbuf, worker, now); });
    return count;
}

void Core::take(rte_mbuf* mbuf, unsigned worker, Tick now) {
    if (!is_active_)  // punted before the worker knew
        return outbox_.drop(mbuf, Drop::Standby);
    switch (link::note_of(mbuf).punt) {
        case Punt::Arp:
            twins_.hear_arp(mbuf, now);
            return neighbours_.take_arp(mbuf, worker, now);
        case Punt::Unresolved:
            return neighbours_.take_unresolved(mbuf, worker, now);
        case Punt::Source:
            return neighbours_.take_stranger(mbuf, now);
        case Punt::Local:
            return twins_.take_local(mbuf, now);
        case Punt::None:
            break;
    }
    assert(false);
}

void Core::stop() {
    neighbours_.stop(Drop::Shutdown);
    for (const WorkerRings& worker : params_.workers) {
        std::array<rte_mbuf*, kPuntsPerTurn> packets;
        while (const unsigned count = worker.punt->take(packets)) {
            counters_.count[Count::Taken].add(count);
            for (rte_mbuf* mbuf : std::span(packets).first(count))
                outbox_.drop(mbuf, Drop::Shutdown);
        }
    }
}

}  // namespace sluice::control
