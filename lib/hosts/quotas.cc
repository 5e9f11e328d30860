// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/quotas.h"

#include <algorithm>
#include <string>

namespace sluice::hosts {
namespace {

static_assert(kDoors <= 1U << (32 - kHostBits));

/// Counts one more, up to `most`; false when there are as many.
bool count(std::atomic<uint32_t>& flows, uint32_t most) {
    uint32_t seen = flows.load(std::memory_order_relaxed);
    do {
        if (most != 0 && seen >= most)
            return false;
    } while (!flows.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed));
    return true;
}

/// So many are no longer there in a moment.
bool is_full(const std::atomic<uint32_t>& flows, uint32_t most, uint32_t ended) {
    return most != 0 && int64_t{flows.load(std::memory_order_relaxed)} - ended >= int64_t{most};
}

size_t charge_bytes(uint32_t flows) {
    return size_t{flows} * sizeof(uint32_t);
}

}  // namespace

std::array<size_t, 2> Quotas::bytes_needed(const QuotaParams& params) {
    return {charge_bytes(params.flows), HostTable::bytes_needed(params.prefixes, 0)};
}

Result<std::unique_ptr<Quotas>> Quotas::create(const QuotaParams& params, HostTable& hosts) {
    auto prefixes = HostTable::create({.capacity = params.prefixes,
                                       .flows = 0,
                                       .pages = params.pages,
                                       .numa_node = params.numa_node,
                                       .secret = params.secret});
    if (!prefixes)
        return prefixes.error();
    auto pages = Pages::map(charge_bytes(params.flows), params.pages, params.numa_node);
    if (!pages)
        return Error{"quotas of " + std::to_string(params.flows) +
                     " flows: " + pages.error().message};
    std::unique_ptr<Quotas> quotas(new Quotas(hosts));
    quotas->prefixes_ = std::move(prefixes).value();
    quotas->pages_ = std::move(pages.value());
    quotas->charges_ = {reinterpret_cast<std::atomic<uint32_t>*>(quotas->pages_.memory().data()),
                        params.flows};
    return quotas;
}

Charged Quotas::charge(const QuotaRequest& request, Tick now) {
    Charge charge;
    if (request.door != kNoDoor) {
        if (const Refusal refusal = enter_door(request, now); refusal != Refusal::None)
            return {refusal};
        charge.door = request.door;
    }
    if (!request.prefix)
        return {Refusal::None, charge};
    // relaxed: publishing the flow's record releases it to whoever ends the flow.
    if (!has_counted_prefixes_.load(std::memory_order_relaxed))
        has_counted_prefixes_.store(true, std::memory_order_relaxed);
    const Counted admitted = prefixes_->enter(*request.prefix, {request.most_of_prefix}, now);
    if (admitted.answer != Answer::Admitted) {
        leave_door(charge.door);
        return {Refusal::Prefix};
    }
    charge.prefix = admitted.host;
    return {Refusal::None, charge};
}

Refusal Quotas::enter_door(const QuotaRequest& request, Tick now) {
    Door& all = doors_[kNoDoor];
    Door& door = doors_[request.door];
    if (!count(all.flows, request.most_inward))
        return Refusal::Inward;
    Refusal refusal = Refusal::Door;
    if (count(door.flows, request.of_door.flows)) {
        if (pace(door.rate, request.of_door.new_per_second, now))
            return Refusal::None;
        refusal = Refusal::DoorRate;
        door.flows.fetch_sub(1, std::memory_order_relaxed);
    }
    all.flows.fetch_sub(1, std::memory_order_relaxed);
    return refusal;
}

Refusal Quotas::would_charge(const QuotaRequest& request, Tick now,
                             std::span<const uint32_t> ended) const {
    const auto less = [&](auto&& counts) {
        return static_cast<uint32_t>(
            std::ranges::count_if(ended, [&](uint32_t flow) { return counts(of(flow)); }));
    };
    if (request.door != kNoDoor) {
        const Door& door = doors_[request.door];
        const auto is_by_any = [](const Charge& charge) { return charge.door != kNoDoor; };
        const auto is_by_it = [&](const Charge& charge) { return charge.door == request.door; };
        if (is_full(doors_[kNoDoor].flows, request.most_inward, less(is_by_any)))
            return Refusal::Inward;
        if (is_full(door.flows, request.of_door.flows, less(is_by_it)))
            return Refusal::Door;
        const Rate rate = Rate::read(door.rate.load(std::memory_order_relaxed));
        if (rate.at(second_of(now)).is_above(request.of_door.new_per_second))
            return Refusal::DoorRate;
    }
    if (!request.prefix || request.most_of_prefix == 0)
        return Refusal::None;
    const uint32_t most = request.most_of_prefix + less([&](const Charge& charge) {
                              return is_of(charge.prefix, *request.prefix, now);
                          });
    return prefixes_->would_admit(*request.prefix, {most, 0}, now) == Answer::Admitted
               ? Refusal::None
               : Refusal::Prefix;
}

bool Quotas::uses(uint32_t flow, const UsedUp& what, Tick now) const {
    const Charge charge = of(flow);
    if (what.prefix)
        return is_of(charge.prefix, *what.prefix, now);
    return charge.door != kNoDoor && (what.door == kNoDoor || charge.door == what.door);
}

bool Quotas::is_of(HostIndex prefix, net::InsideAddress wanted, Tick now) const {
    bool is_it = false;
    if (prefix != kNoHost)
        prefixes_->for_each(prefix - 1, prefix, now, [&](const Host& host) {
            is_it = host.address == wanted.address && host.zone == wanted.zone;
        });
    return is_it;
}

void Quotas::leave_door(uint16_t door) {
    if (door == kNoDoor)
        return;
    doors_[door].flows.fetch_sub(1, std::memory_order_relaxed);
    doors_[kNoDoor].flows.fetch_sub(1, std::memory_order_relaxed);
}

void Quotas::give_back(const Charge& charge) {
    leave_door(charge.door);
    if (charge.prefix != kNoHost)
        prefixes_->leave(charge.prefix);
}

Charge Quotas::of(uint32_t flow) const {
    const uint32_t word = charges_[flow].load(std::memory_order_relaxed);
    return {static_cast<uint16_t>(word >> kHostBits), word & kMostHosts};
}

void Quotas::ended(uint32_t flow, flow::FlowRecord& record) {
    hosts_.ended(flow, record);
    if (record.kind() != flow::Kind::Flow)
        return;
    // Most flows are from inside and of no prefix that counts: then the word is not even read.
    if (record.sides.enter(net::Direction::Original) == net::Side::Outside ||
        has_counted_prefixes_.load(std::memory_order_relaxed))
        give_back(of(flow));
}

}  // namespace sluice::hosts
