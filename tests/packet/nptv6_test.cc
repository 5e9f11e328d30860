// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// NPTv6: IPv6 hosts inside have addresses of another prefix outside, and nothing else of them
/// leaves.

#include "bed_with_nptv6.h"
#include "catch.h"
#include "gateway/interfaces.h"
#include "ipv6_addresses.h"

namespace nptv6_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

Frame6 to_host(Upper upper = udp6(53, 5000)) {
    return {.source = kWorld6, .destination = kMapped6, .upper = std::move(upper)};
}

/// An error of a router about what was sent.
Frame6 error_about(const Frame6& sent, const std::string& source, const std::string& destination) {
    return {.source = source, .destination = destination, .upper = icmp6(1, 4, 0, sent.ip_bytes())};
}

}  // namespace

TEST_CASE("nptv6: a packet leaves with the other prefix, and as it is otherwise",
          "[packet][nptv6][rfc6296]") {
    Nptv6Bed npt(nptv6_options({.workers = GENERATE(1u, 2u)}));
    Frame6 frame = to_world6(tcp6(40000, 80, kSyn, 1000, 0, Bytes(11, 0x61)));
    frame.traffic_class = 0xb9;
    const auto out = npt.send(Side::Inside, frame);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kMapped6);
    CHECK(out[0].destination == kWorld6);
    CHECK(out[0].destination_mac == mac_of6(kGateway6));
    CHECK(out[0].source_mac == npt.bed.port(Side::Outside).mac());
    CHECK(out[0].hop_limit == 63);
    CHECK(out[0].traffic_class == 0xb9);
    CHECK(out[0].checksum_ok);
    Bytes before = frame.ip_bytes();
    CHECK(out[0].transport == Bytes(before.begin() + 40, before.end()));  // its checksum too
    CHECK(npt.bed.flows() == 0);
}

TEST_CASE("nptv6: a packet is counted by the IPv6 sides of both ports", "[packet][nptv6]") {
    Nptv6Bed npt;
    npt.send(Side::Inside, to_world6());  // whoever is to be known is
    const auto names = gateway::names_of(npt.bed.gateway().interfaces());
    const auto before = npt.bed.gateway().snapshot().interfaces;
    npt.send(Side::Inside, to_world6());
    const auto after = npt.bed.gateway().snapshot().interfaces;
    for (size_t i = 0; i < names.size(); ++i) {
        CAPTURE(names[i].name);
        CHECK(after[i].in.packets - before[i].in.packets == (names[i].name == "lan-ipv6" ? 1 : 0));
        CHECK(after[i].out.packets - before[i].out.packets ==
              (names[i].name == "wan-ipv6" ? 1 : 0));
    }
    CHECK(names.back().name == "wan-ipv6");
}

TEST_CASE("nptv6: a packet to a mapped address reaches its host, be it the first",
          "[packet][nptv6][rfc6296]") {
    Nptv6Bed npt;
    const auto in = npt.send(Side::Outside, to_host());
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kWorld6);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].destination_mac == mac_of6(kHost6));
    CHECK(in[0].hop_limit == 63);
    CHECK(in[0].checksum_ok);
    CHECK(npt.solicited[index(Side::Inside)].size() == 1);
}

TEST_CASE("nptv6: --nat64 is there beside it, or is not", "[packet][nptv6][nat64]") {
    const bool has_nat64 = GENERATE(true, false);
    Nptv6Bed npt(has_nat64 ? nptv6_options({}, add_nat64) : nptv6_options());
    CHECK(npt.send(Side::Inside, to_world6()).size() == 1);
    const Frame6 to_ipv4{.source = kHost6, .destination = kServer6, .upper = udp6(5000, 53)};
    CHECK(npt.send(Side::Inside, to_ipv4).size() == (has_nat64 ? 0 : 1));
    CHECK(npt.bed.flows() == (has_nat64 ? 1 : 0));
    const Frame6 to_private{
        .source = kHost6, .destination = "64:ff9b::10.9.9.9", .upper = udp6(5000, 53)};
    CHECK(npt.send(Side::Inside, to_private).size() == (has_nat64 ? 0 : 1));
}

TEST_CASE("nptv6: the next hop outside is solicited from the link-local address",
          "[packet][nptv6][rfc4861]") {
    Nptv6Bed npt;
    const auto& asked = npt.solicited[index(Side::Outside)];
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].source == kOutsideLinkLocal);
    CHECK(asked[0].destination == "ff02::1:ff00:1");
    CHECK(text6(&asked[0].transport.at(8)) == kGateway6);
    CHECK(asked[0].hop_limit == 255);
    CHECK(asked[0].checksum_ok);
}

TEST_CASE("nptv6: who asks outside for an own address is told, for a mapped one not",
          "[packet][nptv6][rfc4861]") {
    Nptv6Bed npt;
    const std::string target = GENERATE(kWan6, kOutsideLinkLocal, kMapped6, kOwn6, kOwnLinkLocal);
    const bool is_own = target == kWan6 || target == kOutsideLinkLocal;
    Frame6 question{.source = kGateway6,
                    .destination = target,
                    .upper = neighbour6(135, target, mac_of6(kGateway6)),
                    .hop_limit = 255};
    CHECK(npt.send(Side::Outside, question).empty());
    const auto answers = npt.take(Side::Outside);
    REQUIRE(answers.size() == (is_own ? 1 : 0));
    if (is_own) {
        CHECK(answers[0].source == target);
        CHECK(answers[0].destination == kGateway6);
        CHECK(answers[0].transport.at(0) == 136);
        CHECK(answers[0].checksum_ok);
    }
    CHECK(npt.bed.dropped(Drop::MulticastOrBroadcast) == (is_own ? 0 : 1));
}

TEST_CASE("nptv6: routers outside cannot say where to go", "[packet][nptv6][rfc4861]") {
    Nptv6Bed npt;
    npt.send(Side::Outside, {.source = "fe80::1",
                             .destination = kOutsideLinkLocal,
                             .upper = icmp6(134, 0, 0x40000708, Bytes(8)),
                             .hop_limit = 255});
    CHECK(npt.bed.dropped(Drop::MulticastOrBroadcast) == 1);
    npt.send(Side::Outside, {.source = "fe80::1",
                             .destination = kOutsideLinkLocal,
                             .upper = icmp6(137, 0, 0, Bytes(32)),
                             .hop_limit = 255});
    CHECK(npt.bed.dropped(Drop::IcmpRedirect) == 1);
}

TEST_CASE("nptv6: no other host's advertisement is heard outside", "[packet][nptv6][rfc4861]") {
    Nptv6Bed npt;
    npt.send(Side::Outside, {.source = kWorld6,
                             .destination = kOutsideLinkLocal,
                             .upper = neighbour6(136, kHost6, mac(0x66)),
                             .hop_limit = 255});
    CHECK(npt.bed.dropped(Drop::MulticastOrBroadcast) == 1);
    const auto in = npt.send(Side::Outside, to_host());
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination_mac == mac_of6(kHost6));
}

TEST_CASE("nptv6: pings to the own outside address are answered, nothing else to it",
          "[packet][nptv6][icmp]") {
    Nptv6Bed npt;
    const std::string own = GENERATE(kWan6, kOutsideLinkLocal);
    CHECK(npt.send(Side::Outside,
                   {.source = kWorld6, .destination = own, .upper = icmp6(128, 0, 0x10007)})
              .empty());
    const auto out = npt.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == own);
    CHECK(out[0].destination == kWorld6);
    CHECK(out[0].destination_mac == mac_of6(kGateway6));
    CHECK(out[0].transport.at(0) == 129);
    CHECK(out[0].word(6) == 7);
    CHECK(out[0].checksum_ok);
    npt.send(Side::Outside, {.source = kWorld6, .destination = own, .upper = udp6(1, 2)});
    npt.send(Side::Inside, {.source = kHost6, .destination = kWan6, .upper = udp6(1, 2)});
    CHECK(npt.bed.dropped(Drop::ToGateway) == 2);
    CHECK(npt.take(Side::Outside).empty());
}

TEST_CASE("nptv6: an error from outside names the host as it is inside",
          "[packet][nptv6][icmp][rfc6296]") {
    Nptv6Bed npt;
    const Frame6 left{.source = kMapped6, .destination = kWorld6, .upper = udp6(5000, 53)};
    const auto in = npt.send(Side::Outside, error_about(left, kFarRouter6, kMapped6));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kFarRouter6);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].transport.at(0) == 1);
    CHECK(in[0].checksum_ok);
    const Seen6 quoted = quote_of6(in[0]);
    CHECK(quoted.source == kHost6);
    CHECK(quoted.destination == kWorld6);
    CHECK(quoted.checksum_ok);
}

TEST_CASE("nptv6: an error from inside names the host as it is outside",
          "[packet][nptv6][icmp][rfc6296]") {
    Nptv6Bed npt;
    const Frame6 came{.source = kWorld6, .destination = kHost6, .upper = udp6(53, 5000)};
    const std::string teller = GENERATE(kHost6, kOther6);
    const auto out = npt.send(Side::Inside, error_about(came, teller, kWorld6));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == (teller == kHost6 ? kMapped6 : kOtherMapped6));
    CHECK(out[0].checksum_ok);
    const Seen6 quoted = quote_of6(out[0]);
    CHECK(quoted.source == kWorld6);
    CHECK(quoted.destination == kMapped6);
    CHECK(quoted.checksum_ok);
}

TEST_CASE("nptv6: an error that quotes no packet of its way ends here", "[packet][nptv6][icmp]") {
    Nptv6Bed npt;
    const Frame6 own = to_world6();
    const Frame6 within{.source = kOther6, .destination = kHost6, .upper = udp6(5000, 53)};
    CHECK(npt.send(Side::Inside, error_about(own, kHost6, kWorld6)).empty());
    CHECK(npt.send(Side::Inside, error_about(within, kHost6, kWorld6)).empty());
    CHECK(npt.send(Side::Outside, error_about(own, kFarRouter6, kMapped6)).empty());
    Frame6 cut = error_about(to_world6(), kFarRouter6, kMapped6);
    cut.upper.bytes.resize(8 + 39);
    CHECK(npt.send(Side::Outside, cut).empty());
    CHECK(npt.bed.dropped(Drop::IcmpErrorQuote) == 4);
}

TEST_CASE("nptv6: extensions of an error that leaves stay inside", "[packet][nptv6][icmp]") {
    Nptv6Bed npt;
    const Frame6 came{.source = kWorld6, .destination = kHost6, .upper = udp6(53, 5000)};
    Bytes quote = came.ip_bytes();
    quote.resize(128);
    Bytes with_extension = quote;
    with_extension.insert(with_extension.end(), {0x20, 0, 0, 0, 0, 20, 2, 2});
    for (const uint8_t byte : ip6(kOwn6))
        with_extension.push_back(byte);
    const Upper error = icmp6(3, 0, 16u << 24, with_extension);
    const auto out =
        npt.send(Side::Inside, {.source = kHost6, .destination = kWorld6, .upper = error});
    REQUIRE(out.size() == 1);
    CHECK(out[0].payload_length == 8 + 128);
    CHECK(out[0].transport.size() == 8 + 128);
    CHECK(out[0].transport.at(4) == 0);
    CHECK(out[0].checksum_ok);
    Frame6 damaged{.source = kHost6, .destination = kWorld6, .upper = error};
    damaged.has_checksum = false;
    CHECK(npt.send(Side::Inside, damaged).empty());
    CHECK(npt.bed.dropped(Drop::TransportChecksum) == 1);
}

TEST_CASE("nptv6: what is too old ends here, and its sender is told", "[packet][nptv6][icmp]") {
    Nptv6Bed npt;
    const Side from = GENERATE(Side::Inside, Side::Outside);
    Frame6 frame = from == Side::Inside ? to_world6() : to_host();
    frame.hop_limit = 1;
    CHECK(npt.send(from, frame).empty());
    const auto told = npt.take(from);
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == (from == Side::Inside ? kOwn6 : kWan6));
    CHECK(told[0].destination == frame.source);
    CHECK(told[0].transport.at(0) == 3);
    CHECK(told[0].transport.at(1) == 0);
    CHECK(told[0].checksum_ok);
    CHECK(Bytes(told[0].transport.begin() + 8, told[0].transport.end()) == frame.ip_bytes());
    CHECK(npt.bed.dropped(Drop::TtlExceeded) == 1);
    CHECK(npt.bed.count(Count::IcmpErrors) == 1);
}

TEST_CASE("nptv6: errors are never told about errors", "[packet][nptv6][icmp]") {
    Nptv6Bed npt;
    Frame6 error = error_about(to_world6(), kFarRouter6, kMapped6);
    error.hop_limit = 1;
    npt.send(Side::Outside, error);
    CHECK(npt.bed.dropped(Drop::TtlExceeded) == 1);
    CHECK(npt.take(Side::Outside).empty());
}

TEST_CASE("nptv6: one host is told no more than ten errors a second", "[packet][nptv6][icmp]") {
    Nptv6Bed npt;
    Frame6 frame = to_world6();
    frame.hop_limit = 1;
    for (int i = 0; i < 40; ++i)
        npt.send(Side::Inside, frame);
    CHECK(npt.bed.dropped(Drop::TtlExceeded) == 40);
    CHECK(npt.take(Side::Inside).size() < 40);
    CHECK(npt.bed.count(Count::IcmpErrors) + npt.bed.count(Count::IcmpSuppressed) == 40);
}

TEST_CASE("nptv6: what is larger than the next link is told its MTU", "[packet][nptv6][icmp]") {
    Nptv6Bed npt(nptv6_options({.inside_mtu = 1400}));
    const size_t payload = 1400 - 40 - 8;
    CHECK(npt.send(Side::Outside, to_host(udp6(53, 5000, Bytes(payload)))).size() == 1);
    CHECK(npt.send(Side::Outside, to_host(udp6(53, 5000, Bytes(payload + 1)))).empty());
    const auto told = npt.take(Side::Outside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].transport.at(0) == 2);
    CHECK(told[0].word(6) == 1400);
    CHECK(told[0].transport.size() + 40 == 1280);
    CHECK(told[0].checksum_ok);
    CHECK(npt.bed.dropped(Drop::TooBig) == 1);
}

TEST_CASE("nptv6: fragments and what has no transport pass", "[packet][nptv6][rfc6296]") {
    Nptv6Bed npt;
    Frame6 frame = to_world6(icmp6(128, 0, 1, Bytes(32, 3)));
    SECTION("a first fragment") {
        frame.fragment(0, true, 77);
    }
    SECTION("a later fragment") {
        frame.fragment(40, false, 77);
        frame.is_later_fragment = true;
    }
    SECTION("no next header") {
        frame.upper.protocol = 59;
        frame.has_checksum = false;
    }
    const auto out = npt.send(Side::Inside, frame);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kMapped6);
    CHECK(npt.bed.dropped(Drop::Ipv6Untranslatable) == 0);
}

TEST_CASE("nptv6: a host that advertises nothing is reported unreachable",
          "[packet][nptv6][icmp]") {
    Nptv6Bed npt;
    npt.bed.silent = {kHost6};
    const Frame6 question = to_host();
    CHECK(npt.send(Side::Outside, question).empty());
    npt.bed.advance(Duration::seconds(4));
    const auto told = npt.take(Side::Outside);
    CHECK(npt.bed.dropped(Drop::NeighbourFailed) == 1);
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == kWan6);
    CHECK(told[0].destination == kWorld6);
    CHECK(told[0].destination_mac == mac_of6(kGateway6));
    CHECK(told[0].transport.at(0) == 1);
    CHECK(told[0].transport.at(1) == 3);
    CHECK(told[0].checksum_ok);
    CHECK(Bytes(told[0].transport.begin() + 8, told[0].transport.end()) == question.ip_bytes());
}

TEST_CASE("nptv6: a next hop that advertises nothing is told inside", "[packet][nptv6][icmp]") {
    TestbedOptions options =
        nptv6_options({}, [](config::Config& config) { config.gateway6 = v6("2001:db8:ff::9"); });
    Nptv6Bed npt(options, {"2001:db8:ff::9"});
    npt.bed.advance(Duration::seconds(4));
    CHECK(npt.send(Side::Inside, to_world6()).empty());
    npt.bed.advance(Duration::seconds(8));
    const auto told = npt.take(Side::Inside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == kOwn6);
    CHECK(told[0].destination == kHost6);
    CHECK(told[0].transport.at(0) == 1);
    CHECK(told[0].transport.at(1) == 3);
    CHECK(told[0].checksum_ok);
    CHECK(quote_of6(told[0]).source == kHost6);
    CHECK(quote_of6(told[0]).hop_limit == 64);
    CHECK(npt.bed.dropped(Drop::NeighbourFailed) == 1);
}

TEST_CASE("nptv6: no source inside leaves that no pair has", "[packet][nptv6]") {
    Nptv6Bed npt(nptv6_options({}, [](config::Config& config) {
        config.nptv6 = {*nat64::PrefixPair::of(prefix6("2001:db8:1:8000::/49"),
                                               prefix6("2001:db8:f:8000::/49"))};
    }));
    CHECK(npt.send(Side::Inside, to_world6()).empty());
    CHECK(npt.bed.dropped(Drop::Ipv6Destination) == 1);
    CHECK(npt.send(Side::Inside, {.source = kWorld6, .destination = kWorld6, .upper = udp6(1, 2)})
              .empty());
    CHECK(npt.bed.dropped(Drop::Ipv6Source) == 1);
}

TEST_CASE("nptv6: to a host inside, and beyond no link, nothing crosses", "[packet][nptv6]") {
    Nptv6Bed npt;
    const std::string to =
        GENERATE(as<std::string>{}, kOther6, "2001:db8:1:7::1", "fe80::7", "::1");
    CHECK(
        npt.send(Side::Inside, {.source = kHost6, .destination = to, .upper = udp6(1, 2)}).empty());
    CHECK(npt.bed.dropped(Drop::Ipv6Destination) == 1);
}

TEST_CASE("nptv6: from outside only mapped addresses are reached, by nobody's of inside",
          "[packet][nptv6]") {
    struct Row {
        std::string source;
        std::string destination;
        Drop reason;
    };
    const Row row = GENERATE(values<Row>({
        {kWorld6, kHost6, Drop::OutsideToInside},
        {kWorld6, "2001:db8:77::1", Drop::NotOurs},
        {kHost6, kMapped6, Drop::OutsideSpoof},
        {kOtherMapped6, kMapped6, Drop::OutsideSpoof},
        {kWan6, kMapped6, Drop::OutsideSpoof},
        {"fe80::1", kMapped6, Drop::MartianSource},
        {"::", kMapped6, Drop::MartianSource},
        {kWorld6, "2001:db8:f:fff1::1", Drop::ToGateway},
        {kWorld6, "2001:db8:f:fff1::", Drop::ToGateway},
        {kWorld6, "2001:db8:f:1::1", Drop::NoRoute},
        {kWorld6, "2001:db8:f:ffff::1", Drop::Ipv6Unmapped},
    }));
    CAPTURE(row.source, row.destination);
    Nptv6Bed npt;
    CHECK(npt.send(Side::Outside,
                   {.source = row.source, .destination = row.destination, .upper = udp6(1, 2)})
              .empty());
    CHECK(npt.bed.dropped(row.reason) == 1);
    const bool is_told = row.reason == Drop::NoRoute || row.reason == Drop::Ipv6Unmapped;
    const auto told = npt.take(Side::Outside);
    REQUIRE(told.size() == (is_told ? 1 : 0));
    if (is_told) {
        CHECK(told[0].source == kWan6);
        CHECK(told[0].transport.at(0) == 1);
        CHECK(told[0].checksum_ok);
    }
}

TEST_CASE("nptv6: a host reaches another by its outside address", "[packet][nptv6][hairpin]") {
    Nptv6Bed npt;
    npt.send(Side::Inside, {.source = kHost6, .destination = kOtherMapped6, .upper = udp6(1, 2)});
    auto in = npt.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kMapped6);
    CHECK(in[0].destination == kOther6);
    CHECK(in[0].destination_mac == mac_of6(kOther6));
    CHECK(in[0].checksum_ok);
    // And its error about that goes back likewise.
    const Frame6 came{.source = kMapped6, .destination = kOther6, .upper = udp6(1, 2)};
    npt.send(Side::Inside, error_about(came, kOther6, kMapped6));
    in = npt.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kOtherMapped6);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].checksum_ok);
    CHECK(quote_of6(in[0]).source == kHost6);
    CHECK(quote_of6(in[0]).destination == kOtherMapped6);
}

TEST_CASE("nptv6: hosts behind a router are reached by it", "[packet][nptv6]") {
    Nptv6Bed npt(nptv6_options({}, [](config::Config& config) {
        config.routes = {route6("2001:db8:1:2::/64", "fe80::9")};
    }));
    // 2001:db8:1:2::5, whose subnet is 2 - 14 outside.
    const auto in =
        npt.send(Side::Outside,
                 {.source = kWorld6, .destination = "2001:db8:f:fff3::5", .upper = udp6(53, 5000)});
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "2001:db8:1:2::5");
    CHECK(in[0].destination_mac == mac_of6("fe80::9"));
    const auto out =
        npt.send(Side::Inside,
                 {.source = "2001:db8:1:2::5", .destination = kWorld6, .upper = udp6(5000, 53)});
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == "2001:db8:f:fff3::5");
}

TEST_CASE("nptv6: who scans the prefix has few hosts solicited in a second", "[packet][nptv6]") {
    Nptv6Bed npt;
    for (int i = 0; i < 50; ++i)
        npt.send(Side::Outside, {.source = kWorld6,
                                 .destination = "2001:db8:f:fff1::1:" + std::to_string(1000 + i),
                                 .upper = udp6(1, 2)});
    CHECK(npt.solicited[index(Side::Inside)].size() == 16);
    CHECK(npt.bed.dropped(Drop::Ipv6NewHosts) == 34);
    npt.send(Side::Inside, to_world6());  // who is heard is known
    CHECK(npt.send(Side::Outside, to_host()).size() == 1);
}

TEST_CASE("nptv6: nobody outside has an address behind the prefix of NAT64", "[packet][nptv6]") {
    Nptv6Bed npt(nptv6_options({}, add_nat64));
    const Frame6 frame{.source = kServer6, .destination = kMapped6, .upper = udp6(53, 1)};
    CHECK(npt.send(Side::Outside, frame).empty());
    CHECK(npt.bed.dropped(Drop::OutsideSpoof) == 1);
}

TEST_CASE("nptv6: the padding of a short frame goes no further", "[packet][nptv6]") {
    Nptv6Bed npt;
    Bytes padded = npt.addressed(Side::Inside, to_world6(udp6(1, 2, {}))).bytes();
    padded.resize(padded.size() + 9, 0x99);
    npt.bed.inject(Side::Inside, padded);
    npt.settle();
    const auto out = npt.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].transport.size() == 8);
}

}  // namespace nptv6_test
