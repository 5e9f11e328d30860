// SPDX-License-Identifier: BSD-3-Clause
#include "nat/nat.h"

#include "nat/translate.h"

#include <algorithm>

namespace sluice::nat {
namespace {

using stats::Count;
using stats::Drop;

/// How often a claim may be lost to another worker before the packet is given up. Each loss means
/// that somebody else has opened a flow, so this bounds the work of one packet, nothing more.
constexpr unsigned kClaims = 4;

Opening refused(Drop reason) {
    return {Opening::Outcome::Refused, {}, reason};
}

}  // namespace

Nat::Nat(const NatParams& params, flow::Member& member, stats::Counters& counters, uint8_t worker)
    : params_(params),
      member_(member),
      counters_(counters),
      worker_(worker),
      ports_(
          {params.table, params.leases, params.exhaustion, params.changed_ports, params.steering},
          counters, worker) {}

void Nat::prepare(unsigned count) {
    const unsigned room = std::min<unsigned>(count, flow::kMaxBulk - spare_count_);
    spare_count_ += member_.take(std::span(spare_).subspan(spare_count_, room));
}

void Nat::finish() {
    if (spare_count_ == 0)
        return;
    member_.give_back(std::span(spare_).first(spare_count_));
    spare_count_ = 0;
}

Opening Nat::open(const net::Tuple& original, const conntrack::Segment& segment, Tick now) {
    const conntrack::Verdict verdict = conntrack::open(params_.tuning, segment);
    if (verdict.action == conntrack::Action::Refuse)
        return refused(verdict.reason);
    // An earlier packet of the same burst may have opened it.
    if (const flow::FlowRef flow = params_.table.find(original, now))
        return {Opening::Outcome::Existed, flow, {}};

    for (unsigned claim = 0; claim < kClaims; ++claim) {
        if (!has_spare())
            return refused(Drop::TableFull);
        const auto [reply, reason] = choose(original, now);
        if (!reply)
            return refused(reason);

        const uint32_t index = spare_[--spare_count_];
        flow::FlowRecord& record = params_.table.record(index);
        fill(record, original, *reply, verdict, now);
        conntrack::begin(params_.tuning, segment, conntrack::TrackerMemory(record.tracker));

        const flow::Insertion insertion = member_.insert(index, now);
        counters_.count[Count::FlowsExpired].add(insertion.expired);
        switch (insertion.outcome) {
            case flow::InsertOutcome::Inserted:
                params_.table.deadlines().set(index, now, now + verdict.timeout);
                counters_.count[Count::FlowsOpened].add(1);
                ports_.opened(original, *reply);
                if (reply->destination == original.source)
                    counters_.count[Count::FlowsUntranslated].add(1);
                return {Opening::Outcome::Opened, {index, net::Direction::Original}, {}};
            case flow::InsertOutcome::OriginalTaken:
                counters_.count[Count::OpenLost].add(1);
                return {Opening::Outcome::Existed, insertion.holder, {}};
            case flow::InsertOutcome::NoSpace:
                return refused(Drop::TableFull);
            case flow::InsertOutcome::ReplyTaken:
                break;  // Between the look and the claim; look for another port.
        }
    }
    return refused(net::is_by_address(original.protocol) ? Drop::AddressesExhausted
                                                         : Drop::PortsUnsearched);
}

void Nat::fill(flow::FlowRecord& record, const net::Tuple& original, const net::Tuple& reply,
               const conntrack::Verdict& verdict, Tick now) const {
    record.tuple = {original, reply};
    record.owner = worker_;
    record.sides = {};
    record.rewrite = rewrite_of(record.tuple);
    record.hops = {};
    record.opened = now;
    // relaxed: nobody sees the record before insert() publishes it.
    record.state.store(verdict.state.bits(), std::memory_order_relaxed);
    record.status.store(verdict.status, std::memory_order_relaxed);
    record.deadline.store(now + verdict.timeout, std::memory_order_relaxed);
}

Chosen Nat::choose(const net::Tuple& original, Tick now) {
    const Rule* rule = params_.rules.find(original.source);
    if (rule == nullptr)
        return {{}, Drop::ForeignSource};
    if (!rule->translates())
        return {original.reversed(), {}};
    return ports_.choose(original, *rule->pool, now);
}

Tracking Nat::track(flow::FlowRef ref, const conntrack::Segment& segment, Tick now) {
    flow::FlowRecord& record = params_.table.record(ref);
    const flow::LifeWord life = record.life.load(std::memory_order_relaxed);
    const conntrack::ProtocolState state(record.state.load(std::memory_order_relaxed));
    const uint8_t status = record.status.load(std::memory_order_relaxed);

    const Tick before = record.deadline.load(std::memory_order_relaxed);

    const conntrack::Verdict verdict =
        conntrack::track(params_.tuning, {state, status, now - record.opened, before - now},
                         ref.direction(), segment, conntrack::TrackerMemory(record.tracker));
    if (verdict.action == conntrack::Action::Reopen ||
        verdict.action == conntrack::Action::Delete) {
        if (member_.kill(ref.index(), life))
            counters_.count[Count::FlowsClosed].add(1);
        return {verdict.action, {}};
    }
    // relaxed: only the owner writes these, and who else reads them (lists) wants no more than each
    // value by itself. Stores are left out where nothing changes, to keep the line unshared.
    if (verdict.state != state)
        record.state.store(verdict.state.bits(), std::memory_order_relaxed);
    if (verdict.status != status)
        record.status.store(verdict.status, std::memory_order_relaxed);
    if (verdict.refresh) {
        const Tick deadline = now + verdict.timeout;
        record.deadline.store(deadline, std::memory_order_relaxed);
        // Ageing looks within kLongestCheck in any case; for less it would come too late.
        if (verdict.timeout < flow::kLongestCheck && before.is_after(deadline))
            params_.table.deadlines().set(ref.index(), now, deadline);
    }
    return {verdict.action, verdict.reason};
}

}  // namespace sluice::nat
