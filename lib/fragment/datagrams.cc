// SPDX-License-Identifier: BSD-3-Clause
#include "fragment/datagrams.h"

#include <rte_ip.h>

#include <algorithm>
#include <bit>

namespace sluice::fragment {
namespace {

using stats::Drop;

Arrival dropped(Drop reason) {
    return {.fate = Fate::Dropped, .reason = reason};
}

}  // namespace

net::Tuple key_of(const net::Packet& packet, net::Side from, uint16_t zone) {
    net::Tuple key;
    key.source.raw = packet.ip->src_addr;
    key.destination.raw = packet.ip->dst_addr;
    key.source_port.raw = packet.ip->packet_id;
    key.protocol = net::Protocol{packet.ip->next_proto_id};
    key.kind = static_cast<uint8_t>(index(from));
    key.zone = zone;
    return key;
}

Datagrams::Datagrams(const Limits& limits, Discards& discards)
    : limits_(limits),
      discards_(discards),
      entries_(std::max(limits.datagrams, kLeastDatagrams)),
      places_(limits.bytes / kLeastPacketBytes),
      buckets_(std::bit_ceil(entries_.size()), kNone) {
    for (uint32_t i = static_cast<uint32_t>(entries_.size()); i-- > 0;) {
        entries_[i].next_of_bucket = free_entry_;
        free_entry_ = i;
    }
    for (uint32_t i = static_cast<uint32_t>(places_.size()); i-- > 0;) {
        places_[i].next = free_place_;
        free_place_ = i;
    }
}

Arrival Datagrams::arrive(const Fragment& fragment, Tick now) {
    Index datagram = find(fragment);
    if (datagram == kNone)
        datagram = begin(fragment, now);
    if (datagram == kNone)
        return dropped(Drop::FragmentBudget);

    Entry& entry = entries_[datagram];
    if (entry.is_spoiled)
        return dropped(entry.reason);
    const Fit fit = entry.pieces.add(fragment.piece);
    switch (fit) {
        case Fit::Overlap:
            return spoil(datagram, Drop::FragmentOverlap, now);
        case Fit::TooMany:
            return spoil(datagram, Drop::FragmentPieces, now);
        case Fit::Duplicate:  // what is under way may be sent twice
            if (entry.state != State::Open)
                return dropped(Drop::FragmentDuplicate);
            break;
        case Fit::New:
            break;
    }
    Arrival arrival = join(datagram, fragment, now);
    if (fit == Fit::Duplicate)  // and passes all the same
        arrival.reason = Drop::FragmentDuplicate;
    return arrival;
}

/// What becomes of a piece that fits.
Arrival Datagrams::join(Index datagram, const Fragment& fragment, Tick now) {
    Entry& entry = entries_[datagram];
    const bool is_first = fragment.piece.is_first();
    const bool has_total = entry.pieces.total().has_value();
    if (is_first && (has_total || !fragment.needs_total))
        return lead(datagram, fragment.packet, now);
    if (!is_first && entry.state == State::Open)
        return {.fate = Fate::Follows, .datagram = datagram};

    if (!keep(datagram, fragment))
        return spoil(datagram, Drop::FragmentBudget, now);
    if (is_first) {
        entry.lead_waits = true;
        move_to(datagram, State::Waiting, now);
    } else if (entry.lead_waits && has_total) {
        return lead(datagram, take_kept(datagram), now);
    }
    return {.fate = Fate::Kept, .datagram = datagram};
}

Arrival Datagrams::lead(Index datagram, rte_mbuf* packet, Tick now) {
    entries_[datagram].lead_waits = false;
    move_to(datagram, State::Led, now);
    return {.fate = Fate::Leads,
            .datagram = datagram,
            .packet = packet,
            .total = entries_[datagram].pieces.total()};
}

void Datagrams::open(Index datagram, const Way& way, Tick now) {
    entries_[datagram].worker.reset();
    entries_[datagram].way = way;
    finish_lead(datagram, now);
}

void Datagrams::hand_to(Index datagram, uint8_t worker, Tick now) {
    entries_[datagram].worker = worker;
    finish_lead(datagram, now);
}

void Datagrams::refuse(Index datagram, Drop reason, Tick now) {
    spoil(datagram, reason, now);
    finish_lead(datagram, now);
}

/// The end of Led. What was spoiled meanwhile stays so.
void Datagrams::finish_lead(Index datagram, Tick now) {
    move_to(datagram, entries_[datagram].is_spoiled ? State::Refused : State::Open, now);
}

/// Nothing more of this datagram is to pass, but for the first fragment if it leads already.
Arrival Datagrams::spoil(Index datagram, Drop reason, Tick now) {
    Entry& entry = entries_[datagram];
    entry.is_spoiled = true;
    entry.reason = reason;
    discard_kept(datagram, reason);
    if (entry.state != State::Led)
        move_to(datagram, State::Refused, now);
    return dropped(reason);
}

rte_mbuf* Datagrams::take_kept(Index datagram) {
    Entry& entry = entries_[datagram];
    const uint32_t taken = entry.kept;
    if (taken == kNone)
        return nullptr;
    Place& place = places_[taken];
    entry.kept = place.next;
    place.next = free_place_;
    free_place_ = taken;
    --kept_;
    memory_ -= place.memory;
    return place.packet;
}

void Datagrams::passed(Index datagram) {
    const Entry& entry = entries_[datagram];
    if (entry.state == State::Open && entry.kept == kNone && entry.pieces.is_complete())
        forget(datagram);
}

void Datagrams::expire(Tick now) {
    for (const List& list : lists_)
        while (list.first != kNone && !entries_[list.first].deadline.is_after(now)) {
            const Index datagram = list.first;
            discard_kept(datagram, Drop::FragmentTimeout);
            forget(datagram);
        }
}

void Datagrams::clear(Drop reason) {
    for (const List& list : lists_)
        while (list.first != kNone) {
            discard_kept(list.first, reason);
            forget(list.first);
        }
}

Index Datagrams::find(const Fragment& fragment) const {
    Index i = buckets_[fragment.hash & (buckets_.size() - 1)];
    while (i != kNone && !(entries_[i].hash == fragment.hash && entries_[i].key == fragment.key))
        i = entries_[i].next_of_bucket;
    return i;
}

/// A new entry, or kNone when there is none that could give way.
Index Datagrams::begin(const Fragment& fragment, Tick now) {
    if (free_entry_ == kNone && !evict_oldest())
        return kNone;
    const Index datagram = free_entry_;
    Entry& entry = entries_[datagram];
    free_entry_ = entry.next_of_bucket;
    entry = {};
    entry.key = fragment.key;
    entry.hash = fragment.hash;
    entry.next_of_bucket = bucket(fragment.hash);
    bucket(fragment.hash) = datagram;
    ++size_;
    move_to(datagram, State::Waiting, now);
    return datagram;
}

/// Keeps a packet, behind those of lower offset.
bool Datagrams::keep(Index datagram, const Fragment& fragment) {
    if (!make_room(datagram, fragment.memory))
        return false;
    const uint32_t taken = free_place_;
    Place& place = places_[taken];
    free_place_ = place.next;
    uint32_t* link = &entries_[datagram].kept;
    while (*link != kNone && places_[*link].offset < fragment.piece.offset)
        link = &places_[*link].next;
    place = {fragment.packet, fragment.memory, *link, fragment.piece.offset};
    *link = taken;
    ++kept_;
    memory_ += fragment.memory;
    return true;
}

/// Other datagrams that wait for their first fragment give way, oldest first.
bool Datagrams::make_room(Index datagram, uint32_t memory) {
    while (free_place_ == kNone || memory_ + memory > limits_.bytes) {
        Index oldest = lists_[index(State::Waiting)].first;
        if (oldest == datagram)
            oldest = entries_[oldest].next;
        if (oldest == kNone)
            return false;
        evict(oldest);
    }
    return true;
}

bool Datagrams::evict_oldest() {
    for (const List& list : lists_)
        if (list.first != kNone) {
            evict(list.first);
            return true;
        }
    return false;
}

void Datagrams::evict(Index datagram) {
    ++evicted_;
    discard_kept(datagram, Drop::FragmentBudget);
    forget(datagram);
}

void Datagrams::discard_kept(Index datagram, Drop reason) {
    while (rte_mbuf* packet = take_kept(datagram))
        discards_.discard(packet, reason);
}

void Datagrams::forget(Index datagram) {
    unlink(datagram);
    entries_[datagram].state = State::Free;
    uint32_t* link = &bucket(entries_[datagram].hash);
    while (*link != datagram)
        link = &entries_[*link].next_of_bucket;
    *link = entries_[datagram].next_of_bucket;
    entries_[datagram].next_of_bucket = free_entry_;
    free_entry_ = datagram;
    --size_;
}

/// In a list a datagram has the whole timeout before it, so the newest always goes behind.
void Datagrams::move_to(Index datagram, State state, Tick now) {
    unlink(datagram);
    entries_[datagram].state = state;
    entries_[datagram].deadline = now + limits_.timeout;
    append(datagram);
}

void Datagrams::append(Index datagram) {
    Entry& entry = entries_[datagram];
    if (index(entry.state) >= kLists)
        return;
    List& list = lists_[index(entry.state)];
    entry.previous = list.last;
    entry.next = kNone;
    (list.last == kNone ? list.first : entries_[list.last].next) = datagram;
    list.last = datagram;
}

void Datagrams::unlink(Index datagram) {
    const Entry& entry = entries_[datagram];
    if (index(entry.state) >= kLists)
        return;
    List& list = lists_[index(entry.state)];
    (entry.previous == kNone ? list.first : entries_[entry.previous].next) = entry.next;
    (entry.next == kNone ? list.last : entries_[entry.next].previous) = entry.previous;
}

}  // namespace sluice::fragment
