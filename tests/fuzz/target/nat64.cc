// SPDX-License-Identifier: BSD-3-Clause

// The translation between IPv6 and IPv4, and between prefixes of IPv6, IPv6 that keeps its
// addresses, and neighbour discovery. The first byte of an input says which way, whether there is
// IPv6 outside, by prefixes or with hosts' own addresses, and by which port, the second where the
// frame is cut in two segments, the rest is the frame. What has been translated one way goes back,
// or leaves by the other port if it keeps its addresses: what is sound must be so, and shows nobody
// else's address.

#include "expect.h"
#include "fake_mbuf.h"
#include "ipv6_addresses.h"
#include "nat64/edge.h"
#include "net/text.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr size_t kHeadroom = 128;

constexpr uint8_t kOutside = 1;  // the port

constexpr auto kRouted = "2001:db8:1::/80";  // whose hosts keep their addresses

std::unique_ptr<nat64::Numbers> some_numbers() {
    auto numbers =
        nat64::Numbers::create({.plan = nat64::NumberPlan({{}, 32 - nat64::kLeastNumberBits})});
    expect(numbers.ok());
    return std::move(*numbers);
}

/// With IPv6 outside or without; there with `peers`, or else by NPTv6.
nat64::EdgeParams params(bool has_outside, nat64::Numbers* peers) {
    nat64::EdgeParams params{
        .addresses = {*nat64::Embedding::of(prefix6("64:ff9b::/96")), prefix6("2001:db8:1::1/64"),
                      v6("fe80::ff:fe00:1"), *net::parse_prefix("198.18.0.0/24")},
        .mac = {2, 0, 0, 0, 0, 1},
        .advertises = true};
    if (!has_outside)
        return params;
    params.addresses.outside = {prefix6("2001:db8:ff::2/64"), v6("fe80::ff:fe00:2"),
                                v6("2001:db8:ff::1")};
    params.outside = nat64::OutsideSide{{2, 0, 0, 0, 0, 1}, kOutside, {}};
    if (peers != nullptr)
        params.addresses.peers = {{prefix6(kRouted)}, *net::parse_prefix("198.19.0.0/24"), peers};
    else
        params.outside->crossing.pairs = {
            *nat64::PrefixPair::of(prefix6("2001:db8:1::/48"), prefix6("2001:db8:f::/48"))};
    return params;
}

bool is_of(const rte_mbuf* mbuf, uint16_t ether_type) {
    const auto* frame = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    return rte_pktmbuf_data_len(mbuf) >= 54 && (frame[12] << 8 | frame[13]) == ether_type;
}

/// An IPv4 packet between two edges.
void leave_by_other(const nat64::Edge& edge, rte_mbuf* mbuf, uint8_t port) {
    constexpr uint16_t kIpv6 = 0x86dd;
    const uint8_t other = port == kOutside ? 0 : kOutside;
    if (edge.leave(mbuf, other) || other != kOutside)
        return;
    expect(is_of(mbuf, kIpv6));
    net::Ipv6Address source;
    std::copy_n(rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, 22), 16, source.bytes.begin());
    expect(prefix6(kRouted).contains(source));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size < 2 + 14)
        return 0;
    constexpr uint8_t kIpv6Outside = 2;
    constexpr uint8_t kOwnAddresses = 8;
    const bool has_outside = (bytes[0] & kIpv6Outside) != 0;
    const auto numbers = some_numbers();
    const auto peers = has_outside && (bytes[0] & kOwnAddresses) != 0 ? some_numbers() : nullptr;
    nat64::Edge edge(params(has_outside, peers.get()), *numbers);
    if (peers != nullptr) {  // these two have talked
        expect(numbers->find_or_add(v6("2001:db8:1::10"), Tick{}).has_value());
        expect(peers->find_or_add(v6("2001:db8:cafe::10"), Tick{}).has_value());
    }
    const uint8_t port = (bytes[0] & 4) != 0 ? kOutside : 0;
    Bytes frame(kHeadroom, 0);
    frame.insert(frame.end(), bytes + 2, bytes + size);
    const size_t cut = kHeadroom + std::max<size_t>(14, bytes[1]);
    FakeMbuf mbuf(frame, std::array{std::min(cut, frame.size())});
    rte_pktmbuf_adj(mbuf, kHeadroom);

    if ((bytes[0] & 1) != 0) {
        (void)edge.leave(mbuf, port);
        return 0;
    }
    const nat64::Entered entered = edge.enter(mbuf, port, Tick{});
    const bool is_translated = entered.fate == nat64::Entered::Fate::Translated;
    if (is_translated && peers != nullptr && is_of(mbuf.get(), 0x0800))
        leave_by_other(edge, mbuf, port);
    else if (is_translated)
        (void)edge.leave(mbuf, port);
    if (entered.fate == nat64::Entered::Fate::Crosses && !edge.cross(mbuf) &&
        edge.way().to == net::Side::Outside)
        expect(net::parse_ipv6_prefix("2001:db8:f::/48")->contains(edge.way().source));
    expect(rte_pktmbuf_data_len(mbuf.get()) <= frame.size());
    return 0;
}
