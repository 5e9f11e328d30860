// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Route6: IPv6 hosts talk to IPv6 hosts outside with their own addresses, and are answered alone.

#include "bed_with_route6.h"
#include "catch.h"
#include "gateway/interfaces.h"
#include "ipv6_addresses.h"

namespace route6_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

Upper ping(uint8_t type, uint16_t identifier = 7) {
    return icmp6(type, 0, uint32_t{identifier} << 16 | 1);
}

/// What stands behind the IPv6 header.
Bytes behind_header(const Frame6& frame) {
    const Bytes bytes = frame.ip_bytes();
    return {bytes.begin() + 40, bytes.end()};
}

void set_flow_label(Bytes& frame) {
    frame[15] |= 0x0a;
    frame[16] = 0xbc;
    frame[17] = 0xde;
}

/// The whole frame, where the bed reads what it has.
std::optional<Bytes> send_raw(Route6Bed& r6, Side from, Frame6 frame,
                              const std::function<void(Bytes&)>& change) {
    Bytes bytes = r6.addressed(from, std::move(frame)).bytes();
    change(bytes);
    r6.bed.inject(from, bytes);
    r6.bed.run();
    const auto frames = r6.bed.take_frames(opposite(from));
    return frames.size() == 1 ? std::optional(frames[0]) : std::nullopt;
}

}  // namespace

TEST_CASE("route6: a packet leaves with its own address, and as it is", "[packet][route6]") {
    Route6Bed r6(route6_options({.workers = GENERATE(1u, 2u)}));
    Frame6 frame = to_world6(tcp6(40000, 80, kSyn, 1000, 0));
    frame.traffic_class = 0xb9;
    const auto out = r6.send(Side::Inside, frame);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kHost6);
    CHECK(out[0].destination == kWorld6);
    CHECK(out[0].destination_mac == mac_of6(kGateway6));
    CHECK(out[0].source_mac == r6.bed.port(Side::Outside).mac());
    CHECK(out[0].hop_limit == 63);
    CHECK(out[0].traffic_class == 0xb9);
    CHECK(out[0].checksum_ok);
    CHECK(out[0].transport == behind_header(frame));
    CHECK(r6.bed.flows() == 1);
    CHECK(r6.bed.count(Count::FlowsUntranslated) == 1);
}

TEST_CASE("route6: the answer comes in, and nothing else", "[packet][route6][rfc6092]") {
    Route6Bed r6(route6_options({.workers = GENERATE(1u, 2u)}));
    REQUIRE(r6.send(Side::Inside, to_world6()).size() == 1);
    const auto in = r6.send(Side::Outside, from_world6());
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kWorld6);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].destination_mac == mac_of6(kHost6));
    CHECK(in[0].hop_limit == 63);
    CHECK(in[0].checksum_ok);

    struct Row {
        Frame6 frame;
        Drop reason;
    };
    const Row row = GENERATE(values<Row>({
        {from_world6(udp6(54, 5000)), Drop::NoMapping},
        {from_world6(udp6(53, 5001)), Drop::NoMapping},
        {from_world6(ping(128)), Drop::NoMapping},
        {{.source = kFarRouter6, .destination = kHost6, .upper = udp6(53, 5000)}, Drop::NoMapping},
        {{.source = kWorld6, .destination = "2001:db8:1::15", .upper = udp6(53, 5000)},
         Drop::NoMapping},
        {{.source = kWorld6, .destination = kOther6, .upper = udp6(53, 5000)},
         Drop::OutsideToInside},
        {{.source = kWorld6, .destination = kOwn6, .upper = ping(128)}, Drop::ToGateway},
        {{.source = kWorld6, .destination = "2001:db8:77::1", .upper = udp6(1, 2)}, Drop::NotOurs},
        {{.source = "2001:db8:1::11", .destination = kHost6, .upper = udp6(1, 2)},
         Drop::OutsideSpoof},
        {{.source = kWan6, .destination = kHost6, .upper = udp6(1, 2)}, Drop::OutsideSpoof},
        {{.source = "fe80::1", .destination = kHost6, .upper = udp6(1, 2)}, Drop::MartianSource},
    }));
    CAPTURE(row.frame.source, row.frame.destination);
    CHECK(r6.send(Side::Outside, row.frame).empty());
    CHECK(r6.bed.dropped(row.reason) == 1);
    CHECK(r6.take(Side::Outside).empty());
    CHECK(r6.bed.flows() == 1);
}

TEST_CASE("route6: a TCP connection is tracked both ways", "[packet][route6][tcp]") {
    Route6Bed r6;
    const auto inside = [&](uint8_t flags, uint32_t seq, uint32_t ack, Bytes data = {}) {
        return r6.send(Side::Inside, to_world6(tcp6(40000, 80, flags, seq, ack, data))).size();
    };
    const auto outside = [&](uint8_t flags, uint32_t seq, uint32_t ack, Bytes data = {}) {
        return r6.send(Side::Outside, from_world6(tcp6(80, 40000, flags, seq, ack, data))).size();
    };
    CHECK(inside(kSyn, 1000, 0) == 1);
    CHECK(outside(kSyn | kAck, 5000, 1001) == 1);
    CHECK(inside(kAck, 1001, 5001) == 1);
    CHECK(inside(kAck, 1001, 5001, Bytes(100, 0x61)) == 1);
    CHECK(outside(kAck, 5001, 1101, Bytes(1000, 0x62)) == 1);
    CHECK(outside(kAck, 900000000, 1101, Bytes(10, 0x63)) == 0);  // out of window
    CHECK(outside(kRst, 77, 0) == 0);
    CHECK(r6.bed.flows() == 1);
    CHECK(outside(kRst, 6001, 0) == 1);
}

TEST_CASE("route6: other protocols pass by their addresses", "[packet][route6]") {
    Route6Bed r6;
    const uint8_t protocol = GENERATE(uint8_t{50}, uint8_t{51}, uint8_t{41});
    Frame6 frame = to_world6({protocol, Bytes(40, 9), 0});
    frame.has_checksum = false;
    const auto out = r6.send(Side::Inside, frame);
    REQUIRE(out.size() == 1);
    CHECK(out[0].protocol == protocol);
    CHECK(out[0].transport == Bytes(40, 9));
    std::swap(frame.source, frame.destination);
    CHECK(r6.send(Side::Outside, frame).size() == 1);
    frame.source = kFarRouter6;
    CHECK(r6.send(Side::Outside, frame).empty());
}

TEST_CASE("route6: a FIN of no connection ends here", "[packet][route6][tcp]") {
    Route6Bed r6;
    CHECK(r6.send(Side::Inside, to_world6(tcp6(40000, 80, kFin | kAck, 1000, 1))).empty());
    CHECK(r6.bed.dropped(Drop::InvalidUntrackedFin) == 1);
    CHECK(r6.bed.flows() == 0);
}

TEST_CASE("route6: who is not named stays inside", "[packet][route6]") {
    Route6Bed r6;
    const std::string from = GENERATE(as<std::string>{}, kOther6, "2001:db8:1:0:9::1");
    CHECK(r6.send(Side::Inside, {.source = from, .destination = kWorld6, .upper = udp6(1, 2)})
              .empty());
    CHECK(r6.bed.dropped(Drop::Ipv6Destination) == 1);
    CHECK(r6.bed.flows() == 0);
}

TEST_CASE("route6: to hosts inside, and beyond no link, nothing leaves", "[packet][route6]") {
    Route6Bed r6;
    const std::string to = GENERATE(as<std::string>{}, kOther6, "2001:db8:1::11", "fe80::7", "::1");
    CHECK(
        r6.send(Side::Inside, {.source = kHost6, .destination = to, .upper = udp6(1, 2)}).empty());
    CHECK(r6.bed.dropped(Drop::Ipv6Destination) == 1);
    CHECK(r6.send(Side::Inside, {.source = kHost6, .destination = kWan6, .upper = udp6(1, 2)})
              .empty());
    CHECK(r6.bed.dropped(Drop::ToGateway) == 1);
}

TEST_CASE("route6: flow labels and identifications of fragments are kept", "[packet][route6]") {
    Route6Bed r6;
    r6.send(Side::Inside, to_world6());
    const auto out = send_raw(r6, Side::Inside, to_world6(), set_flow_label);
    REQUIRE(out);
    CHECK((out->at(15) & 0xf) == 0xa);
    CHECK(out->at(16) == 0xbc);
    CHECK(out->at(17) == 0xde);
    r6.send(Side::Outside, from_world6());
    const auto in = send_raw(r6, Side::Outside, from_world6(), set_flow_label);
    REQUIRE(in);
    CHECK((in->at(15) & 0xf) == 0xa);
    CHECK(in->at(17) == 0xde);
}

TEST_CASE("route6: fragments pass with their identification, of pings, too",
          "[packet][route6][fragment]") {
    Route6Bed r6;
    r6.send(Side::Inside, to_world6());
    const bool is_ping = GENERATE(false, true);
    const Upper whole =
        is_ping ? icmp6(128, 0, 0x10007, Bytes(56, 3)) : udp6(5000, 53, Bytes(56, 3));
    const Frame6 unfragmented = to_world6(whole);
    const Bytes datagram = behind_header(unfragmented);
    std::vector<Seen6> out;
    for (const size_t at : {size_t{0}, size_t{32}}) {
        Frame6 part = unfragmented;
        part.upper.bytes = {datagram.begin() + static_cast<ptrdiff_t>(at),
                            datagram.begin() + static_cast<ptrdiff_t>(at) + 32};
        part.fragment(static_cast<unsigned>(at), at == 0, 0xabcd1234);
        part.is_later_fragment = true;
        for (const Seen6& seen : r6.send(Side::Inside, part))
            out.push_back(seen);
    }
    REQUIRE(out.size() == 2);
    Bytes joined = out[0].transport;
    joined.insert(joined.end(), out[1].transport.begin(), out[1].transport.end());
    CHECK(joined == datagram);
    for (const Seen6& seen : out) {
        CHECK(seen.is_fragment);
        CHECK(seen.identification == 0xabcd1234);
        CHECK(seen.protocol == whole.protocol);
        CHECK(seen.source == kHost6);
        CHECK(seen.hop_limit == 63);
    }
    CHECK(out[0].more);
    CHECK(out[1].offset == 32);
}

TEST_CASE("route6: a ping is answered", "[packet][route6][icmp]") {
    Route6Bed r6;
    const Frame6 request = to_world6(ping(128));
    const auto out = r6.send(Side::Inside, request);
    REQUIRE(out.size() == 1);
    CHECK(out[0].transport == behind_header(request));
    const auto in = r6.send(Side::Outside, from_world6(ping(129)));
    REQUIRE(in.size() == 1);
    CHECK(in[0].transport.at(0) == 129);
    CHECK(in[0].word(4) == 7);
    CHECK(in[0].checksum_ok);
    CHECK(r6.send(Side::Outside, from_world6(ping(129, 8))).empty());
}

TEST_CASE("route6: an error about a flow comes in from whichever router",
          "[packet][route6][icmp][rfc6092]") {
    Route6Bed r6;
    const Frame6 sent = to_world6();
    r6.send(Side::Inside, sent);
    const std::string teller = GENERATE(kFarRouter6, kWorld6);
    const auto in = r6.send(Side::Outside, error_about6(sent, teller, icmp6(3, 0, 0)));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == teller);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].transport.at(0) == 3);
    CHECK(in[0].transport.at(1) == 0);
    CHECK(in[0].checksum_ok);
    CHECK(quote_of6(in[0]).source == kHost6);
    CHECK(quote_of6(in[0]).destination == kWorld6);
    CHECK(quote_of6(in[0]).transport == behind_header(sent));
}

TEST_CASE("route6: an error about no flow ends here", "[packet][route6][icmp][rfc6092]") {
    Route6Bed r6;
    r6.send(Side::Inside, to_world6());
    const Frame6 other = to_world6(udp6(5001, 53));
    CHECK(r6.send(Side::Outside, error_about6(other, kFarRouter6, icmp6(1, 4, 0))).empty());
    CHECK(r6.bed.dropped(Drop::IcmpErrorUnknown) == 1);
    const Frame6 nobodys{
        .source = kHost6, .destination = "2001:db8:cafe::66", .upper = udp6(5000, 53)};
    CHECK(r6.send(Side::Outside, error_about6(nobodys, kFarRouter6, icmp6(1, 4, 0))).empty());
    CHECK(r6.bed.dropped(Drop::IcmpErrorQuote) == 1);
    CHECK(r6.take(Side::Outside).empty());
}

TEST_CASE("route6: a host's error about an answer leaves as the host's", "[packet][route6][icmp]") {
    Route6Bed r6;
    r6.send(Side::Inside, to_world6());
    const Frame6 answer = from_world6();
    r6.send(Side::Outside, answer);
    Frame6 error = error_about6(answer, kHost6, icmp6(1, 4, 0));
    const auto out = r6.send(Side::Inside, error);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kHost6);
    CHECK(out[0].destination == kWorld6);
    CHECK(out[0].checksum_ok);
    CHECK(quote_of6(out[0]).destination == kHost6);
    // To somebody who was sent nothing nothing leaves.
    error.destination = "2001:db8:cafe::66";
    CHECK(r6.send(Side::Inside, error).empty());
    CHECK(r6.bed.dropped(Drop::IcmpErrorUnknown) == 1);
}

TEST_CASE("route6: an MTU that is told outside is told inside", "[packet][route6][icmp]") {
    Route6Bed r6;
    const bool is_fragment = GENERATE(false, true);
    Frame6 sent = to_world6(udp6(5000, 53, Bytes(96, 1)));
    if (is_fragment)
        sent.fragment(0, true, 99);
    r6.send(Side::Inside, sent);
    const auto in = r6.send(Side::Outside, error_about6(sent, kFarRouter6, icmp6(2, 0, 1400)));
    REQUIRE(in.size() == 1);
    CHECK(in[0].transport.at(0) == 2);
    CHECK(in[0].word(6) == 1400);
    CHECK(in[0].checksum_ok);
}

TEST_CASE("route6: what is larger than the next link is told its MTU, and is not cut",
          "[packet][route6][icmp]") {
    Route6Bed r6(route6_options({.inside_mtu = 1400}));
    r6.send(Side::Inside, to_world6());
    const size_t payload = 1400 - 40 - 8;
    CHECK(r6.send(Side::Outside, from_world6(udp6(53, 5000, Bytes(payload)))).size() == 1);
    CHECK(r6.send(Side::Outside, from_world6(udp6(53, 5000, Bytes(payload + 1)))).empty());
    const auto told = r6.take(Side::Outside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == kWan6);
    CHECK(told[0].destination == kWorld6);
    CHECK(told[0].transport.at(0) == 2);
    CHECK(told[0].word(6) == 1400);
    CHECK(told[0].checksum_ok);
    CHECK(quote_of6(told[0]).source == kWorld6);
    CHECK(quote_of6(told[0]).destination == kHost6);
    CHECK(r6.bed.dropped(Drop::TooBig) == 1);
    // Nor is a fragment.
    Frame6 part = from_world6(udp6(53, 5000, Bytes(payload - 8 + 8)));
    part.fragment(0, true, 5);
    CHECK(r6.send(Side::Outside, part).empty());
    CHECK(r6.bed.dropped(Drop::TooBig) == 2);
    CHECK(r6.bed.count(Count::PacketsCut) == 0);
}

TEST_CASE("route6: what is too old ends here, and its sender is told", "[packet][route6][icmp]") {
    Route6Bed r6;
    r6.send(Side::Inside, to_world6());
    const Side from = GENERATE(Side::Inside, Side::Outside);
    Frame6 frame = from == Side::Inside ? to_world6() : from_world6();
    frame.hop_limit = 1;
    CHECK(r6.send(from, frame).empty());
    const auto told = r6.take(from);
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == (from == Side::Inside ? kOwn6 : kWan6));
    CHECK(told[0].destination == frame.source);
    CHECK(told[0].transport.at(0) == 3);
    CHECK(told[0].checksum_ok);
    CHECK(quote_of6(told[0]).source == frame.source);
    CHECK(quote_of6(told[0]).destination == frame.destination);
    CHECK(r6.bed.dropped(Drop::TtlExceeded) == 1);
}

TEST_CASE("route6: a next hop that advertises nothing is told inside", "[packet][route6][icmp]") {
    TestbedOptions options =
        route6_options({}, [](config::Config& config) { config.gateway6 = v6("2001:db8:ff::9"); });
    Route6Bed r6(options, {"2001:db8:ff::9"});
    r6.bed.advance(Duration::seconds(4));
    CHECK(r6.send(Side::Inside, to_world6()).empty());
    r6.bed.advance(Duration::seconds(8));
    const auto told = r6.take(Side::Inside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == kOwn6);
    CHECK(told[0].destination == kHost6);
    CHECK(told[0].transport.at(0) == 1);
    CHECK(told[0].checksum_ok);
    CHECK(quote_of6(told[0]).destination == kWorld6);
    CHECK(r6.bed.dropped(Drop::NeighbourFailed) == 1);
}

TEST_CASE("route6: damaged packets leave damaged or not at all", "[packet][route6]") {
    Route6Bed r6;
    Frame6 frame = to_world6();
    frame.has_checksum = false;
    frame.upper.bytes[6] = 0x12;
    const auto out = r6.send(Side::Inside, frame);
    CHECK((out.empty() || !out[0].checksum_ok));
    frame.upper.bytes[6] = 0;
    CHECK(r6.send(Side::Inside, frame).empty());
}

TEST_CASE("route6: a flow is told by both addresses", "[packet][route6]") {
    Route6Bed r6;
    r6.send(Side::Inside, to_world6());
    const nat64::Naming naming = r6.bed.gateway().naming();
    const auto source = naming.source(v6(kHost6));
    const auto peer = naming.source(v6(kWorld6));
    REQUIRE(source);
    REQUIRE(peer);
    const net::Tuple tuple{*source, *peer, Be16::from_host(5000), Be16::from_host(53),
                           net::Protocol::Udp};
    const auto ends = naming.ends(tuple);
    CHECK(nat64::to_string(ends.source) == kHost6);
    CHECK(nat64::to_string(ends.destination) == kWorld6);
    CHECK(naming.usage_of_peers()->hosts == 1);
    CHECK_FALSE(naming.source(v6(kFarRouter6)));
}

TEST_CASE("route6: --deny holds, and --no-nat-inbound opens nothing", "[packet][route6]") {
    Route6Bed r6(route6_options({}, [](config::Config& config) {
        policy::Match match = routed6("2001:db8:1::/123");
        match.toward.protocol = net::Protocol::Udp;
        match.toward.ports = {53, 53};
        config.deny = {match};
        config.no_nat_inbound = true;
    }));
    CHECK(r6.send(Side::Inside, to_world6()).empty());
    CHECK(r6.bed.dropped(Drop::Denied) == 1);
    CHECK(r6.send(Side::Inside, to_world6(udp6(5000, 54))).size() == 1);
    CHECK(r6.send(Side::Outside, from_world6(udp6(1, 2))).empty());
    CHECK(r6.bed.dropped(Drop::NoMapping) == 1);
}

TEST_CASE("route6: --nat64 and --nptv6 are there beside it", "[packet][route6][nat64][nptv6]") {
    Route6Bed r6(route6_options({}, [](config::Config& config) {
        add_nat64(config);
        config.nptv6 = {
            *nat64::PrefixPair::of(prefix6("2001:db8:1:1::/64"), prefix6("2001:db8:f::/64"))};
    }));
    CHECK(r6.send(Side::Inside, to_world6()).size() == 1);
    const Frame6 to_ipv4{.source = kHost6, .destination = kServer6, .upper = udp6(5000, 53)};
    CHECK(r6.send(Side::Inside, to_ipv4).empty());
    CHECK(r6.bed.flows() == 2);
    const Frame6 to_number{
        .source = kHost6, .destination = "64:ff9b::198.19.0.20", .upper = udp6(5000, 53)};
    CHECK(r6.send(Side::Inside, to_number).empty());
    CHECK(r6.bed.dropped(Drop::Ipv6Destination) == 1);
}

TEST_CASE("route6: numbers of peers come from no wire", "[packet][route6]") {
    Route6Bed r6;
    r6.send(Side::Inside, to_world6());
    r6.bed.from_inside(Frame().ipv4(kHost, "198.19.0.20").udp(1, 2));
    r6.bed.from_outside(Frame().ipv4("198.19.0.20", kPublic).udp(1, 2));
    CHECK(r6.bed.dropped(Drop::Ipv6Number) == 2);
}

TEST_CASE("route6: where peers have no number left a packet to a new one ends by name",
          "[packet][route6]") {
    Route6Bed r6(route6_options({.flows = 1024}, [](config::Config& config) {
        config.peers = {ip("198.19.0.0"), 24};
    }));
    size_t left = 0;
    constexpr int kPeers = 400;
    for (int i = 0; i < kPeers; ++i) {
        Frame6 frame = to_world6();
        frame.destination = "2001:db8:cafe:1::" + std::to_string(1000 + i);
        left += r6.send(Side::Inside, frame).size();
    }
    CHECK(left < 240);
    CHECK(left > 100);
    CHECK(r6.bed.dropped(Drop::Ipv6PeersFull) == kPeers - left);
    CHECK(r6.send(Side::Inside, to_world6()).size() + r6.bed.dropped(Drop::Ipv6PeersFull) ==
          kPeers - left + 1);
}

TEST_CASE("route6: a peer keeps its number while a flow with it stands", "[packet][route6]") {
    Route6Bed r6;
    r6.send(Side::Inside, to_world6(tcp6(40000, 80, kSyn, 1000, 0)));
    r6.send(Side::Outside, from_world6(tcp6(80, 40000, kSyn | kAck, 5000, 1001)));
    r6.send(Side::Inside, to_world6(tcp6(40000, 80, kAck, 1001, 5001)));
    Frame6 other = to_world6();
    other.destination = "2001:db8:cafe::66";
    r6.send(Side::Inside, other);
    const auto usage = [&] { return r6.bed.gateway().naming().usage_of_peers()->hosts; };
    CHECK(usage() == 2);
    for (int minute = 0; minute < 45; ++minute) {
        r6.bed.advance(Duration::seconds(60));
        r6.settle();
    }
    CHECK(usage() == 1);
    const auto in =
        r6.send(Side::Outside, from_world6(tcp6(80, 40000, kAck, 5001, 1001, Bytes(5, 1))));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kWorld6);
}

}  // namespace route6_test
