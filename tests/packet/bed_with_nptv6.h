// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A testbed with IPv6 on both wires, between which prefixes are translated.
///
///     2001:db8:1::/64 ── inside wire ── sluice ── outside wire ── 2001:db8:ff::1, the world
///                   2001:db8:1::1            2001:db8:ff::2         behind it
///
/// Outside 2001:db8:1::/48 is 2001:db8:f::/48, so that subnet 0 is fff1 there. Neighbours on both
/// wires answer solicitations by themselves.

#include "bed_with_ipv6.h"
#include "ipv6_addresses.h"

#include <array>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {

inline constexpr auto kMapped6 = "2001:db8:f:fff1::10";       // kHost6
inline constexpr auto kOtherMapped6 = "2001:db8:f:fff1::20";  // kOther6
inline constexpr auto kWan6 = "2001:db8:ff::2";
inline constexpr auto kGateway6 = "2001:db8:ff::1";
inline constexpr auto kOutsideLinkLocal = "fe80::ff:fe00:22";  // of the testbed's outside MAC
inline constexpr auto kWorld6 = "2001:db8:cafe::10";
inline constexpr auto kFarRouter6 = "2001:db8:beef::1";

inline TestbedOptions nptv6_options(
    TestbedOptions options = {},
    const std::function<void(config::Config&)>& more = [](config::Config&) {}) {
    options.configure = [more](config::Config& config) {
        config.lans[0].at.vlan = config.wans[0].at.vlan = link::kUntagged;
        config.lan6 = prefix6("2001:db8:1::1/64");
        config.wan6 = prefix6("2001:db8:ff::2/64");
        config.gateway6 = v6(kGateway6);
        config.nptv6 = {
            *nat64::PrefixPair::of(prefix6("2001:db8:1::/48"), prefix6("2001:db8:f::/48"))};
        more(config);
        REQUIRE(config::add_ipv6_side(config));
        config.inside.push_back(config.lans.back().own.network());
    };
    return options;
}

struct Nptv6Bed {
    explicit Nptv6Bed(TestbedOptions options = nptv6_options(), std::set<std::string> silent = {})
        : bed(std::move(options)) {
        bed.silent = std::move(silent);
        settle();
        for (auto& frames : came)
            frames.clear();
    }

    Testbed bed;
    std::array<std::vector<Seen6>, net::kSideCount> came;       ///< What was not answered.
    std::array<std::vector<Seen6>, net::kSideCount> solicited;  ///< Solicitations.

    /// Turns until nobody has anything to answer.
    void settle() {
        bed.run();
        for (bool moved = true; moved;) {
            moved = false;
            for (const net::Side side : {net::Side::Inside, net::Side::Outside})
                for (const Bytes& frame : bed.take_frames(side))
                    if (is_ipv6(frame))
                        moved |= hear(side, read6(frame));
            if (moved)
                bed.run();
        }
    }

    /// What came out on a side, IPv6 alone.
    std::vector<Seen6> take(net::Side side) {
        settle();
        return std::exchange(came[index(side)], {});
    }

    /// With the MACs of a frame from a host inside, or from the next hop outside, to the gateway.
    Frame6 addressed(net::Side from, Frame6 frame) {
        frame.source_mac = mac_of6(from == net::Side::Inside ? frame.source : kGateway6);
        frame.destination_mac = bed.port(from).mac();
        return frame;
    }

    /// Sends it so; what comes out on the other side.
    std::vector<Seen6> send(net::Side from, Frame6 frame) {
        bed.inject(from, addressed(from, std::move(frame)).bytes());
        return take(opposite(from));
    }

private:
    /// True where it has been answered.
    bool hear(net::Side side, Seen6 seen) {
        const bool is_question =
            seen.protocol == 58 && !seen.is_fragment && seen.transport.at(0) == 135;
        const bool is_announcement = seen.destination == "ff02::1";
        if (!is_question && !is_announcement)
            came[index(side)].push_back(std::move(seen));
        if (!is_question)
            return false;
        const Frame6 answer = advertisement_for(seen);
        solicited[index(side)].push_back(std::move(seen));
        if (bed.silent.contains(answer.source))
            return false;
        bed.inject(side, answer.bytes());
        return true;
    }
};

inline Frame6 to_world6(Upper upper = udp6(5000, 53)) {
    return {.source = kHost6, .destination = kWorld6, .upper = std::move(upper)};
}

}  // namespace sluice::test
