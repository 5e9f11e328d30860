// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/ipv6_peers.h"

#include "flow/flow_record.h"

#include <algorithm>
#include <utility>

namespace sluice::gateway {

Result<std::unique_ptr<Ipv6Peers>> Ipv6Peers::create(const nat64::NumbersParams& params,
                                                     flow::FlowTable& table) {
    auto numbers = nat64::Numbers::create(params);
    if (!numbers)
        return numbers.error();
    return std::unique_ptr<Ipv6Peers>(
        new Ipv6Peers(params.plan.network(), table, std::move(numbers).value()));
}

void Ipv6Peers::turn(Tick now) {
    walk(now);
    numbers_->turn(now, table_.grace(), [&](uint32_t number) { return is_used(number, now); });
}

/// The records that are this turn's.
void Ipv6Peers::walk(Tick now) {
    if (!walked_)
        begin_walk(now);
    const Duration gone = walked_ ? now - *walked_ : Duration{};
    walked_ = now;
    const auto share = static_cast<uint64_t>(std::clamp(gone.milliseconds, 0, kWalk.milliseconds));
    const uint64_t whole = static_cast<uint64_t>(kWalk.milliseconds);
    walk_on(static_cast<uint32_t>((table_.capacity() * share + whole - 1) / whole), now);
}

void Ipv6Peers::walk_on(uint32_t records, Tick now) {
    const uint32_t end = position_ + std::min(records, table_.capacity() - position_);
    table_.for_each_live(position_, end,
                         [&](uint32_t, const flow::FlowRecord& record) { mark(record, seen_); });
    position_ = end;
    if (position_ != table_.capacity())
        return;
    std::swap(seen_, used_);
    used_at_ = began_;
    ++walks_;
    begin_walk(now);
}

void Ipv6Peers::begin_walk(Tick now) {
    std::fill(seen_.begin(), seen_.end(), false);
    began_ = now;
    position_ = 0;
}

void Ipv6Peers::mark(const flow::FlowRecord& record, std::vector<bool>& marks) const {
    // Where the first packet goes, or whence it comes, if it was foretold.
    const net::Tuple& original = record.key(net::Direction::Original);
    for (const Be32 peer : {original.source, original.destination})
        if (network_.contains(peer))
            marks[place_of(peer)] = true;
}

void Ipv6Peers::note(const flow::FlowRecord& flow) {
    mark(flow, seen_);
    mark(flow, used_);
}

/// The walk that turn() has begun gives way; what it still does helps this one on.
bool Ipv6Peers::recount(uint32_t records, Tick now) {
    if (!recounts_) {
        begin_walk(now);
        recounts_ = walks_;
    }
    if (*recounts_ == walks_)
        walk_on(records, now);
    if (*recounts_ == walks_)
        return false;
    recounts_.reset();
    return true;
}

bool Ipv6Peers::is_used(uint32_t number, Tick now) const {
    return !used_at_ || now - *used_at_ > kStale || used_[number];
}

}  // namespace sluice::gateway
