// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The kernel's twin of an interface: it has what is for the gateway itself, and nothing else; and
/// sends as the gateway, and as nobody else.

#include "bed_with_ipv6.h"
#include "catch.h"
#include "testbed.h"

#include <algorithm>

namespace twin_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kInside = "10.1.0.1";  // the gateway's
constexpr auto kPool = "198.51.100.2";
constexpr MacAddress kInsideMac = mac(0x11);
constexpr MacAddress kOutsideMac = mac(0x22);

/// Both interfaces have a twin, and the pool is not the gateway's own address.
void both(config::Config& config) {
    config.lan_twin = "sl1";
    config.wan_twin = "sl0";
    config.pool = {{ip(kPool), ip(kPool)}};
}

/// The gateway's own address is all of its pool, as on a machine with one public address.
void shared(config::Config& config) {
    config.wan_twin = "sl0";
    config.twin_ports = {{22, 22}, {5000, 5001}};
}

struct Twinned {
    explicit Twinned(void (*configure)(config::Config&), unsigned workers = 2)
        : bed({.workers = workers, .configure = configure}) {}

    /// The kernel sends a frame by the twin of `side`; returns what leaves there.
    std::vector<Seen> kernel_sends(Frame frame, Side side = Side::Outside) {
        const bool is_inside = side == Side::Inside;
        bed.twin(side).send(frame
                                .ether(is_inside ? kInsideMac : kOutsideMac,
                                       mac_of(ip(is_inside ? kHost : kRouter)))
                                .bytes());
        bed.run();
        return bed.take(side);
    }
    /// What the kernel has received by the twin of `side`, ARP left out.
    std::vector<Seen> kernel_saw(Side side = Side::Outside) {
        std::vector<Seen> seen;
        for (const Bytes& frame : bed.twin(side).take_received())
            if (const Seen one = read(frame); one.ether_type != 0x0806)
                seen.push_back(one);
        return seen;
    }
    Seen only_seen(Side side = Side::Outside) {
        const std::vector<Seen> seen = kernel_saw(side);
        REQUIRE(seen.size() == 1);
        return seen[0];
    }

    Testbed bed;
};

Frame from_server(uint16_t port) {
    return Frame().ipv4(kServer, kPublic).tcp(40000, port, kSyn);
}

}  // namespace

TEST_CASE("twin: what is for the gateway's own address is the kernel's, as it came", "[packet]") {
    Twinned gateway(both);
    Frame frame = from_server(8080).ttl(1);
    CHECK(gateway.bed.from_outside(frame).empty());
    const auto received = gateway.bed.twin(Side::Outside).take_received();
    REQUIRE(!received.empty());
    CHECK(received.back() == frame.ether(mac_of(ip(kRouter)), kOutsideMac).bytes());

    gateway.bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 999).payload(4));
    CHECK(gateway.only_seen().destination_port == 999);
    gateway.bed.from_outside(Frame().ipv4(kServer, kPublic).protocol(47).payload(8));
    CHECK(gateway.only_seen().protocol == 47);
    gateway.bed.from_inside(Frame().ipv4(kHost, kInside).tcp(40000, 22, kSyn));
    CHECK(gateway.only_seen(Side::Inside).destination == kInside);
    gateway.bed.from_inside(Frame().ipv4(kHost, kPublic).tcp(40000, 22, kSyn));
    CHECK(gateway.only_seen(Side::Inside).destination == kPublic);
    CHECK(gateway.kernel_saw().empty());
    CHECK(gateway.bed.dropped(Drop::ToGateway) == 0);
    CHECK(gateway.bed.flows() == 0);
}

TEST_CASE("twin: pings are the kernel's to answer, in one piece or in several", "[packet]") {
    Twinned gateway(both);
    gateway.bed.from_inside(Frame().ipv4(kHost, kInside).echo_request(7));
    CHECK(gateway.only_seen(Side::Inside).identifier == 7);
    for (Bytes& piece : fragments_of(Frame()
                                         .ether(mac_of(ip(kHost)), kInsideMac)
                                         .ipv4(kHost, kInside)
                                         .echo_request(7)
                                         .payload(3000),
                                     1480)) {
        gateway.bed.inject(Side::Inside, piece);
        gateway.bed.run();
    }
    CHECK(gateway.kernel_saw(Side::Inside).size() == 3);
    CHECK(gateway.bed.count(Count::EchoReplies) == 0);
}

TEST_CASE("twin: no packet of others reaches the kernel", "[packet]") {
    Twinned gateway(both);
    const auto out = gateway.bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53));
    REQUIRE(out.size() == 1);
    gateway.bed.from_outside(Frame().ipv4(kServer, kPool).udp(53, out[0].source_port));
    CHECK(gateway.bed.from_inside(Frame().ipv4(kHost, kServer).tcp(5000, 80, kFin | kAck)).empty());
    gateway.bed.from_outside(Frame().ipv4(kServer, kPool).tcp(80, 5001, kAck));
    gateway.bed.from_outside(Frame().ipv4(kServer, kHost).udp(53, 5000));
    gateway.bed.from_outside(Frame().ipv4(kServer, "198.51.100.77").udp(53, 5000));
    gateway.bed.from_outside(Frame().ipv4(kHost, kPublic).udp(53, 5000));
    gateway.bed.from_inside(Frame().ipv4(kHost, "10.1.0.11").udp(53, 5000));
    gateway.bed.from_inside(Frame().ipv4(kHost, "224.0.0.5").udp(53, 5000));
    CHECK(gateway.kernel_saw(Side::Inside).empty());
    CHECK(gateway.kernel_saw(Side::Outside).empty());
}

TEST_CASE("twin: the kernel has no own address by an interface that has none of its twins",
          "[packet]") {
    Twinned gateway(shared);
    CHECK(gateway.bed.from_inside(Frame().ipv4(kHost, kInside).tcp(5000, 22, kSyn)).empty());
    CHECK(gateway.bed.from_inside(Frame().ipv4(kHost, kPublic).tcp(5000, 22, kSyn)).empty());
    CHECK(gateway.bed.dropped(Drop::ToGateway) == 2);
    CHECK(gateway.kernel_saw().empty());
}

TEST_CASE("twin: of an address that flows are given the kernel has its ports alone", "[packet]") {
    Twinned gateway(shared);
    gateway.bed.from_outside(from_server(22));
    CHECK(gateway.only_seen().destination_port == 22);
    gateway.bed.from_outside(from_server(23));
    CHECK(gateway.kernel_saw().empty());
    CHECK(gateway.bed.dropped(Drop::NoMapping) == 1);
    gateway.bed.from_outside(Frame().ipv4(kServer, kPublic).udp(67, 68));  // a lease is renewed
    CHECK(gateway.only_seen().destination_port == 68);
}

TEST_CASE("twin: no flow is given a port of the kernel's", "[packet]") {
    Twinned gateway(shared);
    const auto out = gateway.bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port != 5000);
    CHECK(out[0].source_port != 5001);
    const auto other = gateway.bed.from_inside(Frame().ipv4(kHost, kServer).udp(5002, 53));
    REQUIRE(other.size() == 1);
    CHECK(other[0].source_port == 5002);
}

TEST_CASE("twin: what the operator forwards is not the kernel's", "[packet]") {
    Twinned gateway([](config::Config& config) {
        config.wan_twin = "sl0";
        config.forwards = {{net::Protocol::Tcp,
                            {ip(kPublic), Be16::from_host(22)},
                            {ip(kHost), Be16::from_host(22)}}};
    });
    CHECK(gateway.bed.from_outside(from_server(22)).size() == 1);
    CHECK(gateway.kernel_saw().empty());
    CHECK(gateway.kernel_sends(Frame().ipv4(kPublic, kServer).tcp(22, 40001, kSyn | kAck)).empty());
    CHECK(gateway.bed.dropped(Drop::TwinPortTaken) == 1);
}

TEST_CASE("twin: what the kernel sends as the gateway leaves as it is", "[packet]") {
    Twinned gateway(both);
    Frame frame = Frame().ipv4(kPublic, kServer).ttl(9).tcp(22, 40000, kSyn | kAck);
    gateway.bed.twin(Side::Outside).send(frame.ether(kOutsideMac, mac_of(ip(kRouter))).bytes());
    gateway.bed.run();
    const auto frames = gateway.bed.take_frames(Side::Outside);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0] == frame.bytes());
    CHECK(gateway.kernel_sends(Frame().ipv4(kInside, kHost).udp(53, 999), Side::Inside).size() ==
          1);
    CHECK(gateway.kernel_sends(Frame().ipv4(kPublic, kHost).udp(53, 999), Side::Inside).size() ==
          1);
    CHECK(gateway.bed.count(Count::FromTwin) == 3);
}

TEST_CASE("twin: a kernel that forwards sends nothing of others", "[packet]") {
    Twinned gateway(both);
    for (const char* source : {kHost, kInside, kPool, kServer, "0.0.0.0"})
        CHECK(gateway.kernel_sends(Frame().ipv4(source, kServer).udp(5000, 53)).empty());
    CHECK(gateway.kernel_sends(Frame().ipv4(kServer, kHost).udp(53, 5000), Side::Inside).empty());
    gateway.bed.twin(Side::Outside)
        .send(Frame()
                  .ether(mac(0x77), mac_of(ip(kRouter)))
                  .ipv4(kPublic, kServer)
                  .udp(5000, 53)
                  .bytes());
    for (const Be32 sender : {ip(kHost), ip(kInside)})
        gateway.bed.twin(Side::Outside).send(arp_request(kOutsideMac, sender, ip(kRouter)));
    gateway.bed.run();
    CHECK(gateway.bed.take(Side::Outside).empty());
    CHECK(gateway.bed.dropped(Drop::TwinSource) == 9);
    CHECK(gateway.kernel_sends(Frame().ipv4(kPublic, kServer).ether_type(0x86dd)).empty());
    CHECK(gateway.bed.dropped(Drop::NotIpv4) == 1);
}

TEST_CASE("twin: the kernel is answered by the port that it has sent from, and keeps it a while",
          "[packet]") {
    Twinned gateway(shared);
    const auto answer = [] { return Frame().ipv4(kServer, kPublic).udp(53, 40000).payload(8); };
    gateway.bed.from_outside(answer());
    CHECK(gateway.bed.dropped(Drop::NoMapping) == 1);
    CHECK(gateway.kernel_sends(Frame().ipv4(kPublic, kServer).udp(40000, 53)).size() == 1);
    gateway.bed.from_outside(answer());
    CHECK(gateway.only_seen().destination_port == 40000);

    const auto out = gateway.bed.from_inside(Frame().ipv4(kHost, kServer).udp(40000, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port != 40000);

    gateway.bed.tick(Duration::seconds(200));
    gateway.bed.from_outside(answer());
    CHECK(gateway.only_seen().destination_port == 40000);
    gateway.bed.tick(Duration::seconds(200));  // the answer counts as well
    gateway.bed.from_outside(answer());
    CHECK(gateway.only_seen().destination_port == 40000);
    gateway.bed.tick(Duration::seconds(311));
    gateway.bed.from_outside(answer());
    CHECK(gateway.kernel_saw().empty());
    CHECK(gateway.bed.dropped(Drop::NoMapping) == 2);
}

TEST_CASE("twin: a connection of the kernel's gives its port back soon after its end", "[packet]") {
    Twinned gateway(shared);
    const auto segment = [](uint8_t flags) {
        return Frame().ipv4(kPublic, kServer).tcp(40000, 80, flags);
    };
    const auto reaches = [&] {
        gateway.bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(80, 40000, kAck));
        return gateway.kernel_saw().size() == 1;
    };
    gateway.kernel_sends(segment(kSyn));
    gateway.bed.tick(Duration::seconds(7200));
    CHECK(reaches());
    gateway.kernel_sends(segment(kFin | kAck));
    gateway.bed.tick(Duration::seconds(100));
    CHECK(reaches());
    gateway.bed.tick(Duration::seconds(131));
    CHECK_FALSE(reaches());
}

TEST_CASE("twin: a port that an inside host has toward a server is not the kernel's there",
          "[packet]") {
    Twinned gateway(shared);
    CHECK(gateway.bed.from_inside(Frame().ipv4(kHost, kServer).udp(40000, 53)).size() == 1);
    CHECK(gateway.kernel_sends(Frame().ipv4(kPublic, kServer).udp(40000, 53)).empty());
    CHECK(gateway.bed.dropped(Drop::TwinPortTaken) == 1);
    CHECK(gateway.bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 40000)).size() == 1);
    CHECK(gateway.kernel_saw().empty());
    CHECK(gateway.kernel_sends(Frame().ipv4(kPublic, kRouter).udp(40000, 53)).size() == 1);
}

TEST_CASE("twin: the kernel pings by an identifier, and hears of errors", "[packet]") {
    Twinned gateway(shared);
    CHECK(gateway.kernel_sends(Frame().ipv4(kPublic, kServer).echo_request(77)).size() == 1);
    gateway.bed.from_outside(Frame().ipv4(kServer, kPublic).echo_reply(77));
    CHECK(gateway.only_seen().identifier == 77);
    gateway.bed.from_outside(Frame().ipv4(kServer, kPublic).echo_reply(78));
    CHECK(gateway.kernel_saw().empty());

    const Frame sent = Frame().ipv4(kPublic, kServer).udp(40000, 53).payload(8);
    CHECK(gateway.kernel_sends(sent).size() == 1);
    gateway.bed.from_outside(Frame().ipv4(kRouter, kPublic).icmp_error(3, 1, sent.ip_bytes()));
    CHECK(gateway.only_seen().icmp_type == 3);
    const Frame unsent = Frame().ipv4(kPublic, kServer).udp(40001, 53).payload(8);
    gateway.bed.from_outside(Frame().ipv4(kRouter, kPublic).icmp_error(3, 1, unsent.ip_bytes()));
    CHECK(gateway.kernel_saw().empty());
    CHECK(gateway.bed.dropped(Drop::IcmpErrorUnknown) == 1);
}

TEST_CASE("twin: the kernel hears the answers to its ARP, and answers none", "[packet]") {
    Twinned gateway(both);
    gateway.bed.twin(Side::Outside).take_received();
    gateway.bed.twin(Side::Outside).send(arp_request(kOutsideMac, ip(kPublic), ip("198.51.100.9")));
    gateway.bed.run();
    const auto heard = gateway.bed.twin(Side::Outside).take_received();
    REQUIRE(heard.size() == 1);
    CHECK(heard[0] ==
          arp_reply(mac_of(ip("198.51.100.9")), ip("198.51.100.9"), kOutsideMac, ip(kPublic)));

    gateway.bed.inject(Side::Outside, arp_request(mac_of(ip(kRouter)), ip(kRouter), ip(kPublic)));
    gateway.bed.run();
    CHECK(gateway.bed.twin(Side::Outside).take_received().empty());
    const uint64_t sent = gateway.bed.count(Count::ArpSent);
    gateway.bed.inject(Side::Outside, arp_request(mac_of(ip(kRouter)), ip(kRouter), ip(kRouter)));
    gateway.bed.run();
    CHECK(gateway.bed.twin(Side::Outside).take_received().size() == 1);  // it announces itself
    CHECK(gateway.bed.count(Count::ArpSent) == sent);
}

TEST_CASE("twin: of broadcasts DHCP passes, both ways", "[packet]") {
    Twinned gateway(both);
    const auto broadcast = [&](uint16_t port, const char* destination) {
        gateway.bed.inject(Side::Outside,
                           Frame()
                               .ether(mac_of(ip(kRouter)), {255, 255, 255, 255, 255, 255})
                               .ipv4(kRouter, destination)
                               .udp(67, port)
                               .bytes());
        gateway.bed.run();
        return gateway.kernel_saw().size();
    };
    CHECK(broadcast(68, "255.255.255.255") == 1);
    CHECK(broadcast(67, "198.51.100.255") == 1);
    CHECK(broadcast(69, "255.255.255.255") == 0);
    CHECK(broadcast(68, kServer) == 0);
    CHECK(gateway.bed.dropped(Drop::MulticastOrBroadcast) == 2);
    const Frame asked = Frame().ipv4("0.0.0.0", "255.255.255.255").udp(68, 67);
    CHECK(gateway.kernel_sends(asked, Side::Inside).size() == 1);
}

TEST_CASE("twin: the kernel gets no more than its rate", "[packet]") {
    Twinned gateway([](config::Config& config) {
        both(config);
        config.twin_rate = 10;
    });
    const auto flood = [&](unsigned count) {
        for (unsigned i = 0; i < count; ++i)
            gateway.bed.from_outside(from_server(static_cast<uint16_t>(i + 1)));
        return gateway.kernel_saw().size();
    };
    CHECK(flood(100) == 64);
    CHECK(gateway.bed.dropped(Drop::TwinRate) == 36);
    gateway.bed.from_inside(Frame().ipv4(kHost, kInside).udp(5000, 53));
    CHECK(gateway.kernel_saw(Side::Inside).size() == 1);  // which has its own
    gateway.bed.tick(Duration::seconds(1));
    CHECK(flood(100) == 10);
}

TEST_CASE("twin: a flood of ARP takes no more than its rate, and nothing of the rest", "[packet]") {
    Twinned gateway([](config::Config& config) {
        both(config);
        config.twin_rate = 10;
    });
    const Be32 sender = ip("198.51.100.77");
    const auto flood = [&](unsigned count) {
        gateway.bed.twin(Side::Outside).take_received();
        for (unsigned i = 0; i < count; ++i)
            gateway.bed.inject(Side::Outside, arp_request(mac_of(sender), sender, sender));
        gateway.bed.run();
        return gateway.bed.twin(Side::Outside).take_received().size();
    };
    CHECK(flood(100) == 63);  // for the router has answered before
    gateway.bed.from_outside(from_server(22));
    CHECK(gateway.kernel_saw().size() == 1);
    gateway.bed.tick(Duration::seconds(1));
    CHECK(flood(100) == 10);
}

TEST_CASE("twin: what the kernel does not take is dropped by name", "[packet]") {
    Twinned gateway(both);
    gateway.bed.twin(Side::Outside).refuse(true);
    gateway.bed.from_outside(from_server(22));
    CHECK(gateway.bed.dropped(Drop::TwinFull) == 1);
}

TEST_CASE("twin: it follows its port's link and MTU", "[packet]") {
    Twinned gateway(both);
    CHECK(gateway.bed.twin(Side::Outside).has_link());
    CHECK(gateway.bed.twin(Side::Outside).mtu() == 1500);
    gateway.bed.port(Side::Outside).set_link(false);
    gateway.bed.port(Side::Outside).set_mtu(1400);
    gateway.bed.run();
    CHECK_FALSE(gateway.bed.twin(Side::Outside).has_link());
    CHECK(gateway.bed.twin(Side::Outside).mtu() == 1400);
    CHECK(gateway.bed.twin(Side::Inside).has_link());
}

TEST_CASE("twin: where both sides are on one interface it has one", "[packet]") {
    Testbed bed({.workers = 2, .is_one_armed = true, .configure = [](config::Config& config) {
                     config.lans[0].own = config.wans[0].own;
                     config.wan_twin = "sl0";
                 }});
    const auto send = [&](Frame frame) {
        bed.inject(Side::Outside, frame.ether(mac_of(ip(kRouter)), kOutsideMac).bytes());
        bed.run();
        return bed.take(Side::Outside);
    };
    const auto seen = [&] {
        size_t packets = 0;
        for (const Bytes& frame : bed.twin(Side::Outside).take_received())
            packets += read(frame).ether_type == 0x0800;
        return packets;
    };
    CHECK(send(Frame().ipv4(kServer, kPublic).tcp(40000, 22, kSyn)).empty());
    CHECK(send(Frame().ipv4(kHost, kPublic).tcp(40000, 22, kSyn)).empty());
    CHECK(seen() == 2);
    CHECK(send(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    CHECK(send(Frame().ipv4(kHost, kServer).tcp(5000, 80, kFin | kAck)).empty());
    CHECK(seen() == 0);
}

TEST_CASE("twin: IPv6 hosts are served beside it, and no IPv6 passes between it and the wire",
          "[packet][nat64]") {
    Ipv6Bed ipv6(ipv6_options({}, [](config::Config& config) { config.lan_twin = "sl1"; }));
    ipv6.bed.twin(Side::Inside).take_received();
    const auto out =
        ipv6.send({.source = kHost6, .destination = kServer6, .upper = udp6(5000, 53)});
    REQUIRE(out.size() == 1);
    const auto in = ipv6.answer_from_outside(
        Frame().ipv4(kServer, kPublic).udp(53, out[0].source_port).payload(9));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost6);
    const auto syn = ipv6.send(
        {.source = kHost6, .destination = kServer6, .upper = tcp6(40000, 80, kSyn, 1000, 0)});
    CHECK(syn.size() == 1);
    // What is for the gateway itself is not the kernel's.
    ipv6.send({.source = kHost6, .destination = kOwn6, .upper = tcp6(40000, 22, kSyn, 1000, 0)});
    ipv6.send({.source = kHost6, .destination = kOwn6, .upper = icmp6(128, 0, 1)});
    ipv6.take();
    CHECK(ipv6.bed.twin(Side::Inside).take_received().empty());
    // Nor does the kernel speak IPv6.
    ipv6.bed.twin(Side::Inside)
        .send(Frame6{.source = "fe80::11",
                     .destination = "ff02::2",
                     .upper = icmp6(133, 0, 0),
                     .hop_limit = 255,
                     .source_mac = kInsideMac,
                     .destination_mac = {0x33, 0x33, 0, 0, 0, 2}}
                  .bytes());
    CHECK(ipv6.take().empty());
    CHECK(ipv6.bed.dropped(Drop::NotIpv4) == 1);
}

}  // namespace twin_test
