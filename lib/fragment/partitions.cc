// SPDX-License-Identifier: BSD-3-Clause
#include "fragment/partitions.h"

#include "base/bits.h"

#include <algorithm>
#include <numeric>

namespace sluice::fragment {
namespace {

/// Of all, those for ICMP: one of so many, where there are several.
constexpr uint32_t kIcmpPart = 8;

/// With 0 bytes nothing waits, so there need be no room for it.
uint32_t partitions_for(const Limits& limits) {
    const uint32_t by_datagrams = limits.datagrams / kLeastDatagrams;
    const uint32_t by_bytes =
        limits.bytes == 0 ? kMostPartitions : limits.bytes / kLeastPartitionBytes;
    return std::clamp(std::min(by_datagrams, by_bytes), uint32_t{1}, kMostPartitions);
}

}  // namespace

Partitions::Partitions(const Limits& limits, Discards& discards) : timeout_(limits.timeout) {
    const uint32_t count = partitions_for(limits);
    Limits part = limits;
    part.datagrams /= count;
    part.bytes /= count;
    partitions_.reserve(count);
    for (uint32_t i = 0; i < count; ++i)
        partitions_.emplace_back(part, discards);
    for_icmp_ = count == 1 ? 0 : std::max(count / kIcmpPart, uint32_t{1});
}

uint32_t Partitions::partition_of(const Fragment& fragment) const {
    if (for_icmp_ == 0)
        return 0;
    return fragment.key.protocol == net::Protocol::Icmp
               ? fragment.sender % for_icmp_
               : for_icmp_ + fragment.sender % (count() - for_icmp_);
}

Arrival Partitions::arrive(const Fragment& fragment, Tick now) {
    const uint32_t partition = partition_of(fragment);
    used_ |= uint64_t{1} << partition;
    partitions_[partition].set_timeout(timeout_);
    Arrival arrival = partitions_[partition].arrive(fragment, now);
    arrival.datagram |= partition << kPartitionShift;
    return arrival;
}

bool Partitions::knows(const Fragment& fragment) const {
    return partitions_[partition_of(fragment)].knows(fragment);
}

void Partitions::expire(Tick now) {
    for (const unsigned i : SetBits{used_}) {
        partitions_[i].expire(now);
        if (partitions_[i].size() == 0)
            used_ &= ~(uint64_t{1} << i);
    }
}

void Partitions::clear(stats::Drop reason) {
    for (Datagrams& partition : partitions_)
        partition.clear(reason);
    used_ = 0;
}

uint32_t Partitions::kept() const {
    return std::accumulate(
        partitions_.begin(), partitions_.end(), uint32_t{0},
        [](uint32_t sum, const Datagrams& partition) { return sum + partition.kept(); });
}

uint64_t Partitions::evicted() const {
    return std::accumulate(
        partitions_.begin(), partitions_.end(), uint64_t{0},
        [](uint64_t sum, const Datagrams& partition) { return sum + partition.evicted(); });
}

}  // namespace sluice::fragment
