// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Holdings: which of a cluster's public addresses this gateway may use, and until when; and by
/// what next hop the gateways are reached that have the others.
///
/// Shape    For each address whether it is held, or another's, and whose then; and one moment for
///          all. One that is none of the cluster's is nobody else's.
///          Flows may go by an address that is held no more. As long as they may, workers look at
///          each packet; whoever has ended them says so by settle().
/// Units    The moment is nanoseconds of the steady clock; a MAC is a word (net/mac.h).
/// Threads  All that changes it is one thread's, but for settle(), which is one other's; the
///          questions are anybody's, and take no lock: each answer is a word of its own. Who reads
///          of an address that it is not held, and then a next hop, may read that of another owner
///          than the one of that moment. So he would by a lock, for the owner may change while the
///          packet is on its way: whoever gets it holds it against his own holdings.
/// Memory   At construction.
/// Cost     has() is a subtraction and a byte where the addresses are contiguous, else a search;
///          is_member() kMostMembers loads.

#include "base/big_endian.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sluice::pool {

class Holdings {
public:
    /// None of them is held. They ascend, none is there twice, and there is one at least.
    explicit Holdings(std::vector<Be32> addresses)
        : addresses_(std::move(addresses)),
          held_(addresses_.size()),
          others_(addresses_.size()),
          owners_(addresses_.size()) {}
    Holdings(const Holdings&) = delete;

    const std::vector<Be32>& addresses() const { return addresses_; }

    /// It is held, or none of the cluster's.
    bool has(Be32 address) const {
        const size_t index = index_of(address);
        return index == addresses_.size() || is_held(index);
    }
    bool is_held(size_t index) const {
        // relaxed: it stands alone. Who gives an address away waits for workers that have not
        // seen it yet (cluster::Timing::margin).
        return held_[index].load(std::memory_order_relaxed);
    }
    /// Another gateway has it; not so where it is nobody's, or nobody knows.
    bool is_others(size_t index) const { return others_[index].load(std::memory_order_relaxed); }
    /// It is one of the cluster's, and held.
    bool is_ours(Be32 address) const {
        const size_t index = index_of(address);
        return index != addresses_.size() && is_held(index);
    }
    /// It is one of the cluster's, not held, and no other gateway keeps it for itself.
    bool is_coming(Be32 address) const {
        const size_t index = index_of(address);
        return index != addresses_.size() && !is_held(index) && !is_others(index);
    }
    /// No flow is to be kept by it.
    bool is_lost(Be32 address) const {
        const size_t index = index_of(address);
        return index != addresses_.size() && !is_held(index) && is_others(index);
    }
    /// Nothing is to be used from then on.
    std::chrono::nanoseconds until() const {
        // acquire: with the release in extend(), who sees a moment that was moved on sees what was
        // given away before it.
        return std::chrono::nanoseconds(until_.load(std::memory_order_acquire));
    }
    bool may_use(std::chrono::nanoseconds now) const { return now < until(); }

    /// Another one, whenever what is_held() or is_others() says of some address has changed.
    uint32_t edition() const {
        // acquire: with the release in hold(), what has changed is seen with it.
        return edition_.load(std::memory_order_acquire);
    }
    /// No flow goes by an address that is not held.
    bool is_settled() const {
        // relaxed: it stands alone, and a worker that is late to see it looks at more than it must.
        return settled_.load(std::memory_order_relaxed) == edition();
    }
    /// Those that went by one when that was the edition() have ended, and none has opened since.
    void settle(uint32_t edition) { settled_.store(edition, std::memory_order_relaxed); }

    /// Likewise that address, which is held, or none of the cluster's.
    bool may_use(Be32 address, std::chrono::nanoseconds now) const {
        const size_t index = index_of(address);
        return index == addresses_.size() || (is_held(index) && may_use(now));
    }

    /// Where the gateway that has this address is on the inside network; nothing where it is this
    /// one's, nobody's, none of the cluster's, or nobody knows.
    std::optional<Be32> owner_of(Be32 address) const {
        const size_t index = index_of(address);
        return index == addresses_.size() ? std::nullopt : owner_at(index);
    }
    std::optional<Be32> owner_at(size_t index) const {
        // acquire: with the release in be_owned_at(), so that who sees an owner sees all members
        // that were known before.
        const Be32 owner{owners_[index].load(std::memory_order_acquire)};
        return owner == Be32{} ? std::nullopt : std::optional(owner);
    }
    /// Another gateway of the cluster sends from this MAC. To be asked after owner_of(): whoever
    /// is seen to own something is seen to be a member then.
    bool is_member(uint64_t mac) const {
        // relaxed: they stand alone; owner_at() orders them.
        return std::ranges::any_of(members_, [mac](const std::atomic<uint64_t>& member) {
            return member.load(std::memory_order_relaxed) == (mac | kIsThere);
        });
    }

    void hold(size_t index, bool is_held) {
        held_[index].store(is_held, std::memory_order_relaxed);
        edition_.fetch_add(1, std::memory_order_release);
    }
    void leave_to_other(size_t index, bool is_others) {
        others_[index].store(is_others, std::memory_order_relaxed);
        edition_.fetch_add(1, std::memory_order_release);
    }
    /// Nothing: no gateway is known to be reached for it. None is named whose MAC is not known.
    void be_owned_at(size_t index, std::optional<Be32> owner) {
        owners_[index].store(owner.value_or(Be32{}).raw, std::memory_order_release);
    }
    /// False where there are kMostMembers already. What is known stays at its place.
    bool add_member(uint64_t mac) {
        if (is_member(mac))
            return true;
        const auto free = std::ranges::find_if(members_, [](const std::atomic<uint64_t>& member) {
            return member.load(std::memory_order_relaxed) == 0;
        });
        if (free == members_.end())
            return false;
        free->store(mac | kIsThere, std::memory_order_relaxed);
        return true;
    }
    /// Forgets all others; none of them is an owner any more.
    void keep_members(std::span<const uint64_t> macs) {
        for (std::atomic<uint64_t>& member : members_)
            if (const uint64_t mac = member.load(std::memory_order_relaxed) & ~kIsThere;
                std::ranges::find(macs, mac) == macs.end())
                member.store(0, std::memory_order_relaxed);
    }

    void extend(std::chrono::nanoseconds until) {
        until_.store(until.count(), std::memory_order_release);
    }

    static constexpr size_t kMostMembers = 64;

private:
    static constexpr uint64_t kIsThere = uint64_t{1} << 63;  // beside the MAC: 0 is one, too

    /// Behind the last one where it is none of them.
    size_t index_of(Be32 address) const {
        const uint64_t offset = uint64_t{address.host()} - addresses_.front().host();
        if (offset < addresses_.size() && addresses_[offset] == address)
            return offset;
        const auto found = std::lower_bound(addresses_.begin(), addresses_.end(), address);
        const bool is_there = found != addresses_.end() && *found == address;
        return is_there ? static_cast<size_t>(found - addresses_.begin()) : addresses_.size();
    }

    std::vector<Be32> addresses_;
    std::vector<std::atomic<bool>> held_;
    std::vector<std::atomic<bool>> others_;
    std::vector<std::atomic<uint32_t>> owners_;                  // as Be32; 0: none
    std::array<std::atomic<uint64_t>, kMostMembers> members_{};  // 0: nobody
    std::atomic<uint32_t> edition_{1};
    std::atomic<uint32_t> settled_{0};
    std::atomic<int64_t> until_{INT64_MIN};
};

/// Without a cluster every address is this gateway's.
inline bool is_usable(const Holdings* holdings, Be32 address) {
    return holdings == nullptr || holdings->has(address);
}

}  // namespace sluice::pool
