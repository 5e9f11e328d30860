// SPDX-License-Identifier: BSD-3-Clause
#include "observe/tap.h"

#include "base/bits.h"
#include "observe/frame.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace sluice::observe {

using net::Direction;
using stats::Drop;

namespace {

/// relaxed: the owner's thread reads what it has written itself; the control core, what is there.
uint8_t state_of(const flow::FlowRecord& record) {
    return record.state.load(std::memory_order_relaxed);
}

bool matches(const nat64::TupleFilter& filter, const flow::FlowRecord& record) {
    return filter.matches(record.key(Direction::Original), record.key(Direction::Reply));
}

std::span<const uint8_t> first_segment(const rte_mbuf* mbuf) {
    return {rte_pktmbuf_mtod(mbuf, const uint8_t*), mbuf->data_len};
}

/// What has been told of a packet as it came goes on; null: nothing has.
void say_dropped(PacketEntry* begun, Drop reason) {
    if (begun == nullptr)
        return;
    begun->outcome = Outcome::Dropped;
    begun->reason = reason;
}

/// Of an entry of what stays IPv6, which is as it leaves now.
void note_mapped(PacketEntry& entry, const rte_mbuf* mbuf) {
    if (const auto seen = entry.is_ipv6 ? read_ipv6(first_segment(mbuf)) : std::nullopt) {
        entry.is_mapped = true;
        entry.mapped = seen->ends;
    }
}

void say_sent(PacketEntry* begun, const rte_mbuf* mbuf, uint16_t to) {
    if (begun == nullptr)
        return;
    begun->to = to;
    std::memcpy(begun->next_mac.data(), rte_pktmbuf_mtod(mbuf, const void*),
                begun->next_mac.size());
    note_mapped(*begun, mbuf);
}

}  // namespace

bool Tap::look(Tick now) {
    now_ = now;
    count_ = 0;
    for (size_t place = 0; place < kMostWatches; ++place)
        if (Watch* const watch = watches_.at(place))
            watching_[count_++] = watch;
    return is_on();
}

void Tap::publish() {
    for (size_t w = 0; w < count_; ++w)
        watching_[w]->rings[thread_].publish();
    count_ = 0;
    take_up({});
}

void Tap::take_up(const InHand& in_hand) {
    in_hand_ = in_hand;
    are_translated_ = false;
    hint_ = 0;
    time_ = 0;
    known_ = tracked_ = fresh_ = passed_over_ = rewritten_ = 0;
    kept_ = entered_ = std::exchange(carried_, 0);
    for (size_t w = 0; w < count_; ++w)
        std::fill_n(begun_[w].begin(), in_hand.count, nullptr);
}

void Tap::take_up_translated() {
    take_up({});
    are_translated_ = true;
}

void Tap::begin_tracking(unsigned i, flow::FlowRef flow) {
    known_ |= uint64_t{1} << i;
    state_before_[i] = flow ? state_of(table_.record(flow.index())) : uint8_t{0};
}

void Tap::end_tracking(unsigned i, bool is_new) {
    const flow::FlowRef flow = in_hand_.flow[i];
    tracked_ |= uint64_t{1} << i;
    fresh_ |= uint64_t{is_new} << i;
    state_after_[i] = flow ? state_of(table_.record(flow.index())) : uint8_t{0};
}

/// Packets leave roughly in the order in which they came.
unsigned Tap::find(const rte_mbuf* mbuf) {
    for (unsigned n = 0, i = hint_; n < in_hand_.count; ++n, ++i) {
        i = i < in_hand_.count ? i : 0;
        if (in_hand_.mbuf[i] != mbuf)
            continue;
        hint_ = i + 1;
        return i;
    }
    return kNotInHand;
}

/// Nothing also for a packet that has a flow's tuple and comes from where that does not.
flow::FlowRef Tap::flow_of(unsigned i) const {
    if (!is(known_, i) || !in_hand_.flow[i])
        return {};
    const flow::FlowRef flow = in_hand_.flow[i];
    const net::Sides sides = table_.record(flow.index()).sides;
    return sides.enter(flow.direction()) == in_hand_.side[i] ? flow : flow::FlowRef();
}

void Tap::describe_flow(PacketEntry& entry, flow::FlowRef flow) const {
    const flow::FlowRecord& record = table_.record(flow.index());
    entry.has_flow = true;
    entry.flow = record.tuple;
    entry.direction = flow.direction();
    entry.state_before = entry.state_after = state_of(record);
    entry.status = record.status.load(std::memory_order_relaxed);
}

/// What stays IPv6 has no tuple, nor has what ends before it is IPv4.
void Tap::describe_ends(PacketEntry& entry, std::span<const uint8_t> frame, uint16_t by,
                        bool is_ipv4_within) const {
    const bool leaves = entry.way == Way::Out;
    auto tuple = tuple_of(frame);
    if (!tuple && is_ipv4_within)  // as IPv6: it is none between both edges
        tuple = tuple_of_ipv6(frame, watches_.naming());
    entry.has_tuple = tuple.has_value();
    if (tuple) {
        tuple->zone = watches_.zone_of(by);
        entry.tuple = *tuple;
    } else if (const auto seen = read_ipv6(frame); seen && !(leaves && seen->is_discovery)) {
        entry.is_ipv6 = true;
        entry.ipv6 = seen->ends;
        entry.tuple = seen->rest;
    }
}

/// All but the outcome. `i` is kNotInHand for a frame of which no more is known than it says, and
/// the interface `by` which it goes that way.
PacketEntry Tap::describe(const rte_mbuf* mbuf, unsigned i, Way way, uint16_t by) {
    if (time_ == 0)
        time_ = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    const bool is_as_kept = way == Way::In && is(rewritten_ | kept_, i) && head_[i].size != 0;
    const std::span<const uint8_t> frame = is_as_kept ? head_[i].frame() : first_segment(mbuf);
    PacketEntry entry;
    entry.way = way;
    entry.thread = thread_;
    entry.time = time_ + (i == kNotInHand ? 0 : i);
    entry.length = is_as_kept ? head_[i].length : mbuf->pkt_len;
    const bool comes = way == Way::In && i != kNotInHand;
    describe_ends(entry, frame, comes ? in_hand_.from[i] : by, way == Way::Out || is(entered_, i));
    if (i != kNotInHand) {
        entry.from = in_hand_.from[i];
        entry.was_handed_over = in_hand_.handed_over;
        entry.is_new = is(fresh_, i);
        if (const flow::FlowRef flow = flow_of(i)) {
            describe_flow(entry, flow);
            entry.state_before = entry.is_new ? uint8_t{0} : state_before_[i];
            if (is(tracked_, i))
                entry.state_after = state_after_[i];
        }
    } else if (are_translated_) {
        entry.is_translated = way == Way::In;
        // It leaves as the reverse of what its flow's other direction comes by.
        const auto flow =
            entry.has_tuple ? table_.find(entry.tuple.reversed(), now_) : flow::FlowRef();
        if (flow)
            describe_flow(entry, {flow.index(), opposite(flow.direction())});
    }
    return entry;
}

/// Null where there is no room. `head` stands for the beginning of the frame, if there is one.
PacketEntry* Tap::write(size_t watch, PacketEntry told, const rte_mbuf* mbuf, const Head* head) {
    const uint32_t wanted = std::min(told.length, watching_[watch]->wish.snaplen);
    PacketEntry* const entry = watching_[watch]->rings[thread_].reserve(wanted);
    if (entry == nullptr)
        return nullptr;
    told.bytes = entry->bytes;
    const std::span out{entry->frame_bytes(), wanted};
    uint32_t kept = 0;
    uint32_t skipped = 0;
    if (head != nullptr) {
        kept = std::min(head->size, wanted);
        std::memcpy(out.data(), head->bytes.data(), kept);
        // It has grown at its beginning alone, by a tag, or shrunk by what IPv4 has less.
        const uint32_t length = head->length - head->shrunk;
        skipped = kept - std::min(kept, head->shrunk) + std::max(mbuf->pkt_len, length) - length;
    }
    told.captured = kept + copy_frame(mbuf, skipped, out.subspan(kept));
    *entry = told;
    return entry;
}

void Tap::keep(unsigned i) {
    kept_ |= uint64_t{1} << i;
    head_[i].copy(in_hand_.mbuf[i]);
}

/// Heads move down, in order.
void Tap::carry(unsigned i, unsigned to) {
    if (i != to)
        head_[to] = head_[i];
    head_[to].compare(in_hand_.mbuf[i]);
    carried_ |= uint64_t{1} << to;
}

void Tap::Head::copy(const rte_mbuf* mbuf) {
    size = copy_frame(mbuf, 0, bytes);
    length = mbuf->pkt_len;
    shrunk = 0;
}

/// Padding behind a datagram is not of it, and may have gone.
void Tap::Head::compare(const rte_mbuf* become) {
    const uint32_t before = datagram_bytes(frame());
    shrunk = before - std::min(before, datagram_bytes(first_segment(become)));
}

void Tap::put_off(const rte_mbuf* mbuf) {
    const unsigned i = find(mbuf);
    for (size_t w = 0; w < count_ && i != kNotInHand; ++w)
        if (PacketEntry* const entry = begun_[w][i])
            entry->outcome = Outcome::Void;
}

void Tap::rewrite(uint64_t packets) {
    for (unsigned i : SetBits{packets})
        rewrite(i);
}

void Tap::rewrite(unsigned i) {
    const rte_mbuf* const mbuf = in_hand_.mbuf[i];
    const flow::FlowRef flow = flow_of(i);
    const bool is_kept = is(kept_, i);
    rewritten_ |= uint64_t{1} << i;
    if (!is_kept)
        head_[i].size = 0;
    bool is_described = false;
    PacketEntry entry;
    for (size_t w = 0; w < count_; ++w) {
        const Wish& wish = watching_[w]->wish;
        // What no one asks for is not described.
        if (wish.which == Which::Leaving ||
            (flow && !matches(wish.filter, table_.record(flow.index()))))
            continue;
        if (!is_described)
            entry = describe(mbuf, i, Way::In);
        is_described = true;
        if (!wish.matches(entry))
            continue;
        if (wish.wants_coming()) {
            begun_[w][i] = write(w, entry, mbuf, is_kept ? &head_[i] : nullptr);
        } else if (head_[i].size == 0) {
            head_[i].copy(mbuf);
        }
    }
}

void Tap::answer(unsigned i) {
    rewrite(i);
    for (size_t w = 0; w < count_; ++w)
        if (PacketEntry* const entry = begun_[w][i])
            entry->outcome = Outcome::Answered;
}

void Tap::follow(const rte_mbuf* mbuf, uint16_t from) {
    if (const unsigned i = find(mbuf); i != kNotInHand)
        return rewrite(i);
    PacketEntry entry = describe(mbuf, kNotInHand, Way::In, from);
    entry.from = from;
    for (size_t w = 0; w < count_; ++w)
        if (watching_[w]->wish.wants_coming() && watching_[w]->wish.matches(entry))
            write(w, entry, mbuf, nullptr);
}

void Tap::drop(const rte_mbuf* mbuf, Drop reason, uint16_t to) {
    const unsigned i = find(mbuf);
    if (is(passed_over_, i))
        return;
    const bool is_rewritten = is(rewritten_, i);
    PacketEntry entry = describe(mbuf, i, Way::In, are_translated_ ? to : kNowhere);
    entry.outcome = Outcome::Dropped;
    entry.reason = reason;
    for (size_t w = 0; w < count_; ++w) {
        const Wish& wish = watching_[w]->wish;
        if (is_rewritten && wish.wants_coming())  // told already, or lost
            say_dropped(begun_[w][i], reason);
        else if (wish.wants_drop(reason) && wish.matches(entry))
            write(w, entry, mbuf, is_rewritten || is(entered_, i) ? &head_[i] : nullptr);
    }
}

void Tap::hand_up(const rte_mbuf* mbuf) {
    const unsigned i = find(mbuf);
    PacketEntry entry = describe(mbuf, i, Way::In);
    entry.outcome = Outcome::Consumed;
    for (size_t w = 0; w < count_; ++w)
        if (watching_[w]->wish.wants_coming() && watching_[w]->wish.matches(entry))
            write(w, entry, mbuf, is(entered_, i) ? &head_[i] : nullptr);
}

void Tap::wait(const rte_mbuf* mbuf, uint16_t to, Be32 next_hop) {
    const unsigned i = find(mbuf);
    for (size_t w = 0; w < count_ && i != kNotInHand; ++w)
        if (PacketEntry* const entry = begun_[w][i]) {
            entry->outcome = Outcome::Waiting;
            entry->to = to;
            entry->next_hop = next_hop;
            note_mapped(*entry, mbuf);
        }
}

bool Tap::sees(std::span<rte_mbuf* const> packets) {
    const auto is_passed_over = [this](const rte_mbuf* mbuf) {
        return is(passed_over_, find(mbuf));
    };
    // Nearly always none of those in hand concerns anybody, and these are of them.
    if (passed_over_ != 0 && passed_over_ == low_bits(in_hand_.count))
        return false;
    return passed_over_ == 0 || !std::all_of(packets.begin(), packets.end(), is_passed_over);
}

void Tap::leave(std::span<rte_mbuf* const> packets, std::span<const uint16_t> to) {
    for (size_t k = 0; k < packets.size(); ++k) {
        const unsigned i = find(packets[k]);
        for (size_t w = 0; w < count_; ++w) {
            leaving_[w][k] = nullptr;
            if (is(passed_over_, i))
                continue;
            say_sent(i == kNotInHand ? nullptr : begun_[w][i], packets[k], to[k]);
            if (watching_[w]->wish.wants_leaving())
                leaving_[w][k] = tell_leaving(w, packets[k], i, to[k]);
        }
    }
    leaving_count_ = packets.size();
}

PacketEntry* Tap::tell_leaving(size_t watch, const rte_mbuf* mbuf, unsigned i, uint16_t to) {
    PacketEntry entry = describe(mbuf, i, Way::Out, to);
    entry.to = to;
    return watching_[watch]->wish.matches(entry) ? write(watch, entry, mbuf, nullptr) : nullptr;
}

void Tap::left(size_t sent) {
    for (size_t k = sent; k < leaving_count_; ++k)
        for (size_t w = 0; w < count_; ++w)
            if (PacketEntry* const entry = leaving_[w][k])
                entry->outcome = Outcome::Void;
}

}  // namespace sluice::observe
