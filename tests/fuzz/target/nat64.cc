// SPDX-License-Identifier: BSD-3-Clause

// The translation between IPv6 and IPv4, and between prefixes of IPv6, with neighbour discovery.
// The first byte of an input says which way, whether there are prefixes, and by which port, the
// second where the frame is cut in two segments, the rest is the frame. What has been translated
// one way goes back: what is sound must be so.

#include "expect.h"
#include "fake_mbuf.h"
#include "ipv6_addresses.h"
#include "nat64/edge.h"
#include "net/text.h"

#include <algorithm>
#include <array>

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr size_t kHeadroom = 128;

constexpr uint8_t kOutside = 1;  // the port

/// With NPTv6 outside, or without.
nat64::EdgeParams params(bool has_outside) {
    nat64::EdgeParams params{
        .addresses = {*nat64::Embedding::of(prefix6("64:ff9b::/96")), prefix6("2001:db8:1::1/64"),
                      v6("fe80::ff:fe00:1"), *net::parse_prefix("198.18.0.0/24")},
        .mac = {2, 0, 0, 0, 0, 1},
        .advertises = true};
    if (!has_outside)
        return params;
    params.addresses.outside = {prefix6("2001:db8:ff::2/64"), v6("fe80::ff:fe00:2"),
                                v6("2001:db8:ff::1")};
    params.outside = nat64::OutsideSide{
        {2, 0, 0, 0, 0, 1},
        kOutside,
        {{*nat64::PrefixPair::of(prefix6("2001:db8:1::/48"), prefix6("2001:db8:f::/48"))}, {}}};
    return params;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size < 2 + 14)
        return 0;
    const auto numbers =
        nat64::Numbers::create({.plan = nat64::NumberPlan({{}, 32 - nat64::kLeastNumberBits})});
    expect(numbers.ok());
    nat64::Edge edge(params((bytes[0] & 2) != 0), **numbers);
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
    if (entered.fate == nat64::Entered::Fate::Translated)
        (void)edge.leave(mbuf, port);
    if (entered.fate == nat64::Entered::Fate::Crosses && !edge.cross(mbuf) &&
        edge.way().to == net::Side::Outside)
        expect(net::parse_ipv6_prefix("2001:db8:f::/48")->contains(edge.way().source));
    expect(rte_pktmbuf_data_len(mbuf.get()) <= frame.size());
    return 0;
}
