// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Uplinks: the ways to the outside, each with a gateway of its own, and which of them is whose.
///
/// Shape    A public address belongs to one uplink: what has it as its source leaves by that one
///          (docs/adr/0018). What has none yet is given an uplink by weight. To each hash belongs
///          an order of all uplinks, and the first that may be taken is: so where one dies, only
///          those that were on it go elsewhere, and they come back with it.
/// Threads  Uplinks: immutable after construction. LivingUplinks: written by the control core, read
///          by any.
/// Cost     of(): a binary search. choose(): a SipHash, and a step for each uplink. Where there is
///          one uplink alone, nobody asks.

#include "base/big_endian.h"
#include "base/sip_hash.h"
#include "link/interfaces.h"
#include "net/prefix.h"
#include "net/steps.h"
#include "net/tuple.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::link {

/// Where a packet goes next.
struct Toward {
    InterfaceId interface = kNoInterface;
    Be32 address;
    constexpr bool operator==(const Toward&) const = default;
};

using UplinkId = uint8_t;
/// Bit i: uplink i.
using UplinkSet = uint16_t;
inline constexpr size_t kMostUplinks = 16;
inline constexpr UplinkSet kAllUplinks = 0xffff;

constexpr bool contains(UplinkSet set, UplinkId uplink) {
    return (set >> uplink & 1) != 0;
}
constexpr UplinkSet only(UplinkId uplink) {
    return static_cast<UplinkSet>(1U << uplink);
}

struct Uplink {
    Toward gateway;
    uint8_t weight = 1;  ///< Of new flows, in proportion to the others'; not 0.

    constexpr bool operator==(const Uplink&) const = default;
};

/// Whose addresses these are.
struct Belonging {
    net::Prefix prefix;
    UplinkId uplink = 0;

    constexpr bool operator==(const Belonging&) const = default;
};

struct UplinksParams {
    std::vector<Uplink> uplinks;        ///< kMostUplinks at most.
    std::vector<Belonging> belongings;  ///< The longest prefix wins; of equal ones the first.
    SipKey key{};                       ///< Of the choice.
    bool by_host = false;               ///< All flows of a host have one uplink, while it lives.
};

class Uplinks {
public:
    /// None: there is nothing to choose.
    Uplinks() = default;
    explicit Uplinks(UplinksParams params);

    size_t size() const { return params_.uplinks.size(); }
    bool are_several() const { return size() > 1; }
    bool are_by_host() const { return params_.by_host; }
    const Uplink& operator[](UplinkId id) const { return params_.uplinks[id]; }
    UplinkSet all() const { return static_cast<UplinkSet>((1U << size()) - 1); }

    /// To which an address belongs that is public, or the gateway's own outside.
    std::optional<UplinkId> of(Be32 address) const;
    /// What of these addresses belongs to an uplink; where there is one alone, all.
    std::vector<net::AddressRange> part(const std::vector<net::AddressRange>& ranges,
                                        UplinkId id) const;
    /// Whoever asks on this interface for a public address is told that it is here.
    bool may_have(InterfaceId interface, Be32 address) const;
    /// The gateways whose silence is a death: all, where there are several.
    std::vector<Toward> watched() const;
    /// The one on this interface.
    std::optional<UplinkId> on(InterfaceId interface) const;

    /// For a new flow; `among` names one at least, and none that is not there.
    UplinkId choose(const net::Tuple& original, UplinkSet among) const;
    /// For all that a host sends.
    UplinkId choose_for_host(net::InsideAddress host, UplinkSet among) const;

    bool operator==(const Uplinks& other) const {
        return params_.uplinks == other.params_.uplinks &&
               params_.belongings == other.params_.belongings &&
               params_.by_host == other.params_.by_host;
    }

private:
    UplinkId draw(uint64_t hash, UplinkSet among) const;

    UplinksParams params_;
    uint32_t weights_ = 0;  // of all together
    net::Steps owner_;
};

/// Which uplinks live, as one word that workers read once a turn.
class LivingUplinks {
public:
    /// What flows may take: those that live, or all where none does.
    UplinkSet usable() const {
        // relaxed: workers read it after the hops' generation, which changes after it has; who
        // else reads it wants the newest value by itself.
        return usable_.load(std::memory_order_relaxed);
    }
    /// Those that are known to live.
    UplinkSet up() const { return up_.load(std::memory_order_relaxed); }

    /// Of `all` there are, by the control core; the caller has the paths forgotten afterwards.
    void replace(UplinkSet up, UplinkSet all) {
        up_.store(up, std::memory_order_relaxed);
        usable_.store(up == 0 ? all : up, std::memory_order_relaxed);
    }

private:
    std::atomic<UplinkSet> usable_{kAllUplinks};
    std::atomic<UplinkSet> up_{0};
};

}  // namespace sluice::link
