// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Askers: hosts that have asked for the gateway's MAC and to whom nothing has been sent since.
/// What is to go to one of them need not ask for his MAC, for his question had it.
///
/// Shape    A ring of a fixed size beside the next hops, of which the oldest gives way, so whoever
///          forges a million questions costs others a question of the gateway's own at most. Those
///          of one MAC have a limited part of it. Who asks again keeps his place for half a minute
///          from his first question, and has a new one after that. Where two MACs ask as one
///          address, neither is believed.
/// Threads  The control core's.
/// Memory   The ring at construction; two maps grow with what it holds.
/// Cost     Two look-ups for each question.

#include "base/big_endian.h"
#include "base/clock.h"
#include "link/interfaces.h"
#include "net/mac.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace sluice::control {

/// Of one MAC: a router that answers for others may have several addresses.
inline constexpr uint32_t kAskersPerMac = 64;
inline constexpr Duration kKeepAsker = Duration::seconds(60);

class Askers {
public:
    /// `most` is at least 1.
    explicit Askers(size_t most) : ring_(most) {}

    /// Returns the MAC that has asked as this address within the last minute, if it is another.
    std::optional<net::MacAddress> add(link::InterfaceId interface, Be32 address,
                                       const net::MacAddress& mac, Tick now);
    /// His MAC, if he has asked within the last minute; he is forgotten then.
    std::optional<net::MacAddress> take(link::InterfaceId interface, Be32 address, Tick now);
    /// Forgets who has asked longer ago; once in a while, before add() and take().
    void turn(Tick now);

    size_t size() const { return by_address_.size(); }

private:
    struct Asker {
        uint64_t key = 0;  // none: forgotten
        uint64_t mac = 0;
        Tick asked;
        bool is_doubtful = false;  // of two MACs
    };

    Asker& at(size_t number) { return ring_[number % ring_.size()]; }
    void forget(Asker& asker);
    void drop_oldest();

    std::vector<Asker> ring_;
    size_t oldest_ = 0;  // numbers that only grow; at() says where
    size_t next_ = 0;
    std::unordered_map<uint64_t, size_t> by_address_;  // to numbers
    std::unordered_map<uint64_t, uint32_t> by_mac_;    // how many
};

}  // namespace sluice::control
