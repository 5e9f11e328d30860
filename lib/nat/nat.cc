// SPDX-License-Identifier: BSD-3-Clause
#include "nat/nat.h"

#include "nat/translate.h"

#include <algorithm>

namespace sluice::nat {
namespace {

using stats::Count;
using stats::Drop;

/// Ports tried in each leased block before the search goes wider.
constexpr unsigned kProbesPerBlock = 16;

/// How often a claim may be lost to another worker before the packet is given up. Each loss means
/// that somebody else has opened a flow, so this bounds the work of one packet, nothing more.
constexpr unsigned kClaims = 4;

Opening refused(Drop reason) {
    return {Opening::Outcome::Refused, {}, reason};
}

/// What there is none of when no reply tuple is free.
Drop exhausted(net::Protocol protocol) {
    return net::is_by_address(protocol) ? Drop::AddressesExhausted : Drop::PortsExhausted;
}

}  // namespace

Nat::Nat(const NatParams& params, flow::Member& member, stats::Counters& counters, uint8_t worker)
    : params_(params), member_(member), counters_(counters), worker_(worker) {}

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
        const auto reply = choose(original, now);
        if (!reply)
            return refused(exhausted(original.protocol));

        const uint32_t index = spare_[--spare_count_];
        flow::FlowRecord& record = params_.table.record(index);
        fill(record, original, *reply, verdict, now);
        conntrack::begin(params_.tuning, segment, conntrack::TrackerMemory(record.tracker));

        const flow::Insertion insertion = member_.insert(index, now);
        switch (insertion.outcome) {
            case flow::InsertOutcome::Inserted:
                params_.table.deadlines().set(index, now, now + verdict.timeout);
                counters_.count[Count::FlowsOpened].add(1);
                if (reply->destination_port != original.source_port)
                    counters_.count[Count::PortChanged].add(1);
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
    return refused(exhausted(original.protocol));
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
    record.state.store(static_cast<uint8_t>(verdict.state), std::memory_order_relaxed);
    record.status.store(verdict.status, std::memory_order_relaxed);
    record.deadline.store(now + verdict.timeout, std::memory_order_relaxed);
}

std::optional<net::Tuple> Nat::choose(const net::Tuple& original, Tick now) {
    probes_ = 0;
    net::Tuple reply = original.reversed();
    const Rule* rule = params_.rules.find(original.source);
    if (rule == nullptr)
        return std::nullopt;
    if (!rule->translates())
        return reply;
    const pool::AddressPool& pool = *rule->pool;
    std::optional<pool::Choice> choice = pool.first(original.source);
    bool found = false;
    while (choice && !found && probes_ < kMaxProbes) {
        reply.destination = pool.address(choice->index);
        reply.destination_port = original.source_port;
        found = choose_port(reply, pool, choice->index, now);
        choice = pool.next(original.source, *choice);
    }
    counters_.count[Count::PortProbes].add(probes_);
    return found ? std::optional(reply) : std::nullopt;
}

/// The packet's own port, then one of the leased blocks, then any of its range.
bool Nat::choose_port(net::Tuple& reply, const pool::AddressPool& pool, uint32_t address,
                      Tick now) {
    if (net::is_by_address(reply.protocol))
        return is_free(reply, now);  // one inside host for each address and destination
    const uint16_t own = reply.destination_port.host();
    if (pool.ports().contains(own) && is_free(reply, now))
        return true;

    const pool::PortRange range = pool::search_range(reply.protocol, own, pool.ports());
    if (range == pool::leased_ports(pool.ports())) {
        const pool::Blocks blocks = params_.leases.blocks(worker_, pool.slot(address));
        for (unsigned i = 0; i < blocks.count; ++i)
            if (try_range(reply, blocks.range[i], kProbesPerBlock, now))
                return true;
        params_.leases.missed(worker_, pool.slot(address));
    }
    // Half of what is left, so that the host's next address gets its turn.
    return try_range(reply, range, (kMaxProbes - probes_ + 1) / 2, now);
}

bool Nat::try_range(net::Tuple& reply, pool::PortRange range, unsigned limit, Tick now) {
    const uint32_t start = random() % range.size();
    const uint32_t count = std::min({uint32_t{limit}, range.size(), kMaxProbes - probes_});
    for (uint32_t i = 0; i < count; ++i) {
        reply.destination_port = Be16::from_host(range.at(start, i));
        if (is_free(reply, now))
            return true;
    }
    return false;
}

bool Nat::is_free(const net::Tuple& reply, Tick now) {
    ++probes_;
    return !params_.table.find(reply, now);
}

Tracking Nat::track(flow::FlowRef ref, const conntrack::Segment& segment, Tick now) {
    flow::FlowRecord& record = params_.table.record(ref);
    const flow::LifeWord life = record.life.load(std::memory_order_relaxed);
    const auto state =
        static_cast<conntrack::TcpState>(record.state.load(std::memory_order_relaxed));
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
        record.state.store(static_cast<uint8_t>(verdict.state), std::memory_order_relaxed);
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

/// The table's keyed hash in counter mode: who sees the ports of the past cannot foretell the next
/// (RFC 6056 §3.3.1).
uint32_t Nat::random() {
    ++draws_;
    net::Tuple block;
    block.unused[0] = 1;  // which no packet's tuple has
    block.source.raw = static_cast<uint32_t>(draws_);
    block.destination.raw = static_cast<uint32_t>(draws_ >> 32);
    block.source_port.raw = worker_;
    return params_.table.hash(block);
}

}  // namespace sluice::nat
