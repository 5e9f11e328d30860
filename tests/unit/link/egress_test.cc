// SPDX-License-Identifier: BSD-3-Clause
#include "link/egress.h"

#include "catch.h"
#include "eal.h"
#include "packet_builder.h"

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <memory>
#include <vector>

namespace egress_test {

using namespace sluice;
using namespace sluice::link;
using net::Side;
using sluice::test::ip;
using sluice::test::mac;
using stats::Count;
using stats::Drop;

namespace {

constexpr InterfaceId kLan = 0;
constexpr InterfaceId kWan = 1;
constexpr auto kServer = "203.0.113.10";
constexpr auto kRouter = "198.51.100.254";

/// As the egress asks; with one uplink nothing hangs on the source.
net::Tuple toward(const char* destination) {
    net::Tuple leaving;
    leaving.destination = ip(destination);
    return leaving;
}

rte_mempool* pool() {
    test::start_eal();
    static rte_mempool* const made =
        rte_pktmbuf_pool_create("egress", 511, 0, kNoteBytes, 2048, SOCKET_ID_ANY);
    REQUIRE(made != nullptr);
    return made;
}

/// Keeps what it is given to send, up to `room` frames a burst.
struct Wire : io::Port {
    std::vector<test::Bytes> sent;
    unsigned bursts = 0;
    size_t room = 1000;
    uint16_t bytes = 1500;
    bool has_tags_beside = false;
    uint16_t last_tag = 0;  // beside the last frame

    unsigned receive(uint16_t, std::span<rte_mbuf*>) override { return 0; }
    unsigned transmit(uint16_t, std::span<rte_mbuf*> packets) override {
        const size_t count = std::min(packets.size(), room);
        for (rte_mbuf* mbuf : packets.first(count)) {
            const auto* data = rte_pktmbuf_mtod(mbuf, const uint8_t*);
            sent.emplace_back(data, data + mbuf->data_len);
            last_tag = (mbuf->ol_flags & RTE_MBUF_F_TX_VLAN) != 0 ? mbuf->vlan_tci : uint16_t{0};
            rte_pktmbuf_free(mbuf);
        }
        ++bursts;
        return static_cast<unsigned>(count);
    }
    uint16_t rx_queues() const override { return 1; }
    uint16_t tx_queues() const override { return 1; }
    io::MacAddress mac() const override { return {}; }
    uint16_t mtu() const override { return bytes; }
    bool inserts_tags() const override { return has_tags_beside; }
    bool verifies_checksums() const override { return false; }
};

Interfaces two_interfaces(VlanId vlan) {
    Interface lan;
    lan.vlan = vlan;
    lan.mac = mac(0x11);
    lan.own = {{ip("10.1.0.1"), 24}};
    Interface wan;
    wan.port = 1;
    wan.mac = mac(0x22);
    wan.realm = Realm::Outside;
    wan.own = {{ip("198.51.100.1"), 24}};
    return std::move(Interfaces::create({lan, wan})).value();
}

/// An egress with a ring to worker 1 and one to the control core; the packets are counted out.
struct Bench {
    Interfaces interfaces;
    Routes routes;
    std::unique_ptr<NextHops> hops = std::move(NextHops::create(8, 1)).value();
    Ring to_worker = std::move(Ring::create(128)).value();
    Ring to_control = std::move(Ring::create(128)).value();
    Wire lan, wan;
    stats::Counters counters{2};
    std::unique_ptr<Egress> egress;

    explicit Bench(VlanId vlan = kUntagged, bool has_tags_beside = false)
        : interfaces(two_interfaces(vlan)) {
        pool();
        lan.has_tags_beside = has_tags_beside;
        const std::vector<Route> list{{{ip("10.1.0.0"), 24}, kLan, {}},
                                      {{ip("198.51.100.0"), 24}, kWan, {}},
                                      {{}, kWan, ip(kRouter)}};
        routes = Routes(list);
        egress = std::make_unique<Egress>(
            EgressParams{
                interfaces, *hops, {{&lan, 0}, {&wan, 0}}, {nullptr, &to_worker}, &to_control},
            counters);
        egress->route_by(routes);
    }
    ~Bench() {
        for (Ring* ring : {&to_worker, &to_control}) {
            rte_mbuf* mbuf = nullptr;
            while (ring->take({&mbuf, 1}) == 1)
                rte_pktmbuf_free(mbuf);
        }
        CHECK(rte_mempool_in_use_count(pool()) == 0);
    }

    rte_mbuf* packet() {
        rte_mbuf* mbuf = rte_pktmbuf_alloc(pool());
        REQUIRE(mbuf != nullptr);
        std::fill_n(rte_pktmbuf_append(mbuf, 60), 60, char{0});
        return mbuf;
    }
    uint64_t count(Count which) const { return counters.count[which].read(); }
    uint64_t dropped(Drop reason) const { return counters.drop[reason].read(); }
};

}  // namespace

TEST_CASE("egress: a hop's word names the interface, and so port and source MAC", "[link]") {
    Bench bench;
    const HopIndex host = bench.hops->add(kLan, ip("10.1.0.10"));
    const HopIndex router = bench.hops->add(kWan, ip(kRouter));
    rte_mbuf* packet = bench.packet();
    CHECK_FALSE(bench.egress->send_to(packet, host));  // without a MAC it stays the caller's
    bench.hops->resolve(host, mac(0x55));
    bench.hops->resolve(router, mac(0x66));
    CHECK(bench.egress->send_to(packet, host));
    CHECK(bench.egress->send_to(bench.packet(), router));
    CHECK(bench.lan.sent.empty());  // gathers until the flush
    bench.egress->flush();
    REQUIRE(bench.lan.sent.size() == 1);
    REQUIRE(bench.wan.sent.size() == 1);
    const auto macs = [](const test::Bytes& frame) {
        return test::Bytes(frame.begin(), frame.begin() + 12);
    };
    CHECK(macs(bench.lan.sent[0]) == test::Bytes{2, 0, 0, 0, 0, 0x55, 2, 0, 0, 0, 0, 0x11});
    CHECK(macs(bench.wan.sent[0]) == test::Bytes{2, 0, 0, 0, 0, 0x66, 2, 0, 0, 0, 0, 0x22});
    CHECK(bench.count(Count::Transmitted) == 2);
    CHECK(bench.hops->read(host).is_used());
}

TEST_CASE("egress: what goes to a neighbour stays IPv4 or IPv6, whichever it is", "[link]") {
    const uint16_t type = GENERATE(uint16_t{RTE_ETHER_TYPE_IPV4}, uint16_t{RTE_ETHER_TYPE_IPV6});
    Bench bench;
    const HopIndex host = bench.hops->add(kLan, ip("10.1.0.10"));
    bench.hops->resolve(host, mac(0x55));
    const auto packet = [&] {
        rte_mbuf* mbuf = bench.packet();
        rte_pktmbuf_mtod(mbuf, rte_ether_hdr*)->ether_type = rte_cpu_to_be_16(type);
        return mbuf;
    };
    Path path{.via = ip("10.1.0.10"), .interface = kLan};
    CHECK(bench.egress->send_to(packet(), host));
    bench.egress->send(packet(), path);
    bench.egress->flush();
    REQUIRE(bench.lan.sent.size() == 2);
    for (const test::Bytes& frame : bench.lan.sent) {
        CHECK(frame[12] == type >> 8);
        CHECK(frame[13] == (type & 0xff));
    }
}

TEST_CASE("egress: an interface's tag is put beside the frame, or into it where the port does not",
          "[link]") {
    Bench nic(100, true);
    nic.egress->send(nic.packet(), kLan);
    nic.egress->send(nic.packet(), kWan);
    nic.egress->flush();
    REQUIRE(nic.lan.sent.size() == 1);
    CHECK(nic.lan.sent[0].size() == 60);
    CHECK(nic.lan.last_tag == 100);
    CHECK(nic.wan.last_tag == 0);
    CHECK(nic.counters.interfaces[kLan].out.read() == stats::Volume{1, 60});

    Bench plain(100);
    plain.egress->send(plain.packet(), kLan);
    plain.egress->send(plain.packet(), kWan);
    plain.egress->flush();
    REQUIRE(plain.lan.sent.size() == 1);
    CHECK(plain.lan.sent[0].size() == 64);
    CHECK(test::Bytes(plain.lan.sent[0].begin() + 12, plain.lan.sent[0].begin() + 16) ==
          test::Bytes{0x81, 0, 0, 100});
    CHECK(plain.lan.last_tag == 0);
    CHECK(plain.wan.sent[0].size() == 60);
    CHECK(plain.counters.interfaces[kLan].out.read() == stats::Volume{1, 60});
    CHECK(plain.counters.interfaces[kWan].out.read() == stats::Volume{1, 60});
}

TEST_CASE("egress: where there is no room for a tag the packet is dropped by name", "[link]") {
    Bench bench(100);
    rte_mbuf* packet = bench.packet();
    rte_pktmbuf_prepend(packet, rte_pktmbuf_headroom(packet));
    bench.egress->send(packet, kLan);
    bench.egress->flush();
    CHECK(bench.lan.sent.empty());
    CHECK(bench.dropped(Drop::TxFull) == 1);
}

TEST_CASE("egress: a path is found where the route leads to the side that is asked for", "[link]") {
    Bench bench;
    const auto path = bench.egress->find(toward(kServer), Side::Outside);
    REQUIRE(path);
    CHECK(path->interface == kWan);
    CHECK(path->via == ip(kRouter));
    CHECK(path->hop == kNoHop);
    CHECK_FALSE(bench.egress->find(toward(kServer), Side::Inside));
    CHECK_FALSE(bench.egress->find(toward("10.1.0.10"), Side::Outside));
    CHECK(bench.egress->routes().find(ip("10.1.0.10")) == Toward{kLan, ip("10.1.0.10")});
}

TEST_CASE("egress: MTU and link are those of the port at the beginning of the turn", "[link]") {
    Bench bench;
    bench.lan.bytes = 9000;
    CHECK(bench.egress->exit(kLan).mtu == 1500);
    bench.egress->look_at_ports();
    CHECK(bench.egress->exit(kLan).mtu == 9000);
    CHECK(bench.egress->exit(kLan).has_link);
    CHECK(bench.egress->least_mtu() == 1500);
    bench.lan.set_link(false);
    bench.egress->look_at_ports();
    CHECK_FALSE(bench.egress->exit(kLan).has_link);
    CHECK(bench.egress->exit(kWan).has_link);
    CHECK(bench.egress->least_mtu() == 0);
}

TEST_CASE("egress: what gathers for a port without link is dropped, not kept for later", "[link]") {
    Bench bench;
    bench.wan.set_link(false);
    bench.egress->send(bench.packet(), kWan);
    bench.egress->send(bench.packet(), kLan);
    bench.egress->flush();
    CHECK(bench.wan.bursts == 0);
    CHECK(bench.lan.bursts == 1);
    CHECK(bench.counters.drop[Drop::LinkDown].read() == 1);
    bench.wan.set_link(true);
    bench.egress->flush();
    CHECK(bench.wan.bursts == 0);
}

TEST_CASE("egress: without a MAC a packet goes to the control core, and then along its path",
          "[link]") {
    Bench bench;
    auto path = bench.egress->find(toward(kServer), Side::Outside);
    bench.egress->send(bench.packet(), *path);
    bench.egress->flush();
    rte_mbuf* punted = nullptr;
    REQUIRE(bench.to_control.take({&punted, 1}) == 1);
    const Note note = note_of(punted);
    rte_pktmbuf_free(punted);
    CHECK(note.punt == Punt::Unresolved);
    CHECK(note.to == kWan);
    CHECK(note.next_hop == ip(kRouter));
    CHECK(bench.count(Count::Punted) == 1);

    const HopIndex router = bench.hops->add(kWan, ip(kRouter));
    bench.hops->resolve(router, mac(0x66));
    bench.egress->send(bench.packet(), *path);
    CHECK(path->hop == router);
    bench.egress->flush();
    CHECK(bench.wan.sent.size() == 1);
}

TEST_CASE("egress: a path finds its hop anew when one was removed meanwhile", "[link]") {
    Bench bench;
    const HopIndex first = bench.hops->add(kWan, ip(kRouter));
    bench.hops->resolve(first, mac(0x66));
    auto path = bench.egress->find(toward(kServer), Side::Outside);
    CHECK(path->hop == first);
    bench.hops->remove(first);
    const HopIndex second = bench.hops->add(kWan, ip(kRouter));
    REQUIRE(second != first);
    bench.hops->resolve(second, mac(0x77));
    bench.egress->look_at_ports();  // the next turn
    bench.egress->send(bench.packet(), *path);
    bench.egress->flush();
    CHECK(path->hop == second);
    REQUIRE(bench.wan.sent.size() == 1);
    CHECK(bench.wan.sent[0][5] == 0x77);
}

TEST_CASE("egress: what is found by routes that were replaced is found again", "[link]") {
    Bench bench;
    const auto before = bench.egress->find(toward(kServer), Side::Outside);
    REQUIRE(before);
    bench.hops->forget_paths();  // after the routes, by another thread, within this turn
    const auto stale = bench.egress->find(toward(kServer), Side::Outside);
    REQUIRE(stale);
    const std::vector<Route> list{{{}, kWan, ip("198.51.100.253")}};
    const Routes others(list);
    bench.egress->look_at_ports();
    bench.egress->route_by(others);
    CHECK(stale->generation != bench.egress->generation());
    CHECK(bench.egress->find(toward(kServer), Side::Outside)->via == ip("198.51.100.253"));
}

TEST_CASE("egress: what goes where nobody answers is set apart, a batch at most", "[link]") {
    Bench bench;
    const HopIndex router = bench.hops->add(kWan, ip(kRouter));
    bench.hops->fail(router);
    auto path = bench.egress->find(toward(kServer), Side::Outside);
    for (unsigned i = 0; i < kBatchSize + 3; ++i)
        bench.egress->send(bench.packet(), *path);
    CHECK(bench.dropped(Drop::NeighbourFailed) == 3);
    CHECK(bench.count(Count::IcmpSuppressed) == 3);
    std::array<rte_mbuf*, kBatchSize> apart;
    REQUIRE(bench.egress->take_unreachable(apart) == kBatchSize);
    CHECK(bench.egress->take_unreachable(apart) == 0);
    bench.egress->drop(apart, Drop::NeighbourFailed);
    CHECK(bench.dropped(Drop::NeighbourFailed) == kBatchSize + 3);
}

TEST_CASE("egress: a full batch goes at once, and what is not taken is dropped by name", "[link]") {
    Bench bench;
    bench.wan.room = kBatchSize - 4;
    for (unsigned i = 0; i < kBatchSize; ++i)
        bench.egress->send(bench.packet(), kWan);
    CHECK(bench.wan.bursts == 1);
    CHECK(bench.count(Count::Transmitted) == kBatchSize - 4);
    CHECK(bench.dropped(Drop::TxFull) == 4);

    for (unsigned i = 0; i < 130; ++i) {
        bench.egress->hand_over(bench.packet(), 1, {.from = kLan, .for_flow = true});
        bench.egress->punt(bench.packet(), {.from = kLan, .punt = Punt::Arp});
    }
    bench.egress->flush();
    CHECK(bench.count(Count::Handoff) == 127);
    CHECK(bench.dropped(Drop::HandoffFull) == 3);
    CHECK(bench.count(Count::Punted) == 127);
    CHECK(bench.dropped(Drop::PuntFull) == 3);
    CHECK(bench.count(Count::Put) == 254);
}

TEST_CASE("egress: a flood to who is not there leaves ARP a quarter of the control core's ring",
          "[link][arp]") {
    Bench bench;
    const unsigned all = bench.to_control.capacity();
    const unsigned others = all - all / 4;
    const auto kind = GENERATE(Punt::Unresolved, Punt::Source, Punt::Local);
    for (unsigned i = 0; i < all + 3; ++i)
        bench.egress->punt(bench.packet(),
                           {.from = kLan, .punt = kind, .to = kWan, .next_hop = ip(kRouter)});
    bench.egress->flush();
    CHECK(bench.to_control.count() == others);
    CHECK(bench.dropped(Drop::PuntFull) == all + 3 - others);
    for (unsigned i = 0; i < all / 4; ++i)
        bench.egress->punt(bench.packet(), {.from = kLan, .punt = Punt::Arp});
    bench.egress->flush();
    CHECK(bench.to_control.count() == all);
    CHECK(bench.count(Count::Punted) == all);
    CHECK(bench.dropped(Drop::PuntFull) == all + 3 - others);
    // What has been taken makes room for the others again.
    std::array<rte_mbuf*, kBatchSize> taken;
    REQUIRE(bench.to_control.take(taken) == kBatchSize);
    rte_pktmbuf_free_bulk(taken.data(), kBatchSize);
    bench.egress->punt(bench.packet(), {.from = kLan, .punt = kind});
    bench.egress->flush();
    CHECK(bench.to_control.count() == all - kBatchSize + 1);
}

}  // namespace egress_test
