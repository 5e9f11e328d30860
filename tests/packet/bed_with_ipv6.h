// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A testbed whose inside has IPv6 hosts too, which answer neighbour solicitations by themselves.
///
///     2001:db8:1::/64 ── inside wire ── sluice ── outside wire ── IPv4, behind 64:ff9b::/96
///                    2001:db8:1::1             198.51.100.1
///
/// What leaves outside is checked: no frame of IPv6. Of a gateway with one arm both wires are one,
/// and what is IPv4 there has left outside.

#include "catch.h"
#include "config/ipv6.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"
#include "testbed.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {

inline constexpr auto kHost6 = "2001:db8:1::10";
inline constexpr auto kOther6 = "2001:db8:1::20";
inline constexpr auto kOwn6 = "2001:db8:1::1";
inline constexpr auto kServer6 = "64:ff9b::203.0.113.10";
inline constexpr auto kOwnLinkLocal = "fe80::ff:fe00:11";  // of the testbed's inside MAC

inline std::string canonical(const std::string& address) {
    return text6(ip6(address).data());
}

inline void add_nat64(config::Config& config) {
    config.nat64 = nat64::Embedding::of(prefix6("64:ff9b::/96"));
}

inline void serve_ipv6(config::Config& config) {
    config.lans[0].at.vlan = link::kUntagged;
    if (config.lans[0].at.port == config.wans[0].at.port)
        config.wans[0].at.vlan = link::kUntagged;
    add_nat64(config);
    config.lan6 = prefix6("2001:db8:1::1/64");
    REQUIRE(config::add_ipv6_side(config));
    config.inside.push_back(config.lans.back().own.network());
}

/// The router that IPv6 hosts of a prefix are behind.
inline config::StaticRoute route6(const char* to, const char* via) {
    config::StaticRoute route;
    route.prefix6 = prefix6(to);
    route.via6 = v6(via);
    return route;
}

inline TestbedOptions ipv6_options(
    TestbedOptions options = {},
    const std::function<void(config::Config&)>& more = [](config::Config&) {}) {
    options.configure = [more](config::Config& config) {
        serve_ipv6(config);
        more(config);
    };
    return options;
}

/// What the neighbour answers to a solicitation.
inline Frame6 advertisement_for(const Seen6& solicitation) {
    const std::string target = text6(&solicitation.transport.at(8));
    return {.source = target,
            .destination = solicitation.source,
            .upper = neighbour6(136, target, mac_of6(target)),
            .hop_limit = 255,
            .source_mac = mac_of6(target),
            .destination_mac = solicitation.source_mac};
}

inline Frame6 to_server(Upper upper, const std::string& host = kHost6) {
    return {.source = host, .destination = kServer6, .upper = std::move(upper)};
}

/// What the server answers to a question by UDP that left by this port.
inline Frame server_reply(uint16_t port, size_t bytes = 10) {
    return Frame().ipv4(kServer, kPublic).udp(53, port).payload(bytes);
}

struct Ipv6Bed {
    explicit Ipv6Bed(TestbedOptions options = ipv6_options())
        : is_one_armed(options.is_one_armed), bed(std::move(options)) {
        settle();
        came.clear();
    }

    bool is_one_armed;
    Testbed bed;
    std::vector<Seen6> came;       ///< What came out inside, but for what was answered.
    std::vector<Seen6> solicited;  ///< Solicitations that came out.

    net::MacAddress gateway_mac() { return bed.port(net::Side::Inside).mac(); }

    /// Turns until hosts have nothing to answer.
    void settle() {
        bed.run();
        for (bool moved = true; moved;) {
            moved = false;
            for (const Bytes& frame : bed.take_frames(net::Side::Inside)) {
                if (!is_ipv6(frame)) {
                    beside.push_back(frame);
                    continue;
                }
                Seen6 seen = read6(frame);
                if (seen.protocol == 58 && seen.transport.at(0) == 135 && seen.source != "::") {
                    solicited.push_back(seen);
                    moved |= answer(seen);
                } else {
                    came.push_back(std::move(seen));
                }
            }
            if (moved)
                bed.run();
        }
    }

    std::vector<Seen6> take() {
        settle();
        return std::exchange(came, {});
    }

    /// From a host to the gateway; what comes out outside.
    std::vector<Seen> send(Frame6 frame) {
        frame.source_mac = mac_of6(frame.source);
        frame.destination_mac = gateway_mac();
        bed.inject(net::Side::Inside, frame.bytes());
        settle();
        std::vector<Seen> out;
        const std::vector<Bytes> inside = std::exchange(beside, {});
        for (const Bytes& left : is_one_armed ? inside : bed.take_frames(net::Side::Outside)) {
            CHECK(!is_ipv6(left));
            out.push_back(read(left));
        }
        return out;
    }
    /// From the router to the gateway; what comes out inside.
    std::vector<Seen6> answer_from_outside(Frame frame) {
        bed.inject(net::Side::Outside,
                   frame.ether(mac_of(ip(kRouter)), bed.port(net::Side::Outside).mac()).bytes());
        return take();
    }

private:
    std::vector<Bytes> beside;  // IPv4 that came out inside

    bool answer(const Seen6& question) {
        const Frame6 answer = advertisement_for(question);
        if (bed.silent.contains(answer.source))
            return false;
        bed.inject(net::Side::Inside, answer.bytes());
        return true;
    }
};

/// The host asks by UDP; the public port of the question.
inline uint16_t ask(Ipv6Bed& ipv6, const std::string& host = kHost6, uint16_t port = 5000) {
    const auto out = ipv6.send(to_server(udp6(port, 53), host));
    REQUIRE(out.size() == 1);
    CHECK(out[0].checksums_ok());
    return out[0].source_port;
}

/// The host connects to the server by TCP; its flow is ASSURED then.
inline void connect(Ipv6Bed& ipv6, const std::string& host) {
    const auto send = [&](uint8_t flags, uint32_t seq, uint32_t ack) {
        return ipv6.send(to_server(tcp6(40000, 80, flags, seq, ack), host));
    };
    const auto syn = send(kSyn, 1000, 0);
    REQUIRE(syn.size() == 1);
    const Frame back = Frame().ipv4(kServer, kPublic);
    REQUIRE(ipv6.answer_from_outside(
                    Frame(back).tcp(80, syn[0].source_port, kSyn | kAck).seq(7000).ack(1001))
                .size() == 1);
    REQUIRE(send(kAck, 1001, 7001).size() == 1);
}

/// Whom an answer to that port reaches; nobody: "".
inline std::string answered(Ipv6Bed& ipv6, uint16_t port) {
    for (const Seen6& seen : ipv6.answer_from_outside(server_reply(port)))
        if (seen.protocol == 17)
            return seen.destination;
    return "";
}

}  // namespace sluice::test
