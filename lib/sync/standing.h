// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Standing: which of a pair this gateway is, and what it knows of the other.
///
/// Shape    What is wanted and what is are two: an operator or the pair's thread says what is
///          wanted, and the control core makes it so.
/// Threads  Each word says who writes it; all may be read by any thread.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice::sync {

enum class Peer : uint8_t {
    Away,     ///< It does not answer.
    Standby,  ///< It forwards nothing.
    Active,
};

/// Who is silent for so long is away.
inline constexpr std::chrono::milliseconds kSilence{3000};

/// A claim of this gateway's addresses by another host is so old at most when it counts: addresses
/// are announced once a minute by default, and one announcement may be lost.
inline constexpr std::chrono::nanoseconds kClaimCounts = std::chrono::seconds(150);

/// What a gateway is to do.
enum class Wish : uint8_t {
    Standby,
    Active,
    TakeBack,  ///< To forward, and to take the flows that the peer has before.
};

struct Standing {
    explicit Standing(bool is_active)
        : wish(is_active ? Wish::Active : Wish::Standby), is_active(is_active) {}

    /// By operators, whose word is the last; by the pair's thread where both are active; and by the
    /// control core, which ends TakeBack alone, and where nobody has said another. One word, so
    /// that no two of them make a third. Sequentially consistent.
    std::atomic<Wish> wish;
    bool wants_active() const { return wish.load() != Wish::Standby; }
    bool takes_back() const { return wish.load() == Wish::TakeBack; }
    /// Workers forward. By the control core alone: stored with release, so that who loads it with
    /// acquire sees the flows that were taken over, or none of those that end afterwards.
    std::atomic<bool> is_active;
    /// By the control core: it stands by, has no flows of its own, and takes the peer's.
    std::atomic<bool> is_ready{false};
    /// By the control core: how often it has become ready. What was told before does not count.
    std::atomic<uint32_t> joins{0};
    /// Nobody else has its flows, and it has nobody else's. By the pair's thread and the control
    /// core: once false it stays so.
    std::atomic<bool> is_fresh{true};
    /// It has flows that it may go on with: its own, or all of the peer's. False of one that stands
    /// by and has not been told all yet. By the control core: false before any of them ends because
    /// nobody needs it.
    std::atomic<bool> has_flows{true};

    /// From when and until when what happens to flows here happens to this gateway's own, and not
    /// to copies: nanoseconds of the steady clock. By the control core, `since` before `until`.
    std::atomic<int64_t> own_since{INT64_MIN};
    std::atomic<int64_t> own_until{INT64_MAX};
    bool is_own_at(int64_t moment) const {
        // Acquire: who sees the new end sees the new beginning.
        const int64_t until = own_until.load(std::memory_order_acquire);
        return moment < until && moment >= own_since.load(std::memory_order_relaxed);
    }

    /// What is here may be told to a peer that wants it: what ends from now on ends as flows do.
    bool may_tell() const {
        // Acquire: who sees that it may sees no end of a flow that was thrown away after that.
        return is_active.load(std::memory_order_acquire) ||
               has_flows.load(std::memory_order_acquire);
    }

    /// Another host claims an address of this gateway's: nanoseconds of the steady clock. True when
    /// that may be the peer, which has not been heard. By the control core.
    bool hear_claim(int64_t moment) {
        // relaxed, all of these: as lacks_flows().
        constexpr auto kSome = std::memory_order_relaxed;
        if (!is_active.load(kSome) || peer.load(kSome) != Peer::Away)
            return false;
        claimed_at.store(moment, kSome);
        return true;
    }
    /// While the peer is away somebody has claimed addresses of this gateway's lately.
    bool suspects_peer(int64_t moment) const {
        constexpr auto kSome = std::memory_order_relaxed;
        const int64_t claimed = claimed_at.load(kSome);
        return is_active.load(kSome) && peer.load(kSome) == Peer::Away && claimed != kNever &&
               moment - claimed < kClaimCounts.count();
    }

    /// Of two that stand by this one lacks the flows, and the other has them.
    bool lacks_flows() const {
        // relaxed, all of these: each is as old as what the peer has said last.
        constexpr auto kSome = std::memory_order_relaxed;
        return !is_active.load(kSome) && !has_flows.load(kSome) &&
               peer.load(kSome) == Peer::Standby && peer_has_flows.load(kSome);
    }

    static constexpr int64_t kNever = INT64_MIN;
    std::atomic<int64_t> claimed_at{kNever};  ///< As hear_claim() has it.

    /// A fingerprint of what decides which flows it can take over; 0: not said. By who reads the
    /// configuration.
    std::atomic<uint32_t> policy{0};

    /// By the pair's thread, as the following too. Stored with release after peer_has_flows: who
    /// loads it with acquire sees what that peer has.
    std::atomic<Peer> peer{Peer::Away};
    // relaxed, all of these: figures for people.
    std::atomic<bool> peer_has_flows{false};  ///< As has_flows of the peer.
    std::atomic<bool> peer_differs{false};    ///< Its policy's fingerprint is another.
    std::atomic<bool> peer_is_whole{false};   ///< It has taken all, and nothing was lost.
    std::atomic<uint32_t> behind{0};          ///< Messages that it has not taken yet.
    std::atomic<uint64_t> told{0};            ///< Records and ends told to it.
    std::atomic<uint64_t> lost{0};            ///< Changes that could not be told in time.
    std::atomic<uint64_t> resyncs{0};         ///< How often it was told all.
    std::atomic<bool> is_whole{false};        ///< By the control core: it has all of the peer's.
};

}  // namespace sluice::sync
