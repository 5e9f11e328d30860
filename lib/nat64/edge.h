// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Edge: where IPv6 frames become those of the gateway's IPv4, and these IPv6 again.
///
/// Shape    Behind it are IPv4 packets from numbers and to them (nat64/addresses.h), and ARP; so
///          everything there serves IPv6 hosts without knowing it. What goes to IPv6 hosts outside
///          is IPv4 between the two edges as well, where it has flows (--route6). By --nptv6 it
///          comes in and leaves by one side or the other, and is IPv4 nowhere.
/// Threads  Owned by one worker; the numbers are shared, and the pace of what all hosts are told.
/// Memory   None.
/// Errors   What cannot be said in the other version is dropped by name. No IPv6 frame passes as it
///          is, and none leaves by a port of another side.
/// Source   RFC 6146 §3 (which packets), RFC 7915 (their translation); RFC 6296.

#include "nat64/crossing.h"
#include "nat64/discovery.h"
#include "nat64/identifications.h"
#include "nat64/plain.h"
#include "nat64/route6.h"
#include "nat64/router_pace.h"
#include "nat64/zero_checksum.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct rte_mbuf;

namespace sluice::nat64 {

/// The IPv6 side outside, which addresses.outside is the gateway's end of.
struct OutsideSide {
    net::MacAddress mac{};  ///< Of its port.
    uint8_t port = 0;
    CrossingParams crossing;  ///< No pairs where there is --route6 alone.
};

struct EdgeParams {
    AddressParams addresses;
    net::MacAddress mac{};                   ///< Of the port where the IPv6 side is.
    bool advertises = false;                 ///< Hosts are told that the gateway is their router.
    std::vector<net::Ipv6Address> dns = {};  ///< And of these DNS servers, kMostDnsServers at most.
    std::shared_ptr<RouterPace> pace = {};   ///< Of that, where all are told; null: none.
    uint8_t port = 0;                        ///< The position of that port.
    SipKey identifications{};                ///< Of what is given to packets without. Secret.
    std::optional<OutsideSide> outside = {};
};

class Edge {
public:
    /// One of several, each with identifications of its own, is numbered from 0. Who asks what
    /// would become of a copy of a frame has one that gives no numbers.
    Edge(const EdgeParams& params, Numbers& numbers, uint8_t worker = 0,
         Giving giving = Giving::Gives)
        : params_(params),
          identifications_(params.identifications, worker),
          addresses_(params.addresses, numbers, giving),
          plain_(addresses_, numbers, params.mac, giving == Giving::Gives),
          discovery_{
              Discovery(addresses_,
                        {.side = net::Side::Inside,
                         .mac = params.mac,
                         .advertises = params.advertises,
                         .dns = params_.dns,
                         .pace = giving == Giving::Gives ? params_.pace.get() : nullptr}),
              Discovery(addresses_, {.side = net::Side::Outside,
                                     .mac = params.outside ? params.outside->mac : params.mac})},
          crossing_(params.outside ? params.outside->crossing : CrossingParams{}, addresses_),
          route6_(addresses_) {}
    Edge(const Edge&) = delete;

    /// Of a frame that a port has received. What comes by another port is no IPv6 that is served;
    /// that nothing there uses a number is looked at all the same.
    Entered enter(rte_mbuf* mbuf, uint8_t port, Tick now);
    /// Before that, of a burst that a port has received, kMostAtOnce at most: bit i is set where it
    /// has made IPv4 of packet i already.
    uint64_t enter_plain(std::span<rte_mbuf* const> packets, uint8_t port, Tick now) {
        return port == params_.port ? plain_.enter(packets, identifications_, now) : 0;
    }
    /// Of those of them whose bits are set, bit i: enter() would say that packet i passes, as most
    /// of IPv4 do.
    uint64_t passing(std::span<rte_mbuf* const> packets, uint64_t which) const {
        return plain_.passing(packets, which);
    }
    /// What becomes of UDP that leaves from now on. Who stood by until now, while others gave
    /// numbers, knows none.
    void begin_turn(ZeroChecksum zero, bool stood_by) {
        zero_checksum_ = zero;
        if (stood_by)
            plain_.forget();
    }
    ZeroChecksum zero_checksum() const { return zero_checksum_; }
    /// Of a frame that leave() will be asked for, of that port.
    void expect(const rte_mbuf* mbuf, uint8_t port) const {
        if (port == params_.port)
            plain_.expect(mbuf);
    }
    /// Of a frame to the IPv6 side of a port, complete but for what it says behind its MACs.
    std::optional<stats::Drop> leave(rte_mbuf* mbuf, uint8_t port) const;
    /// Of those packets whose bits are set. What cannot leave is given to drop(mbuf, reason), and
    /// the others move up; returns how many there are.
    template <typename DropPacket>
    unsigned leave(std::span<rte_mbuf*> packets, uint64_t which, uint8_t port,
                   DropPacket drop) const {
        const uint64_t plain = is_outside(port) ? 0 : plain_.leave(packets, which);
        if (plain == which)
            return static_cast<unsigned>(packets.size());
        which &= ~plain;
        unsigned kept = 0;
        for (unsigned i = 0; i < packets.size(); ++i) {
            const auto reason =
                (which >> i & 1) != 0 ? leave(packets[i], port) : std::optional<stats::Drop>();
            if (reason)
                drop(packets[i], *reason);
            else
                packets[kept++] = packets[i];
        }
        return kept;
    }

    // Of what stays IPv6.
    /// That of the last frame that came as IPv6, as far as it has been found.
    const Way& way() const { return way_; }
    const Addresses& addresses() const { return addresses_; }
    /// Makes the frame of way() one that goes it, but for its MACs.
    std::optional<stats::Drop> cross(rte_mbuf* mbuf) const { return crossing_.rewrite(mbuf, way_); }
    /// Crossing::restore(), of way().
    bool restore(rte_mbuf* mbuf, net::Side to, Tick now) {
        return crossing_.is_on() && crossing_.restore(mbuf, to, way_, now);
    }
    uint8_t port(net::Side side) const {
        return side == net::Side::Inside ? params_.port : params_.outside->port;
    }
    /// The gateway's own address there, to speak to hosts beyond the link as.
    const net::Ipv6Address& own(net::Side side) const {
        return side == net::Side::Inside ? params_.addresses.own.address
                                         : params_.addresses.outside->own.address;
    }

private:
    bool is_outside(uint8_t port) const { return params_.outside && port == params_.outside->port; }
    bool uses_number(const rte_mbuf* mbuf) const;
    Entered enter_ipv6(rte_mbuf* mbuf, net::Side from, Tick now);
    Entered answer_outside(rte_mbuf* mbuf);
    Entered pass_on(rte_mbuf* mbuf, Tick now);
    Entered translate(rte_mbuf* mbuf, Tick now);
    Entered route(rte_mbuf* mbuf, Tick now);
    std::optional<stats::Drop> find_ends(bool is_error, Tick now, Ipv4Ends& ends) const;
    bool may_leave(const rte_mbuf* mbuf) const;

    EdgeParams params_;
    Identifications identifications_;
    Addresses addresses_;
    PlainPackets plain_;
    std::array<Discovery, net::kSideCount> discovery_;
    Crossing crossing_;
    Route6 route6_;
    Way way_;
    ZeroChecksum zero_checksum_ = ZeroChecksum::Compute;
};

}  // namespace sluice::nat64
