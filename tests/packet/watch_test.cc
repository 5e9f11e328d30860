// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is told of packets to whoever watches them: each once, as it came, with what became of it.

#include "watch.h"

#include "catch.h"
#include "conntrack/tcp_state.h"
#include "testbed.h"

#include <algorithm>

namespace watch_test {

using namespace sluice;
using namespace sluice::test;
using conntrack::TcpState;
using net::Direction;
using net::Side;
using observe::Outcome;
using observe::PacketEntry;
using observe::Way;
using observe::Which;
using observe::Wish;
using stats::Drop;

namespace {

constexpr auto kNobody = "10.1.0.99";
constexpr auto kSilent = "198.51.100.77";  // on the outside wire

Frame from_host() {
    return Frame().ether(mac_of(ip(kHost)), mac(0x11)).ipv4(kHost, kServer);
}

Frame segment(uint8_t flags) {
    return from_host().tcp(40000, 80, flags);
}

net::TupleFilter from(const char* source) {
    net::TupleFilter filter;
    filter.source = net::Prefix{ip(source), 32};
    return filter;
}

/// The gateway knows the MACs on both sides then, so that nothing waits for them.
void warm_up(Testbed& bed) {
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(1, 9)).size() == 1);
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(9, 1)).size() == 1);
}

}  // namespace

TEST_CASE("watch: a packet that passes is told once, as it came", "[packet][watch]") {
    const unsigned workers = GENERATE(1U, 2U);
    Testbed bed({.workers = workers});
    warm_up(bed);
    Watcher watcher(bed);
    const Bytes sent = segment(kSyn).bytes();
    bed.inject(Side::Inside, sent);
    bed.run();
    REQUIRE(bed.take(Side::Outside).size() == 1);
    const auto [entry, frame] = watcher.only();
    CHECK(frame == sent);
    CHECK(entry.length == sent.size());
    CHECK(entry.way == Way::In);
    CHECK(entry.outcome == Outcome::Sent);
    CHECK(entry.from == 0);
    CHECK(entry.to == 1);
    CHECK(entry.next_mac == mac_of(ip(kRouter)));
    REQUIRE(entry.has_flow);
    CHECK(entry.is_new);
    CHECK(entry.direction == Direction::Original);
    CHECK(entry.flow[0].source == ip(kHost));
    CHECK(entry.flow[1].destination == ip(kPublic));
    CHECK(entry.state_before == index(TcpState::None));
    CHECK(entry.state_after == index(TcpState::SynSent));
}

TEST_CASE("watch: an answer is told with its flow and the states around it", "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    REQUIRE(bed.from_inside(segment(kSyn).seq(100)).size() == 1);
    Watcher watcher(bed);
    REQUIRE(bed.from_outside(
                   Frame().ipv4(kServer, kPublic).tcp(80, 40000, kSyn | kAck).seq(900).ack(101))
                .size() == 1);
    const PacketEntry entry = watcher.only().entry;
    REQUIRE(entry.has_flow);
    CHECK_FALSE(entry.is_new);
    CHECK(entry.direction == Direction::Reply);
    CHECK(entry.tuple.destination == ip(kPublic));
    CHECK(entry.state_before == index(TcpState::SynSent));
    CHECK(entry.state_after == index(TcpState::SynRecv));
}

TEST_CASE("watch: of one burst each packet has the states of its own turn", "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    Watcher watcher(bed);
    for (int i = 0; i < 3; ++i)
        bed.inject(Side::Inside, segment(i == 2 ? kFin | kAck : kSyn).bytes());
    bed.run();
    const auto told = watcher.take();
    REQUIRE(told.size() == 3);
    CHECK(told[0].entry.is_new);
    CHECK_FALSE(told[1].entry.is_new);
    CHECK(told[1].entry.state_before == index(TcpState::SynSent));
    CHECK(told[2].entry.outcome == Outcome::Dropped);
    CHECK(told[2].entry.reason == Drop::InvalidTransition);
    CHECK(told[2].entry.has_flow);
    CHECK(told[2].frame == segment(kFin | kAck).bytes());
}

TEST_CASE("watch: who asks for drops is told of them alone", "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    Watcher all(bed, {.which = Which::Dropped});
    Watcher fins(bed, {.which = Which::Dropped, .reason = Drop::InvalidUntrackedFin});
    REQUIRE(bed.from_inside(segment(kSyn)).size() == 1);
    bed.inject(Side::Inside, from_host().tcp(40001, 80, kFin | kAck).bytes());
    bed.inject(Side::Inside, from_host().tcp(40001, 80, kRst).bytes());
    bed.run();
    const auto told = all.take();
    REQUIRE(told.size() == 2);
    CHECK(told[0].entry.reason == Drop::InvalidUntrackedFin);
    CHECK(told[0].frame == from_host().tcp(40001, 80, kFin | kAck).bytes());
    CHECK_FALSE(told[0].entry.has_flow);
    CHECK(told[1].entry.reason == Drop::InvalidUntrackedRst);
    CHECK(fins.only().entry.reason == Drop::InvalidUntrackedFin);
}

TEST_CASE("watch: what parsing refuses is told too", "[packet][watch]") {
    Testbed bed;
    Watcher watcher(bed, {.which = Which::Dropped});
    Bytes frame = segment(kSyn).bytes();
    frame[14] = 0x65;  // version 6
    bed.inject(Side::Inside, frame);
    bed.inject(Side::Inside, {1, 2, 3});
    bed.run();
    const auto told = watcher.take();
    REQUIRE(told.size() == 2);
    CHECK(told[0].entry.reason == Drop::IpVersion);
    CHECK(told[0].frame == frame);
    CHECK(told[1].entry.reason == Drop::Truncated);
    CHECK_FALSE(told[1].entry.has_tuple);
}

TEST_CASE("watch: a packet that is dropped after its translation is told as it came",
          "[packet][watch]") {
    const Which which = GENERATE(Which::Coming, Which::Dropped);
    CAPTURE(int(which));
    Testbed bed;
    REQUIRE(bed.from_inside(segment(kSyn)).size() == 1);
    bed.port(Side::Outside).limit_transmit(0);
    Watcher watcher(bed, {.which = which});
    const Bytes sent = segment(kSyn).bytes();
    bed.inject(Side::Inside, sent);
    bed.run();
    const auto [entry, frame] = watcher.only();
    CHECK(entry.outcome == Outcome::Dropped);
    CHECK(entry.reason == Drop::TxFull);
    CHECK_FALSE(entry.is_translated);
    CHECK(frame == sent);
    CHECK(entry.tuple.source == ip(kHost));
}

TEST_CASE("watch: a tag that a packet has got already is not told as if it had come with it",
          "[packet][watch][vlan]") {
    Testbed bed({.configure = [](config::Config& config) { config.wans[0].at.vlan = 200; }});
    warm_up(bed);
    Watcher drops(bed, {.which = Which::Dropped});
    Watcher all(bed, {.which = Which::Both});
    const Bytes sent = from_host().udp(5000, 53).payload(600).bytes();
    bed.inject(Side::Inside, sent);
    bed.run();
    const auto told = all.take();
    REQUIRE(told.size() == 2);
    CHECK(told[0].frame == sent);
    CHECK(told[0].entry.to == 1);
    CHECK(told[1].entry.to == 1);

    bed.port(Side::Outside).limit_transmit(0);
    bed.inject(Side::Inside, sent);
    bed.run();
    const auto [entry, frame] = drops.only();
    CHECK(entry.reason == Drop::TxFull);
    CHECK(entry.length == sent.size());
    CHECK(frame == sent);
}

TEST_CASE("watch: what leaves is told as it leaves, and only if it does", "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    Watcher watcher(bed, {.which = Which::Leaving});
    bed.inject(Side::Inside, segment(kSyn).bytes());
    bed.run();
    const auto left = bed.take_frames(Side::Outside);
    REQUIRE(left.size() == 1);
    const auto [entry, frame] = watcher.only();
    CHECK(entry.way == Way::Out);
    CHECK(entry.to == 1);
    CHECK(frame == bed.on_cable(Side::Outside, left.front()));
    CHECK(entry.flow[0].source == ip(kHost));

    bed.port(Side::Outside).limit_transmit(0);
    bed.inject(Side::Inside, segment(kSyn).bytes());
    bed.run();
    CHECK(watcher.take().empty());
}

TEST_CASE("watch: a packet that waits for a MAC is told so, and what becomes of it afterwards",
          "[packet][watch]") {
    Testbed bed;
    bed.silent.insert(kSilent);
    Watcher all(bed);
    Watcher drops(bed, {.which = Which::Dropped, .filter = from(kHost)});
    CHECK(bed.from_inside(Frame().ipv4(kHost, kSilent).udp(5000, 53)).empty());
    const auto told = all.take();
    const auto waiting = std::find_if(told.begin(), told.end(), [](const Told& one) {
        return one.entry.outcome == Outcome::Waiting;
    });
    REQUIRE(waiting != told.end());
    CHECK(waiting->entry.next_hop == ip(kSilent));
    CHECK(waiting->entry.tuple.source == ip(kHost));

    bed.advance(Duration::seconds(10));
    REQUIRE(bed.dropped(Drop::NeighbourFailed) == 1);
    const PacketEntry dropped = drops.only().entry;
    CHECK(dropped.reason == Drop::NeighbourFailed);
    CHECK(dropped.is_translated);
    CHECK(dropped.tuple.source == ip(kPublic));
    REQUIRE(dropped.has_flow);
    CHECK(dropped.flow[0].source == ip(kHost));
}

TEST_CASE("watch: a filter selects by the flow's original tuple, in both directions",
          "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    Watcher host(bed, {.which = Which::Both, .filter = from(kHost)});
    Watcher nobody(bed, {.which = Which::Both, .filter = from(kNobody)});
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    REQUIRE(bed.from_inside(Frame().ipv4("10.1.0.20", kServer).udp(1, 9)).size() == 1);
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).size() == 1);
    CHECK(host.take().size() == 4);
    CHECK(nobody.take().empty());
}

TEST_CASE("watch: a packet of no flow is of whoever its tuple names", "[packet][watch]") {
    Testbed bed;
    Watcher watcher(bed, {.which = Which::Dropped, .filter = from(kServer)});
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(80, 4, kSyn)).empty());
    bed.inject(Side::Inside, segment(kFin | kAck).bytes());
    bed.inject(Side::Inside,
               from_host().ipv4(kHost, "203.0.113.99").tcp(4, 80, kFin | kAck).bytes());
    bed.run();
    CHECK(watcher.take().size() == 2);
}

TEST_CASE("watch: no more of a frame is told than is asked for", "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    Watcher watcher(bed, {.snaplen = 20});
    const Bytes sent = from_host().udp(5000, 53).payload(400).bytes();
    bed.inject(Side::Inside, sent);
    bed.run();
    const auto [entry, frame] = watcher.only();
    CHECK(frame == Bytes(sent.begin(), sent.begin() + 20));
    CHECK(entry.length == sent.size());
    CHECK(entry.tuple.source_port.host() == 5000);
}

TEST_CASE("watch: pings to the gateway and ARP are told", "[packet][watch]") {
    Testbed bed;
    Watcher watcher(bed);
    bed.inject(Side::Inside, from_host().ipv4(kHost, "10.1.0.1").echo_request(7).bytes());
    bed.run();
    const auto [entry, frame] = watcher.only();
    CHECK(entry.outcome == Outcome::Answered);
    CHECK(entry.tuple.source == ip(kHost));

    bed.inject(Side::Outside, arp_reply(mac_of(ip(kRouter)), ip(kRouter), mac(0x22), ip(kPublic)));
    bed.run();
    CHECK(watcher.only().entry.outcome == Outcome::Consumed);
}

TEST_CASE("watch: fragments are told as they came, those that waited too", "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    Watcher watcher(bed);
    const Bytes second =
        Frame(from_host()).id(9).protocol(17).payload(64).fragment(24, false).bytes();
    const Bytes first = from_host().id(9).udp(5000, 53).payload(16).fragment(0, true).bytes();
    bed.inject(Side::Inside, second);
    bed.inject(Side::Inside, first);
    bed.run();
    REQUIRE(bed.take(Side::Outside).size() == 2);
    const auto told = watcher.take();
    REQUIRE(told.size() == 2);
    CHECK(told[0].frame == second);
    CHECK(told[1].frame == first);
}

TEST_CASE("watch: a fragment whose first one does not come is told as it came", "[packet][watch]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.fragments.timeout = Duration::seconds(5);
    }});
    warm_up(bed);
    Watcher watcher(bed);
    const Bytes second =
        Frame(from_host()).id(9).protocol(17).payload(64).fragment(24, false).bytes();
    bed.inject(Side::Inside, second);
    bed.advance(Duration::seconds(6));
    const auto [entry, frame] = watcher.only();
    CHECK(entry.outcome == Outcome::Dropped);
    CHECK(entry.reason == stats::Drop::FragmentTimeout);
    CHECK_FALSE(entry.is_translated);
    CHECK(frame == second);
}

TEST_CASE("watch: an ICMP error is told as it came, with the flow that it is about",
          "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    Watcher watcher(bed);
    const Bytes error =
        Frame()
            .ether(mac_of(ip(kRouter)), mac(0x22))
            .ipv4("192.0.2.1", kPublic)
            .icmp_error(3, 1, Frame().ipv4(kPublic, kServer).udp(5000, 53).ip_bytes())
            .bytes();
    bed.inject(Side::Outside, error);
    bed.run();
    REQUIRE(bed.take(Side::Inside).size() == 1);
    const auto [entry, frame] = watcher.only();
    CHECK(frame == error);
    CHECK(entry.flow[0].source == ip(kHost));
}

TEST_CASE("watch: a reader that does not read costs packets none of their way", "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    Watcher watcher(bed);
    const uint64_t before = bed.count(stats::Count::Transmitted);
    constexpr unsigned kPackets = 4000;
    for (unsigned i = 0; i < kPackets; ++i) {
        bed.inject(Side::Inside, from_host().udp(5000, 53).payload(1400).bytes());
        if (i % 32 == 31)
            bed.run();
    }
    CHECK(bed.count(stats::Count::Transmitted) == before + kPackets);
    CHECK(watcher.lost() > 0);
    uint64_t told = 0;
    for (auto some = watcher.take(); !some.empty(); some = watcher.take())
        told += some.size();
    CHECK(told + watcher.lost() == kPackets);
}

TEST_CASE("watch: there are two places, which are given back", "[packet][watch]") {
    Testbed bed;
    auto first = bed.gateway().watches().open({});
    auto second = bed.gateway().watches().open({});
    REQUIRE((first && second));
    CHECK_FALSE(bed.gateway().watches().open({}));
    first.value().reset();
    bed.run();  // all have turned since
    CHECK(bed.gateway().watches().open({}));
}

TEST_CASE("watch: whoever comes and goes leaves nothing behind", "[packet][watch]") {
    Testbed bed;
    warm_up(bed);
    for (int i = 0; i < 20; ++i) {
        Watcher watcher(bed);
        REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
        CHECK(watcher.take().size() == 1);
    }
}

}  // namespace watch_test
