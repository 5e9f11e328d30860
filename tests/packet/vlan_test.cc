// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// VLANs: every kind of frame has the tag of its interface, on a port for each side or on one for
/// both; what is of no interface ends by name. The testbed fails for a frame with a wrong tag.

#include "catch.h"
#include "testbed.h"

namespace vlan_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kOther = "10.1.0.20";  // its port 80 is public as kPublic:8080

void forward_to_other(config::Config& config) {
    config.forwards = {
        {Protocol::Tcp, {ip(kPublic), Be16::from_host(8080)}, {ip(kOther), Be16::from_host(80)}}};
}

/// Tags on both sides, on two ports or on one, or on one and for one side alone; in frames or in
/// the mbufs' fields.
TestbedOptions with_tags() {
    struct Row {
        const char* what;
        bool on_one_port;
        uint16_t inside, outside;
    };
    const Row row = GENERATE(values<Row>({{"two ports", false, 100, 200},
                                          {"one port", true, 100, 4094},
                                          {"one port, outside untagged", true, 1, 0},
                                          {"one port, inside untagged", true, 0, 200}}));
    const bool beside = GENERATE(false, true);
    CAPTURE(row.what, beside);
    return {.has_tags_beside = beside, .configure = [row](config::Config& config) {
                config.lans[0].at.vlan = row.inside;
                config.wans[0].at.vlan = row.outside;
                if (row.on_one_port)
                    config.lans[0].at.port = config.wans[0].at.port;
                forward_to_other(config);
                config.invalid = config::Invalid::Reject;
            }};
}

/// A testbed whose inside has the tag 100, and whose outside has none.
struct Tagged {
    Testbed bed;

    explicit Tagged(bool beside = false)
        : bed({.has_tags_beside = beside, .configure = [](config::Config& config) {
                   config.lans[0].at.vlan = 100;
                   config.wans[0].at.vlan = 0;
               }}) {}

    /// Puts a frame on the inside wire, or on the outside one, as it is.
    void put(Side side, const Bytes& frame) {
        bed.port(side).inject(frame);
        bed.run();
    }
    Frame udp(Side side) {
        const bool out = side == Side::Inside;
        return Frame()
            .ipv4(out ? kHost : kServer, out ? kServer : kPublic)
            .udp(out ? 5000 : 53, out ? 53 : 5000)
            .ether(mac_of(ip(out ? kHost : kRouter)), bed.port(side).mac());
    }
};

/// With these two bytes in the place of the EtherType, and so many more behind them.
Bytes with_type(Bytes frame, std::initializer_list<uint8_t> type) {
    frame.insert(frame.begin() + 12, type.begin(), type.end());
    return frame;
}

}  // namespace

TEST_CASE("vlan: flows pass both ways, each side with its tag", "[packet][vlan]") {
    Testbed bed(with_tags());
    const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53).payload(9));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].checksums_ok());
    CHECK(out[0].destination_mac == mac_of(ip(kRouter)));
    const auto back = bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000).payload(9));
    REQUIRE(back.size() == 1);
    CHECK(back[0].destination == kHost);
    CHECK(back[0].checksums_ok());
    CHECK(bed.take(Side::Inside).empty());
    CHECK(bed.take(Side::Outside).empty());
}

TEST_CASE("vlan: what the gateway says itself goes back with the tag it came by",
          "[packet][vlan][icmp]") {
    Testbed bed(with_tags());
    const auto inside = [&](Frame frame) {
        bed.from_inside(frame);
        return bed.take(Side::Inside);
    };
    const auto error = inside(Frame().ipv4(kHost, kServer).ttl(1).udp(5000, 53));
    REQUIRE(error.size() == 1);
    CHECK(error[0].icmp_type == 11);
    const auto echo = inside(Frame().ipv4(kHost, "10.1.0.1").echo_request(7));
    REQUIRE(echo.size() == 1);
    CHECK(echo[0].icmp_type == 0);
    const auto reset = inside(Frame().ipv4(kHost, kServer).tcp(5000, 80, kFin | kAck));
    REQUIRE(reset.size() == 1);
    CHECK((reset[0].tcp_flags & kRst) != 0);
    CHECK(bed.dropped(Drop::InvalidUntrackedFin) == 1);
    bed.from_outside(Frame().ipv4(kServer, kPublic).echo_request(7));
    CHECK(bed.take(Side::Outside).size() == 1);
}

TEST_CASE("vlan: ARP is asked and answered with tags, and addresses are announced with them",
          "[packet][vlan][arp]") {
    Testbed bed(with_tags());
    const uint64_t before = bed.count(Count::ArpSent);
    for (const auto& [side, own, asker] :
         {std::tuple{Side::Inside, "10.1.0.1", kHost}, {Side::Outside, kPublic, kRouter}}) {
        bed.inject(side, arp_request(mac_of(ip(asker)), ip(asker), ip(own)));
        bed.run();
    }
    CHECK(bed.count(Count::ArpSent) == before + 2);
    const uint64_t originated = bed.count(Count::Originated);
    bed.gateway().control().link_came(bed.now());
    bed.advance(Duration::seconds(3));
    CHECK(bed.count(Count::Originated) >= originated + 4);  // twice, on each side
}

TEST_CASE("vlan: what waits for its next hop leaves with the tag", "[packet][vlan][arp]") {
    Testbed bed(with_tags());
    bed.silent.insert("198.51.100.7");
    CHECK(bed.from_inside(Frame().ipv4(kHost, "198.51.100.7").udp(5000, 53)).empty());
    CHECK(bed.gateway().snapshot().held() == 1);
    bed.silent.clear();
    bed.advance(Duration::seconds(2));
    CHECK(bed.take(Side::Outside).size() == 1);
}

TEST_CASE("vlan: fragments pass, and what is too big is cut, with tags", "[packet][vlan]") {
    Testbed bed(with_tags());
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    const Frame reply = Frame().ipv4(kServer, kPublic).udp(53, 5000).payload(3000);
    for (const Bytes& frame :
         fragments_of(Frame(reply).ether(mac_of(ip(kRouter)), bed.port(Side::Outside).mac()), 1480))
        bed.inject(Side::Outside, frame);
    bed.run();
    CHECK(read_fragments(bed.take_frames(Side::Inside)).payload.size() == 3000);

    bed.port(Side::Inside).set_mtu(600);  // beside the tag
    const auto pieces =
        bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000).payload(1000));
    REQUIRE(pieces.size() == 2);
    CHECK(pieces[0].more_fragments);
    CHECK(pieces[1].fragment_offset + pieces[1].payload.size() == 1008);
}

TEST_CASE("vlan: the MTU does not count the tag", "[packet][vlan]") {
    Testbed bed(with_tags());
    const auto whole = bed.from_inside(
        Frame().ipv4(kHost, kServer).dont_fragment().udp(5000, 53).payload(1500 - 28));
    REQUIRE(whole.size() == 1);
    CHECK(whole[0].total_length == 1500);
    CHECK(bed.from_inside(
                 Frame().ipv4(kHost, kServer).dont_fragment().udp(5000, 53).payload(1501 - 28))
              .empty());
    CHECK(bed.dropped(Drop::TooBig) == 1);
}

TEST_CASE("vlan: a hairpin goes back inside, and a forward comes in", "[packet][vlan]") {
    Testbed bed(with_tags());
    bed.from_inside(Frame().ipv4(kHost, kPublic).tcp(5000, 8080, kSyn));
    const auto hairpin = bed.take(Side::Inside);
    REQUIRE(hairpin.size() == 1);
    CHECK(hairpin[0].destination == kOther);
    const auto inward = bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(5000, 8080, kSyn));
    REQUIRE(inward.size() == 1);
    CHECK(inward[0].destination == kOther);
}

TEST_CASE("vlan: the tag says which side a packet is from, whatever its addresses",
          "[packet][vlan][leak]") {
    Testbed bed(with_tags());
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    // The answer, by the inside's tag; and a host's packet, by the outside's.
    CHECK(bed.from_inside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).empty());
    CHECK(bed.dropped(Drop::ForeignSource) == 1);
    CHECK(bed.from_outside(Frame().ipv4(kHost, kServer).udp(5001, 53)).empty());
    CHECK(bed.dropped(Drop::OutsideSpoof) == 1);
}

TEST_CASE("vlan: workers hand packets over with their interface", "[packet][vlan]") {
    Testbed bed({.workers = 3, .configure = [](config::Config& config) {
                     config.lans[0].at = {"trunk", 100};
                     config.wans[0].at = {"trunk", 200};
                 }});
    for (uint16_t i = 0; i < 12; ++i) {
        const auto port = static_cast<uint16_t>(5000 + i % 4);
        CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).size() == 1);
        CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, port)).size() == 1);
    }
    CHECK(bed.count(Count::Handoff) > 0);
    CHECK(bed.flows() == 4);
}

TEST_CASE("vlan: a tag's priority is not looked at, and alone it is no tag", "[packet][vlan]") {
    Tagged tagged(GENERATE(false, true));
    tagged.put(Side::Inside, tagged.udp(Side::Inside).vlan(0xb000 | 100).bytes());
    CHECK(tagged.bed.take(Side::Outside).size() == 1);
    tagged.put(Side::Outside, tagged.udp(Side::Outside).vlan(0xe000).bytes());
    CHECK(tagged.bed.take(Side::Inside).size() == 1);
    CHECK(tagged.bed.gateway().snapshot().dropped() == 0);
}

TEST_CASE("vlan: a tag of no interface ends by name, and so does the lack of one",
          "[packet][vlan]") {
    Tagged tagged(GENERATE(false, true));
    for (const uint16_t other : {7, 0, 4095, 101})
        tagged.put(Side::Inside, tagged.udp(Side::Inside).vlan(other).bytes());
    CHECK(tagged.bed.dropped(Drop::UnknownVlan) == 4);
    tagged.put(Side::Inside, tagged.udp(Side::Inside).bytes());
    tagged.put(Side::Inside, arp_request(mac_of(ip(kHost)), ip(kHost), ip("10.1.0.1")));
    CHECK(tagged.bed.dropped(Drop::UnknownVlan) == 6);
    tagged.put(Side::Outside, tagged.udp(Side::Outside).vlan(100).bytes());
    CHECK(tagged.bed.dropped(Drop::UnknownVlan) == 7);
    CHECK(tagged.bed.take(Side::Outside).empty());
    CHECK(tagged.bed.take(Side::Inside).empty());
}

TEST_CASE("vlan: two tags end by name, and one of 802.1ad too", "[packet][vlan]") {
    Tagged tagged(GENERATE(false, true));
    const Bytes frame = tagged.udp(Side::Inside).bytes();
    for (const Bytes& twice : {with_type(frame, {0x81, 0, 0, 100, 0x81, 0, 0, 5}),
                               with_type(frame, {0x81, 0, 0, 100, 0x88, 0xa8, 0, 5}),
                               with_type(frame, {0x81, 0, 0, 0, 0x81, 0, 0, 100}),
                               with_type(frame, {0x88, 0xa8, 0, 100}),
                               with_type(frame, {0x88, 0xa8, 0, 7, 0x81, 0, 0, 100})})
        tagged.put(Side::Inside, twice);
    CHECK(tagged.bed.dropped(Drop::Qinq) == 5);
    CHECK(tagged.bed.take(Side::Outside).empty());
}

TEST_CASE("vlan: a frame that ends within its tag is cut short", "[packet][vlan]") {
    Tagged tagged;
    Bytes frame = tagged.udp(Side::Inside).vlan(100).bytes();
    for (const size_t bytes : {12, 14, 16, 17}) {
        frame.resize(bytes);
        tagged.put(Side::Inside, frame);
        frame = tagged.udp(Side::Inside).vlan(100).bytes();
    }
    CHECK(tagged.bed.dropped(Drop::Truncated) == 4);
    tagged.put(Side::Inside, frame);
    CHECK(tagged.bed.take(Side::Outside).size() == 1);
}

}  // namespace vlan_test
