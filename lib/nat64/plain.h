// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// PlainPackets: the straight way of most packets over the edge, a burst at a time: TCP and UDP
/// between a host that has a number already and an IPv4 host.
///
/// Shape    Short loops over a burst that comes in: which are plain, and what is remembered of
///          their hosts, which is sent for; then each is rewritten, those last whose hosts have not
///          been heard for a second, for these are looked up. What leaves is announced with
///          expect(), so that its host's address is there when leave() wants it.
///          Plain are packets in one segment, without extension headers, IP options or fragments,
///          whose sums are not left out.
/// Rule     A packet becomes what Edge makes of it, or is not touched: Edge is the oracle of its
///          tests (tests/unit/nat64/plain_test.cc), and has all that is not plain.
/// Threads  Owned by one worker.
/// Memory   24 bytes for each of the hosts that it remembers, as many as there are numbers, and
///          3 MB at most.
/// Cost     docs/performance.md has the instructions and what NAT64 costs beside NAT44.

#include "nat64/addresses.h"
#include "nat64/headers.h"
#include "nat64/identifications.h"
#include "net/mac.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

struct rte_mbuf;

namespace sluice::nat64 {

inline constexpr size_t kMostAtOnce = 64;
/// By which a frame is longer as IPv6.
inline constexpr uint16_t kLonger = kIpv6Bytes - kIpv4Bytes;

class PlainPackets {
public:
    /// `addresses` and `numbers` outlive this object; `mac` is that of the port with hosts. One
    /// that is not wanted finds nothing plain.
    PlainPackets(const Addresses& addresses, Numbers& numbers, const net::MacAddress& mac,
                 bool is_wanted = true);

    /// Turns frames from that port into IPv4, kMostAtOnce at most. Bit i: packet i has been. Called
    /// each turn, with no packets too.
    uint64_t enter(std::span<rte_mbuf* const> packets, Identifications& identifications, Tick now);
    /// Bit i, of those that are set in `which`: packet i is IPv4 without a tag, and has no number.
    uint64_t passing(std::span<rte_mbuf* const> packets, uint64_t which) const;
    /// Numbers may have become those of other hosts, otherwise than by Numbers::turn().
    void forget();

    /// A frame that will leave by that port is IPv4 yet.
    void expect(const rte_mbuf* mbuf) const;
    /// Turns it into IPv6; false where it is not plain.
    bool leave(rte_mbuf* mbuf) const;
    /// Those of them whose bits are set; bit i: packet i has been turned.
    uint64_t leave(std::span<rte_mbuf* const> packets, uint64_t which) const;

private:
    /// A host that has been heard by this worker, and may send.
    struct Recent {
        net::Ipv6Address host;
        uint32_t number = 0;  // no host's: there is none
        Tick heard;
    };
    /// The source of a packet that may be plain.
    struct Source {
        Recent* recent = nullptr;
        size_t bucket = 0;  // where its number is, if it is not recent
    };
    /// For so long a number that has been found is its host's for sure: nobody loses one who has
    /// been heard in the last minute (Numbers::turn()).
    static constexpr Duration kRecent = Duration::seconds(1);
    /// All are forgotten so often, before ticks come round and old ones seem new.
    static constexpr Duration kForget = Duration::seconds(10 * 24 * 3600);
    static constexpr uint32_t kLeastRecent = 256;
    static constexpr uint32_t kMostRecent = 1 << 17;

    /// Where it stands if it is recent. Whoever takes another's place makes that one's next packet
    /// dearer, and no more; so this need not be hard to guess.
    Recent& recent_of(const net::Ipv6Address& host) {
        const uint64_t mixed = (host.high() ^ host.low()) * 0x9e3779b97f4a7c15;
        return recent_[mixed >> 40 & last_recent_];
    }
    uint64_t look(std::span<rte_mbuf* const> packets);
    uint64_t enter_others(std::span<rte_mbuf* const> packets, uint64_t which,
                          Identifications& identifications, Tick now);
    bool is_plain(const rte_mbuf* mbuf) const;
    bool may_send(const net::Ipv6Address& source) const;
    bool is_reached(const uint8_t* server) const;
    void become_ipv4(rte_mbuf* mbuf, uint32_t number, Identifications& identifications) const;
    bool become_ipv6(rte_mbuf* mbuf) const;
    void note_refused(const net::Prefix& network);

    /// A network of numbers, as they stand in a header.
    struct Network {
        uint32_t mask = 0;
        uint32_t value = 1;  // of nobody, where the mask is 0

        bool contains(Be32 address) const { return (address.raw & mask) == value; }
    };
    static Network network_of(const net::Prefix& prefix);
    bool is_number(Be32 address) const {
        return hosts_.contains(address) || peers_.contains(address);
    }
    uint32_t number_in(Be32 address) const { return Be32{address.raw & ~hosts_.mask}.host(); }

    /// A prefix, as words.
    struct Masked {
        uint64_t high_mask = 0, low_mask = 0;
        uint64_t high = 0, low = 0;
    };
    static Masked masked(const net::Ipv6Prefix& prefix);

    const Addresses& addresses_;
    Numbers& numbers_;
    uint64_t mac_;
    Network hosts_;
    Network peers_;
    std::vector<Masked> inside_;  // whose hosts may send
    net::Ipv6Address servers_;    // the prefix before IPv4 hosts
    uint16_t servers_sum_ = 0;    // of its words
    bool is_well_known_ = false;  // that is
    bool is_on_ = false;
    std::bitset<256> refused_;  // first bytes that IPv4 addresses may have which are not reached
    std::vector<Recent> recent_;
    size_t last_recent_ = 0;                   // of 2^n
    Tick forgotten_;                           // when all were
    std::array<Source, kMostAtOnce> sources_;  // of a burst
};

}  // namespace sluice::nat64
