// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --cluster: a gateway uses those public addresses alone that it holds, and none without a lease.
/// The test plays etcd: it says what is held, and where the other gateway is.

#include "asked.h"
#include "catch.h"
#include "net/mac.h"
#include "testbed.h"
#include "why/answer_text.h"

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace cluster_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kFirst = "198.51.100.10";
constexpr auto kSecond = "198.51.100.11";
constexpr auto kPeer = "10.1.0.2";  // the other gateway, inside

/// A gateway of a cluster that shares two addresses, of which it holds the first.
struct Member {
    using Change = std::function<void(config::Config&)>;

    explicit Member(const Change& change = {}, uint16_t inside_mtu = 1500)
        : holdings({ip(kFirst), ip(kSecond)}), bed(options(change, inside_mtu)) {
        bed.advance(Duration{300});
    }

    TestbedOptions options(const Change& change, uint16_t inside_mtu) {
        have_lease();
        holdings.hold(0, true);
        holdings.leave_to_other(1, true);
        TestbedOptions options;
        options.inside_mtu = inside_mtu;
        options.holdings = &holdings;
        options.configure = [change](config::Config& config) {
            config.pool = {{ip(kFirst), ip(kSecond)}};
            if (change)
                change(config);
        };
        return options;
    }
    void have_lease() {
        holdings.extend(std::chrono::steady_clock::now().time_since_epoch() +
                        std::chrono::hours(1));
    }
    void lose_lease() { holdings.extend(std::chrono::nanoseconds::min()); }
    void gain(size_t index) {
        holdings.leave_to_other(index, false);
        holdings.hold(index, true);
        bed.advance(Duration{300});
    }
    /// The public address that a packet left by; empty where it did not leave.
    std::string send(uint16_t port, const char* host = kHost) {
        const auto out = bed.from_inside(Frame().ipv4(host, kServer).udp(port, 53));
        return out.size() == 1 ? out[0].source : "";
    }
    /// The other gateway, which has the second address, is known to be there.
    void know_peer() {
        holdings.add_member(net::mac_bits(mac_of(ip(kPeer))));
        holdings.be_owned_at(1, ip(kPeer));
    }
    /// What came out inside of a frame that `sender` has sent from there. Nothing came out outside.
    std::vector<Seen> pass(Frame frame, const char* sender = kHost) {
        bed.inject(Side::Inside,
                   frame.ether(mac_of(ip(sender)), bed.port(Side::Inside).mac()).bytes());
        bed.run();
        CHECK(bed.take(Side::Outside).empty());
        return bed.take(Side::Inside);
    }
    bool answers(const char* external, uint16_t port) {
        return bed.from_outside(Frame().ipv4(kServer, external).udp(53, port)).size() == 1;
    }

    pool::Holdings holdings;
    Testbed bed;
};

/// An inside host whose public address this is.
std::string host_of(const char* address) {
    Member both;
    both.gain(1);
    for (int i = 20; i < 60; ++i)
        if (const std::string host = "10.1.0." + std::to_string(i);
            both.send(5000, host.c_str()) == address)
            return host;
    FAIL("no host has " << address);
    return {};
}

/// It left as it came, by that way.
void check_passed_on(const Seen& seen, const Member& member, const std::string& host) {
    CHECK(seen.destination_mac == mac_of(ip(kPeer)));
    CHECK(seen.source_mac != seen.destination_mac);
    CHECK(seen.source == host);
    CHECK(seen.destination == kServer);
    CHECK(seen.ttl == 63);
    CHECK(seen.checksums_ok());
    CHECK(member.bed.flows() == 0);
}

}  // namespace

TEST_CASE("cluster: new flows go by held addresses alone", "[cluster]") {
    Member member;
    for (int i = 0; i < 30; ++i)
        CHECK(member.send(5000, ("10.1.0." + std::to_string(20 + i)).c_str()) == kFirst);
    member.gain(1);
    std::set<std::string> used;
    for (int i = 0; i < 30; ++i)
        used.insert(member.send(6000, ("10.1.0." + std::to_string(20 + i)).c_str()));
    CHECK(used == std::set<std::string>{kFirst, kSecond});
}

TEST_CASE("cluster: without a lease nothing is forwarded, and flows go on when it is back",
          "[cluster]") {
    Member member;
    REQUIRE(member.send(5000) == kFirst);
    member.lose_lease();
    CHECK(member.send(5000).empty());
    CHECK(member.send(5001).empty());
    CHECK_FALSE(member.answers(kFirst, 5000));
    CHECK(member.bed.dropped(Drop::NoLease) == 3);
    member.have_lease();
    CHECK(member.answers(kFirst, 5000));
    CHECK(member.send(5000) == kFirst);
    CHECK(member.bed.count(Count::FlowsOpened) == 1);
}

TEST_CASE("cluster: a flow whose address is lost is stopped at once, either way", "[cluster]") {
    Member member;
    REQUIRE(member.send(5000) == kFirst);
    REQUIRE(member.answers(kFirst, 5000));
    const Bytes quote = Frame().ipv4(kFirst, kServer).udp(5000, 53).ip_bytes();
    REQUIRE(
        member.bed.from_outside(Frame().ipv4("192.0.2.9", kFirst).icmp_error(3, 1, quote)).size() ==
        1);
    member.holdings.hold(0, false);  // and it is nobody's
    CHECK(member.send(5000).empty());
    CHECK_FALSE(member.answers(kFirst, 5000));
    CHECK(
        member.bed.from_outside(Frame().ipv4("192.0.2.9", kFirst).icmp_error(3, 1, quote)).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 3);
    CHECK(member.bed.flows() == 1);
    member.holdings.hold(0, true);
    CHECK(member.answers(kFirst, 5000));
}

TEST_CASE("cluster: where another has its address a flow ends, and the next packet opens another",
          "[cluster]") {
    Member member;
    member.gain(1);
    REQUIRE(member.send(5000) != "");
    const std::string before = member.send(5000);
    const size_t lost = before == kFirst ? 0 : 1;
    member.holdings.hold(lost, false);
    member.holdings.leave_to_other(lost, true);
    member.bed.advance(Duration{300});
    CHECK(member.bed.flows() == 0);
    CHECK(member.bed.count(Count::FlowsGivenUp) == 1);
    CHECK(member.send(5000) == (lost == 0 ? kSecond : kFirst));
}

TEST_CASE("cluster: where no address is held nothing opens", "[cluster]") {
    Member member;
    member.holdings.hold(0, false);
    CHECK(member.send(5000).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
    CHECK(member.bed.flows() == 0);
}

TEST_CASE("cluster: a forward is its address's", "[cluster]") {
    Member member([](config::Config& config) {
        for (const char* address : {kFirst, kSecond})
            config.forwards.push_back({net::Protocol::Udp,
                                       {ip(address), Be16::from_host(8053)},
                                       {ip(kHost), Be16::from_host(53)}});
    });
    CHECK(member.bed.from_outside(Frame().ipv4(kServer, kFirst).udp(4000, 8053)).size() == 1);
    CHECK(member.bed.from_outside(Frame().ipv4(kServer, kSecond).udp(4001, 8053)).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
}

TEST_CASE("cluster: the fast path is taken again when no flow goes by an address of others",
          "[cluster]") {
    Member member;
    const auto exchange = [&] {
        for (int i = 0; i < 4; ++i) {
            member.send(5000);
            member.answers(kFirst, 5000);
            member.bed.advance(Duration::seconds(1));
        }
        return member.bed.count(Count::FastPath);
    };
    const uint64_t settled = exchange();
    CHECK(settled > 0);
    member.holdings.leave_to_other(1, false);  // it is nobody's: for how long nobody knows
    CHECK(exchange() == settled);
    member.holdings.leave_to_other(1, true);
    member.bed.advance(Duration{300});
    CHECK(exchange() > settled);
}

TEST_CASE("cluster: a later fragment does not leave by an address that is lost", "[cluster]") {
    Member member;
    const auto pieces =
        fragments_of(Frame()
                         .ipv4(kHost, kServer)
                         .id(77)
                         .udp(5000, 53)
                         .payload(40)
                         .ether(mac_of(ip(kHost)), member.bed.port(Side::Inside).mac()),
                     24);
    REQUIRE(pieces.size() == 2);
    const auto put = [&](const Bytes& piece) {
        member.bed.inject(Side::Inside, piece);
        member.bed.run();
        return member.bed.take(Side::Outside).size();
    };
    REQUIRE(put(pieces[0]) == 1);
    member.holdings.hold(0, false);
    CHECK(put(pieces[1]) == 0);
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
}

TEST_CASE("cluster: a packet whose address another gateway has goes there as it came",
          "[cluster]") {
    const std::string host = host_of(kSecond);
    Member member;
    member.know_peer();
    const auto syn = member.pass(Frame().ipv4(host, kServer).tcp(5000, 80, kSyn));
    REQUIRE(syn.size() == 1);
    check_passed_on(syn[0], member, host);
    CHECK(syn[0].source_port == 5000);
    // Of a flow that a router has sent by another gateway so far, too.
    const auto ack = member.pass(Frame().ipv4(host, kServer).tcp(5001, 80, kAck).payload(100));
    REQUIRE(ack.size() == 1);
    check_passed_on(ack[0], member, host);
    const auto ping = member.pass(Frame().ipv4(host, kServer).echo_request(7));
    REQUIRE(ping.size() == 1);
    check_passed_on(ping[0], member, host);
    CHECK(member.bed.count(Count::HandedToOwner) == 3);
    CHECK(member.bed.dropped(Drop::NotHeld) == 0);
}

TEST_CASE("cluster: a host whose address is held is served, whoever has sent its packet",
          "[cluster]") {
    const std::string host = host_of(kFirst);
    Member member;
    member.know_peer();
    for (const char* sender : {kHost, kPeer}) {
        member.bed.inject(Side::Inside,
                          Frame()
                              .ipv4(host, kServer)
                              .udp(5000, 53)
                              .ether(mac_of(ip(sender)), member.bed.port(Side::Inside).mac())
                              .bytes());
        member.bed.run();
        const auto out = member.bed.take(Side::Outside);
        REQUIRE(out.size() == 1);
        CHECK(out[0].source == kFirst);
    }
    CHECK(member.bed.count(Count::HandedToOwner) == 0);
}

TEST_CASE("cluster: what another gateway has sent is not sent on", "[cluster]") {
    const std::string host = host_of(kSecond);
    Member member;
    member.know_peer();
    CHECK(member.pass(Frame().ipv4(host, kServer).udp(5000, 53), kPeer).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
    member.holdings.be_owned_at(1, std::nullopt);  // nor is it given another address
    CHECK(member.pass(Frame().ipv4(host, kServer).udp(5000, 53), kPeer).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 2);
    CHECK(member.bed.count(Count::HandedToOwner) == 0);
    CHECK(member.bed.flows() == 0);
}

TEST_CASE("cluster: where no owner is a neighbour inside, the flow gets a held address",
          "[cluster]") {
    const std::string host = host_of(kSecond);
    Member member([](config::Config& config) {
        config.lans.push_back({{"second wire"}, {ip("10.2.0.1"), 24}});
        config.routes = {{{ip("10.3.0.0"), 16}, ip("10.1.0.3")}};
    });
    member.know_peer();
    // Outside, on another interface inside, behind a router.
    uint16_t port = 5000;
    for (const char* elsewhere : {"203.0.113.77", "198.51.100.77", "10.2.0.2", "10.3.0.2"}) {
        member.holdings.be_owned_at(1, ip(elsewhere));
        CHECK(member.send(port++, host.c_str()) == kFirst);
    }
    CHECK(member.bed.flows() == 4);
    CHECK(member.bed.count(Count::HandedToOwner) == 0);
}

TEST_CASE("cluster: a packet that cannot go on to the owner is told so", "[cluster]") {
    const std::string host = host_of(kSecond);
    Member member({}, 1000);
    member.know_peer();
    const auto late = member.pass(Frame().ipv4(host, kServer).ttl(1).udp(5000, 53));
    REQUIRE(late.size() == 1);
    CHECK(late[0].icmp_type == 11);
    CHECK(late[0].destination == host);
    CHECK(member.bed.dropped(Drop::TtlExceeded) == 1);
    const auto large =
        member.pass(Frame().ipv4(host, kServer).udp(5000, 53).payload(1200).dont_fragment());
    REQUIRE(large.size() == 1);
    CHECK(large[0].icmp_type == 3);
    CHECK(large[0].echo_sequence == 1000);
    CHECK(member.bed.dropped(Drop::TooBig) == 1);
    CHECK(member.bed.count(Count::HandedToOwner) == 0);
    const auto pieces = member.pass(Frame().ipv4(host, kServer).udp(5000, 53).payload(1200));
    REQUIRE(pieces.size() == 2);
    for (const Seen& piece : pieces)
        check_passed_on(piece, member, host);
}

TEST_CASE("cluster: fragments go to the owner in their order, the later ones too", "[cluster]") {
    const std::string host = host_of(kSecond);
    Member member;
    member.know_peer();
    uint64_t sent = 0;
    for (const bool is_tcp : {false, true}) {
        Frame whole;
        whole.ether(mac_of(ip(kHost)), member.bed.port(Side::Inside).mac());
        whole.ipv4(host, kServer).id(77).payload(40);
        is_tcp ? whole.tcp(5000, 80, kAck) : whole.udp(5000, 53);
        const auto pieces = fragments_of(whole, 24);
        REQUIRE(pieces.size() >= 2);
        for (const Bytes& piece : pieces)
            member.bed.inject(Side::Inside, piece);
        member.bed.run();
        CHECK(member.bed.take(Side::Outside).empty());
        const auto out = member.bed.take(Side::Inside);
        REQUIRE(out.size() == pieces.size());
        for (const Seen& piece : out)
            check_passed_on(piece, member, host);
        CHECK(out[0].fragment_offset == 0);
        CHECK(out[1].fragment_offset == 24);
        CHECK(member.bed.count(Count::HandedToOwner) == (sent += pieces.size()));
    }
}

TEST_CASE("cluster: an error about a flow that is elsewhere goes to its owner", "[cluster]") {
    const std::string host = host_of(kSecond);
    Member member;
    member.know_peer();
    const Bytes quote = Frame().ipv4(kServer, host).udp(53, 5000).ip_bytes();
    const auto out = member.pass(Frame().ipv4(host, kServer).icmp_error(3, 3, quote));
    REQUIRE(out.size() == 1);
    check_passed_on(out[0], member, host);
    CHECK(out[0].icmp_type == 3);
    CHECK(member.pass(Frame().ipv4(host, kServer).icmp_error(3, 3, quote), kPeer).empty());
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
}

TEST_CASE("cluster: a flow's packets go to the gateway that has its address now", "[cluster]") {
    const std::string host = host_of(kFirst);
    Member member;
    member.know_peer();
    REQUIRE(member.send(5000, host.c_str()) == kFirst);
    member.holdings.hold(0, false);  // and nothing ends the flow yet
    member.holdings.be_owned_at(0, ip(kPeer));
    const auto out = member.pass(Frame().ipv4(host, kServer).udp(5000, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].destination_mac == mac_of(ip(kPeer)));
    CHECK(out[0].source == host);
    CHECK_FALSE(member.answers(kFirst, 5000));
    CHECK(member.bed.dropped(Drop::NotHeld) == 1);
    CHECK(member.bed.flows() == 1);
    member.holdings.leave_to_other(0, true);
    member.bed.advance(Duration{300});
    CHECK(member.bed.flows() == 0);
    CHECK(member.pass(Frame().ipv4(host, kServer).udp(5000, 53)).size() == 1);
    CHECK(member.bed.count(Count::HandedToOwner) == 2);
}

TEST_CASE("cluster: what is said of a packet that was sent on goes to its sender", "[cluster]") {
    const std::string host = host_of(kFirst);
    Member member;
    member.know_peer();
    const auto told = member.pass(Frame().ipv4(host, kServer).ttl(1).udp(5000, 53), kPeer);
    REQUIRE(told.size() == 1);
    CHECK(told[0].icmp_type == 11);
    CHECK(told[0].destination == host);
    CHECK(told[0].destination_mac == mac_of(ip(host)));
    // It has come here because it is for the address that this gateway has outside.
    const auto pong = member.pass(Frame().ipv4(host, kPublic).echo_request(7), kPeer);
    REQUIRE(pong.size() == 1);
    CHECK(pong[0].icmp_type == 0);
    CHECK(pong[0].destination_mac == mac_of(ip(host)));
}

TEST_CASE("cluster: by --strict-source a gateway believes what another has sent on", "[cluster]") {
    const std::string host = host_of(kFirst);
    Member member([](config::Config& config) { config.strict.source = true; });
    const auto send = [&] {
        member.bed.inject(Side::Inside,
                          Frame()
                              .ipv4(host, kServer)
                              .udp(5000, 53)
                              .ether(mac_of(ip(kPeer)), member.bed.port(Side::Inside).mac())
                              .bytes());
        member.bed.run();
        return member.bed.take(Side::Outside).size();
    };
    CHECK(send() == 0);
    member.bed.advance(Duration::seconds(1));
    CHECK(send() == 0);
    member.know_peer();
    CHECK(send() == 1);
}

TEST_CASE("cluster: who asks is told to which gateway a packet goes", "[cluster]") {
    const std::string host = host_of(kSecond);
    Member member;
    const why::Question question{.frame = Frame().ipv4(host, kServer).udp(5000, 53).bytes(),
                                 .from = 0,
                                 .side = Side::Inside};
    CHECK_FALSE(ask(member.bed, question).owner);
    member.know_peer();
    why::Answer answer = ask(member.bed, question);
    REQUIRE(answer.owner);
    CHECK(answer.owner->address == ip(kSecond));
    CHECK(answer.fate == why::Fate::Waits);
    REQUIRE(member.pass(Frame().ipv4(host, kServer).udp(5000, 53)).size() == 1);
    answer = ask(member.bed, question);
    CHECK(answer.fate == why::Fate::Leaves);
    CHECK(answer.exit->path.via == ip(kPeer));
    answer.owner->name = "b";
    CHECK(why::fate_text(answer, {}) == "goes to gateway b, which has 198.51.100.11, by 10.1.0.2");
}

}  // namespace cluster_test
