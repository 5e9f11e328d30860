// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/host_table.h"

#include "conntrack/status.h"

#include <algorithm>
#include <bit>
#include <string>

namespace sluice::hosts {
namespace {

constexpr uint64_t kAnswered = uint64_t{1} << 31;
constexpr uint32_t kGone = uint32_t{kAnswered} - 1;  // in the place of the number of flows

/// A flow with one of these is half-open no longer.
constexpr uint8_t kNotHalfOpen = conntrack::kSeenReply | conntrack::kAssured | conntrack::kEnded;

constexpr uint64_t held_by(Be32 address, uint32_t flows) {
    return uint64_t{address.raw} << 32 | flows;
}
constexpr uint32_t flows_of(uint64_t held) {
    return static_cast<uint32_t>(held) & kGone;
}
constexpr Be32 address_of(uint64_t held) {
    return Be32{static_cast<uint32_t>(held >> 32)};
}

// The link word of an entry: its zone, and the next entry of its chain.
static_assert(net::kZones <= uint32_t{1} << (32 - kHostBits));

constexpr uint32_t link_of(uint16_t zone, HostIndex next) {
    return uint32_t{zone} << kHostBits | next;
}
constexpr uint16_t zone_of(uint32_t link) {
    return static_cast<uint16_t>(link >> kHostBits);
}
constexpr HostIndex next_of(uint32_t link) {
    return link & kMostHosts;
}

/// A host with these flows, so many of them inward, has as many of its own as it may. Signed: a
/// flow from outside may be counted here and there at different moments.
bool has_all(uint64_t held, uint32_t inward, uint32_t most) {
    return most != 0 && int64_t{flows_of(held)} - inward >= int64_t{most};
}

uint32_t heads_for(uint32_t capacity) {
    return std::bit_ceil(capacity);
}

enum class Joined : uint8_t { Counted, Full, Gone };

/// Counts one more flow of a host, up to `most` of its own where that is not 0.
template <typename Entry>
Joined join_entry(Entry& entry, uint32_t most) {
    uint64_t held = entry.held.load(std::memory_order_relaxed);
    do {
        if (flows_of(held) == kGone)
            return Joined::Gone;
        if (has_all(held, entry.inward.load(std::memory_order_relaxed), most))
            return Joined::Full;
    } while (!entry.held.compare_exchange_weak(held, held + 1, std::memory_order_acq_rel,
                                               std::memory_order_relaxed));
    return Joined::Counted;
}

/// It has as many flows as it may.
template <typename Entry>
Counted refused(Entry& entry, HostIndex host) {
    entry.refused.fetch_add(1, std::memory_order_relaxed);
    return {Answer::TooManyFlows, host};
}

}  // namespace

uint32_t capacity_for(uint64_t addresses, uint32_t flows) {
    return static_cast<uint32_t>(
        std::clamp<uint64_t>(std::min<uint64_t>(addresses, flows), 1, kMostHosts));
}

size_t HostTable::bytes_needed(uint32_t capacity, uint32_t flows) {
    const size_t words = size_t{capacity} + heads_for(capacity) + flows;
    return capacity * sizeof(Entry) + words * sizeof(uint32_t);
}

Result<std::unique_ptr<HostTable>> HostTable::create(const HostTableParams& params) {
    if (params.capacity == 0 || params.capacity > kMostHosts)
        return Error{"a table of " + std::to_string(params.capacity) + " hosts: must be 1 to " +
                     std::to_string(kMostHosts)};
    auto pages =
        Pages::map(bytes_needed(params.capacity, params.flows), params.pages, params.numa_node);
    if (!pages)
        return Error{"table of " + std::to_string(params.capacity) +
                     " hosts: " + pages.error().message};

    std::unique_ptr<HostTable> table(new HostTable);
    table->pages_ = std::move(pages.value());
    std::byte* const memory = table->pages_.memory().data();
    table->entries_ = {reinterpret_cast<Entry*>(memory), params.capacity};
    auto* words =
        reinterpret_cast<std::atomic<uint32_t>*>(memory + params.capacity * sizeof(Entry));
    table->heads_ = {{words, heads_for(params.capacity)}, params.secret};
    words += heads_for(params.capacity);
    table->free_.fill({words, params.capacity});
    table->host_of_ = {words + params.capacity, params.flows};
    for (Entry& entry : table->entries_)
        entry.held.store(held_by({}, kGone), std::memory_order_relaxed);
    return table;
}

/// Whoever walks a chain is a member, and so no entry of it becomes another host's meanwhile: its
/// zone, unlike its word, is that of the walk's end too.
HostIndex HostTable::find(HostIndex first, net::InsideAddress wanted) const {
    for (HostIndex host = first; host != kNoHost;) {
        const uint64_t held = entry(host).held.load(std::memory_order_relaxed);
        const uint32_t link = entry(host).link.load(std::memory_order_acquire);
        if (address_of(held) == wanted.address && zone_of(link) == wanted.zone &&
            flows_of(held) != kGone)
            return host;
        host = next_of(link);
    }
    return kNoHost;
}

std::optional<uint32_t> HostTable::flow_count(net::InsideAddress wanted) const {
    const HostIndex host = find(heads_.of(hash(wanted)).load(std::memory_order_acquire), wanted);
    if (host == kNoHost)
        return std::nullopt;
    // relaxed: a number that stands alone. One that has just gone has none.
    return flows_of(entry(host).held.load(std::memory_order_relaxed)) % kGone;
}

/// Counts one more flow of a host that may have `most` of its own (0: any number).
HostTable::Place HostTable::join(net::InsideAddress wanted, uint64_t hash, uint32_t most,
                                 const First& first) {
    for (;;) {
        const Found found = find_or_add(wanted, hash, first);
        if (found.host == kNoHost || found.is_new)
            return {found.host, true, found.is_new};
        const Joined joined = join_entry(entry(found.host), most);
        if (joined != Joined::Gone)  // else it went a moment ago: look again
            return {found.host, joined == Joined::Counted, false};
    }
}

/// The host's entry, which may have gone again when the caller comes to it; or a new one, of which
/// the caller's flow is the first. An entry has that flow from before it is in its chain, so that
/// turn(), which comes to entries by their position, cannot end what is not in a chain yet.
HostTable::Found HostTable::find_or_add(net::InsideAddress wanted, uint64_t hash,
                                        const First& first_flow) {
    std::atomic<uint32_t>& top = heads_.of(hash);
    HostIndex first = top.load(std::memory_order_acquire);
    if (const HostIndex host = find(first, wanted); host != kNoHost)
        return {host, false};

    uint32_t index = 0;
    if (free_.take({&index, 1}) == 0)
        return {kNoHost, false};
    const HostIndex added = index + 1;
    Entry& entry = entries_[index];
    entry.rate.store(first_flow.rate.bits(), std::memory_order_relaxed);
    entry.half_open.store(first_flow.half_open, std::memory_order_relaxed);
    entry.refused.store(0, std::memory_order_relaxed);
    // Release: a list that sees the new zone no longer sees the word of the use before.
    entry.link.store(link_of(wanted.zone, kNoHost), std::memory_order_release);
    // Release: a list that comes by position and sees the flow sees the rest. Who comes through the
    // chain sees all of it by the swap below.
    entry.held.store(held_by(wanted.address, 1), std::memory_order_release);
    do {
        if (const HostIndex host = find(first, wanted); host != kNoHost) {
            // In no chain, so nobody can be reading it there: it may be used at once.
            entry.held.store(held_by({}, kGone), std::memory_order_relaxed);
            flow::Chain chain;
            free_.append(chain, index);
            free_.put(chain);
            return {host, false};
        }
        entry.link.store(link_of(wanted.zone, first), std::memory_order_relaxed);
    } while (!top.compare_exchange_strong(first, added, std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    return {added, true};
}

Counted HostTable::admit(net::InsideAddress host, const Limits& limits, Tick now,
                         std::optional<uint64_t> hash) {
    const Place place =
        join(host, hash ? *hash : this->hash(host), limits.flows, {{second_of(now), 1, 0}, 1});
    if (!place.is_counted)
        return refused(entry(place.host), place.host);
    if (place.host == kNoHost || place.is_new)
        return {Answer::Admitted, place.host};
    Entry& entry = this->entry(place.host);
    if (!pace(entry.rate, limits.new_per_second, now)) {
        entry.refused.fetch_add(1, std::memory_order_relaxed);
        leave(place.host);  // the last that is done to the entry, which may end now
        return {Answer::TooFast, place.host};
    }
    entry.half_open.fetch_add(1, std::memory_order_relaxed);
    return {Answer::Admitted, place.host};
}

Counted HostTable::enter(net::InsideAddress host, const Limits& limits, Tick now) {
    const Place place = join(host, hash(host), limits.flows, {{second_of(now), 0, 0}, 0});
    return place.is_counted ? Counted{Answer::Admitted, place.host}
                            : refused(entry(place.host), place.host);
}

Answer HostTable::would_admit(net::InsideAddress host, const Limits& limits, Tick now) const {
    const HostIndex index = find(heads_.of(hash(host)).load(std::memory_order_acquire), host);
    if (index == kNoHost)
        return Answer::Admitted;
    const Entry& entry = this->entry(index);
    // relaxed: each word stands alone, as in admit().
    if (has_all(entry.held.load(std::memory_order_relaxed),
                entry.inward.load(std::memory_order_relaxed), limits.flows))
        return Answer::TooManyFlows;
    const Rate rate = Rate::read(entry.rate.load(std::memory_order_relaxed));
    return rate.at(second_of(now)).is_above(limits.new_per_second) ? Answer::TooFast
                                                                   : Answer::Admitted;
}

Counted HostTable::admit_freely(net::InsideAddress host, net::Sides sides, Tick now,
                                uint8_t status) {
    const HostIndex index = join(host, hash(host), 0, {{second_of(now), 0, 0}, 0}).host;
    if (index == kNoHost)
        return {};
    Entry& entry = this->entry(index);
    if ((status & kNotHalfOpen) == 0)
        entry.half_open.fetch_add(1, std::memory_order_relaxed);
    if ((status & conntrack::kSeenReply) != 0)
        entry.held.fetch_or(kAnswered, std::memory_order_relaxed);
    if (sides.enter(net::Direction::Original) == net::Side::Outside)
        entry.inward.fetch_add(1, std::memory_order_relaxed);
    return {Answer::Admitted, index};
}

void HostTable::withdraw(HostIndex host, net::Sides sides) {
    if (host == kNoHost)
        return;
    entry(host).half_open.fetch_sub(1, std::memory_order_relaxed);
    leave(host, sides);
}

/// Release: turn() sees all that was done to the entry when it sees no flows.
void HostTable::leave(HostIndex host, net::Sides sides) {
    if (sides.enter(net::Direction::Original) == net::Side::Outside)
        entry(host).inward.fetch_sub(1, std::memory_order_relaxed);
    entry(host).held.fetch_sub(1, std::memory_order_release);
}

// The status is relaxed: all that change it, change it by read-modify-writes, and those of one word
// have one order. It decides who counts, nothing else.

void HostTable::add_status(uint32_t flow, flow::FlowRecord& record, uint8_t bits) {
    const uint8_t before = record.status.fetch_or(bits, std::memory_order_relaxed);
    if ((bits & kNotHalfOpen) != 0)
        leave_half_open(flow, before);
    const HostIndex host = host_of(flow);
    // Most hosts are, so most often the word is only read.
    if ((bits & ~before & conntrack::kSeenReply) != 0 && host != kNoHost &&
        !standing_of(host).is_answered)
        entry(host).held.fetch_or(kAnswered, std::memory_order_relaxed);
}

bool HostTable::condemn(uint32_t flow, flow::FlowRecord& record, uint8_t protecting) {
    const uint8_t before = record.status.fetch_or(conntrack::kEnded, std::memory_order_relaxed);
    if ((before & protecting) == 0) {
        leave_half_open(flow, before);
        return true;
    }
    // Half-open no longer since it was answered or assured, so kEnded has told nobody anything.
    if ((before & conntrack::kEnded) == 0)
        record.status.fetch_and(static_cast<uint8_t>(~conntrack::kEnded),
                                std::memory_order_relaxed);
    return false;
}

void HostTable::ended(uint32_t flow, flow::FlowRecord& record) {
    if (record.kind() == flow::Kind::Block)
        return;
    if (record.kind() == flow::Kind::Flow)
        leave_half_open(flow, record.status.fetch_or(conntrack::kEnded, std::memory_order_relaxed));
    if (const HostIndex host = host_of(flow); host != kNoHost)
        leave(host, record.sides);
}

/// The first to answer, to assure or to end a flow takes it from the half-open ones.
void HostTable::leave_half_open(uint32_t flow, uint8_t before) {
    const HostIndex host = host_of(flow);
    if ((before & kNotHalfOpen) == 0 && host != kNoHost)
        entry(host).half_open.fetch_sub(1, std::memory_order_relaxed);
}

uint32_t HostTable::half_open(HostIndex host) const {
    return host == kNoHost ? 0 : entry(host).half_open.load(std::memory_order_relaxed);
}

Standing HostTable::standing_of(HostIndex host) const {
    if (host == kNoHost)
        return {};
    const Entry& entry = this->entry(host);
    const uint32_t half_open = entry.half_open.load(std::memory_order_relaxed);
    const uint32_t inward = entry.inward.load(std::memory_order_relaxed);
    return {half_open - std::min(half_open, inward),
            (entry.held.load(std::memory_order_relaxed) & kAnswered) != 0};
}

std::optional<Host> HostTable::read(uint32_t index, Tick now) const {
    const Entry& entry = entries_[index];
    // Acquire: the rest is of this use of the entry, or of a later one.
    const uint64_t held = entry.held.load(std::memory_order_acquire);
    if (flows_of(held) == 0 || flows_of(held) == kGone)
        return std::nullopt;
    // Acquire: where the zone is a later use's, so is the word behind it.
    const uint16_t zone = zone_of(entry.link.load(std::memory_order_acquire));
    if (address_of(entry.held.load(std::memory_order_relaxed)) != address_of(held))
        return std::nullopt;
    const Rate rate = Rate::read(entry.rate.load(std::memory_order_relaxed));
    return Host{.index = index + 1,
                .address = address_of(held),
                .zone = zone,
                .flows = flows_of(held),
                .half_open = entry.half_open.load(std::memory_order_relaxed),
                .rate = rate.at(second_of(now)).before,
                .refused = entry.refused.load(std::memory_order_relaxed)};
}

void HostTable::turn(Tick now, Grace& grace) {
    gone_.turn(grace, [this](const flow::Chain& chain) { free_.put(chain); });
    for (uint32_t rest = sweep_.due(capacity(), now); rest > 0; --rest) {
        end_idle(position_ + 1, now);
        position_ = position_ + 1 == entries_.size() ? 0 : position_ + 1;
    }
}

/// Ends the entry of a host that has no flows, and opened none in this second or the last. Of one
/// that stays it forgets how fast it was.
void HostTable::end_idle(HostIndex host, Tick now) {
    Entry& entry = this->entry(host);
    // Acquire: what was done to the entry before its last flow left it.
    uint64_t held = entry.held.load(std::memory_order_acquire);
    if (flows_of(held) == kGone)
        return;
    if (flows_of(held) != 0)
        return forget_past(entry.rate, now);
    const uint32_t second = second_of(now);
    const Rate last = Rate::read(entry.rate.load(std::memory_order_relaxed));
    const Rate rate = last.at(second);
    const bool is_fresh = last.second == second || rate.before != 0;
    if (!is_fresh && entry.held.compare_exchange_strong(held, held_by(address_of(held), kGone),
                                                        std::memory_order_acquire))
        take_out(host);
}

/// Takes an entry out of its chain, which others may be walking, or adding to.
void HostTable::take_out(HostIndex host) {
    Entry& entry = this->entry(host);
    const uint32_t link = entry.link.load(std::memory_order_relaxed);
    const HostIndex next = next_of(link);
    std::atomic<uint32_t>& top =
        heads_.of(hash({address_of(entry.held.load(std::memory_order_relaxed)), zone_of(link)}));
    HostIndex first = host;
    if (!top.compare_exchange_strong(first, next, std::memory_order_acq_rel,
                                     std::memory_order_acquire)) {
        // Behind the head nobody else writes.
        std::atomic<uint32_t>* before = &this->entry(first).link;
        uint32_t seen = before->load(std::memory_order_acquire);
        while (next_of(seen) != host) {
            before = &this->entry(next_of(seen)).link;
            seen = before->load(std::memory_order_acquire);
        }
        before->store(link_of(zone_of(seen), next), std::memory_order_release);
    }
    free_.append(gone_.fresh(), host - 1);
}

}  // namespace sluice::hosts
