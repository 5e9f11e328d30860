// SPDX-License-Identifier: BSD-3-Clause
#include "worker/tracking.h"

#include "net/gre.h"

#include <array>
#include <span>

namespace sluice::worker {

using stats::Drop;

namespace {

/// The tuples of some packets, close together.
void look_up(const flow::FlowTable& flows, Burst& burst, uint64_t packets, Tick now) {
    std::array<net::Tuple, kBurstSize> tuple;
    std::array<flow::FlowRef, kBurstSize> flow;
    unsigned count = 0;
    for (unsigned i : SetBits{packets})
        tuple[count++] = burst.tuple[i];
    flows.find_bulk(std::span(tuple).first(count), now, std::span(flow).first(count));
    count = 0;
    for (unsigned i : SetBits{packets})
        burst.flow[i] = flow[count++];
}

bool is_alive(const flow::FlowRecord& record) {
    // relaxed: the record was reached through the table, and is not reused this turn.
    return record.life.load(std::memory_order_relaxed).life() == flow::Life::Live;
}

}  // namespace

void Tracking::lookup(Burst& burst, Tick now) {
    uint64_t unguessed = 0;
    for (unsigned i : burst.live_packets())
        if (burst.is_guessed(i))
            burst.flow[i] = parts_.table.confirm(burst.guesses, i, burst.tuple[i], now);
        else
            unguessed |= uint64_t{1} << i;
    if (unguessed != 0)
        look_up(parts_.table, burst, unguessed, now);
    for (unsigned i : SetBits{burst.live & ~burst.errors}) {
        const flow::FlowRef flow = burst.flow[i];
        if (!flow ||
            !belongs(parts_.table.record(flow), flow.direction(), burst.side[i], burst.packet[i]))
            burst.misses |= uint64_t{1} << i;
    }
}

/// One packet after the other, as if each had come alone: whatever the lookup of all of them has
/// found, those before it may have opened its flow since, or ended it.
void Tracking::track_all(Burst& burst, Tick now) {
    if (!parts_.tenure.is_settled()) [[unlikely]] {
        for (unsigned i : burst.live_packets())
            if (may_be_call(burst, i))
                name_call(burst, i, now);
        parts_.tenure.give_up_others(burst, parts_.table, parts_.owners, parts_.egress, now);
    }
    if (parts_.table.accounts().is_on())
        track_each<true>(burst, now);
    else
        track_each<false>(burst, now);
    parts_.own_flows.finish();
}

template <bool kCounts>
void Tracking::track_each(Burst& burst, Tick now) {
    for (unsigned i : burst.live_packets()) {
        if ((burst.errors >> i & 1) != 0) {
            if (parts_.handover.bring_error_home(burst, i, now))
                parts_.icmp_relay.relay(burst, i, now);
            continue;
        }
        if (may_be_call(burst, i))
            name_call(burst, i, now);
        const bool is_met =
            (burst.misses >> i & 1) == 0 && is_alive(parts_.table.record(burst.flow[i]));
        if (is_met
                ? parts_.handover.is_own(burst.flow[i]) || parts_.handover.bring_home(burst, i, now)
                : parts_.openings.meet(burst, i, now))
            track_one<kCounts>(burst, i, now);
    }
}

/// Where it may be of a call, a packet of GRE goes by that, if it is known now: those before it in
/// the burst may have begun calls, and ended some.
void Tracking::name_call(Burst& burst, unsigned i, Tick now) {
    const net::Tuple addresses = net::by_addresses(burst.tuple[i]);
    const net::Tuple name = calls_.name(burst.packet[i], addresses, burst.side[i], now);
    if (name == burst.tuple[i])
        return;
    const uint64_t bit = uint64_t{1} << i;
    burst.tuple[i] = name;
    burst.foreseen &= ~bit;  // what its flow was to be
    burst.flow[i] = parts_.table.find(name, now);
    const bool is_met =
        burst.flow[i] && belongs(parts_.table.record(burst.flow[i]), burst.flow[i].direction(),
                                 burst.side[i], burst.packet[i]);
    burst.misses = is_met ? burst.misses & ~bit : burst.misses | bit;
}

/// Likewise, with the states that each packet finds its flow in and leaves it in.
void Tracking::track_watched(Burst& burst, Tick now) {
    const uint64_t live = burst.live;
    uint64_t left = 0;
    for (unsigned i : SetBits{live}) {
        if (may_be_call(burst, i))
            name_call(burst, i, now);
        const bool is_met = (burst.misses >> i & 1) == 0;
        // Those before it in the burst may have opened its flow.
        parts_.tap.begin_tracking(i,
                                  is_met ? burst.flow[i] : parts_.table.find(burst.tuple[i], now));
        burst.live = uint64_t{1} << i;
        track_all(burst, now);
        parts_.tap.end_tracking(i, burst.fresh >> i & 1);
        left |= burst.live;
    }
    burst.live = left;
}

template <bool kCounts>
void Tracking::track_one(Burst& burst, unsigned i, Tick now) {
    if (helping_.is_on() && helping_.helps(burst.flow[i]))
        helping_.before_tracking({burst.mbuf[i], burst.packet[i], burst.flow[i]});
    const nat::Tracking tracking =
        kCounts ? parts_.own_flows.track_and_count(burst.flow[i], burst.segment(i), now,
                                                   burst.packet[i].length)
                : parts_.own_flows.track(burst.flow[i], burst.segment(i), now);
    if (kCounts && tracking.action == conntrack::Action::Pass && !tracking.is_counted)
        burst.uncounted |= uint64_t{1} << i;
    if (tracking.action == conntrack::Action::Refuse) {
        if (tracking.reason == Drop::RstChallenged)
            parts_.answers.challenge(burst, i, helping_.question_to_sender(burst.flow[i]), now);
        parts_.answers.refuse(burst, i, tracking.reason, now);
    } else if (tracking.action == conntrack::Action::Reopen) {
        parts_.openings.open(burst, i, now);
    } else if (tracking.action == conntrack::Action::Pass && helping_.is_on()) {
        helping_.hear_calls({burst.mbuf[i], burst.packet[i], burst.flow[i]}, now);
    }
}

void Tracking::help(Burst& burst, Tick now) {
    if (!helping_.is_on())
        return;
    for (unsigned i : burst.live_packets()) {
        if (!helping_.helps(burst.flow[i]))
            continue;
        const auto reason =
            helping_.after_tracking({burst.mbuf[i], burst.packet[i], burst.flow[i]}, now);
        if (reason)
            parts_.egress.drop(burst.take(i), *reason);
    }
}

}  // namespace sluice::worker
