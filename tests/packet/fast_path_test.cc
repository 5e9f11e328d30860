// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Which packets take the fast path, as it counts them.

#include "catch.h"
#include "reload.h"
#include "testbed.h"

#include <rte_mbuf.h>

#include <array>
#include <memory>

namespace fast_path_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using net::Side;

namespace {

constexpr uint16_t kPort = 5000;
constexpr uint16_t kServerPort = 443;

Frame framed(Frame frame) {
    return frame.ether(mac_of(ip(kHost)), mac(0x11));
}

Frame from_host() {
    return framed(Frame().ipv4(kHost, kServer));
}

Frame datagram() {
    return from_host().udp(kPort, kServerPort).payload(10);
}

/// A flow between kHost and kServer that stands.
struct Standing {
    explicit Standing(const TestbedOptions& options = {}) : bed(options) {}

    /// A stream: answered, and older than two seconds.
    Standing& udp() {
        bed.from_inside(Frame().ipv4(kHost, kServer).udp(kPort, kServerPort));
        answer();
        bed.advance(Duration::seconds(3));
        bed.from_inside(Frame().ipv4(kHost, kServer).udp(kPort, kServerPort));
        return answer();
    }
    Standing& answer() {
        const auto seen = bed.gateway().table().size();
        REQUIRE(seen != 0);
        const uint16_t port = external_port();
        bed.from_outside(Frame().ipv4(kServer, kPublic).udp(kServerPort, port));
        return *this;
    }

    Standing& tcp() {
        const auto host = [&](uint8_t flags, uint32_t seq, uint32_t ack) {
            bed.from_inside(
                Frame().ipv4(kHost, kServer).tcp(kPort, kServerPort, flags).seq(seq).ack(ack));
        };
        const auto server = [&](uint8_t flags, uint32_t seq, uint32_t ack) {
            bed.from_outside(Frame()
                                 .ipv4(kServer, kPublic)
                                 .tcp(kServerPort, external_port(), flags)
                                 .seq(seq)
                                 .ack(ack));
        };
        host(kSyn, 100, 0);
        server(kSyn | kAck, 900, 101);
        host(kAck, 101, 901);
        server(kAck, 901, 101);
        host(kAck, 101, 901);
        return *this;
    }
    static Frame segment(uint8_t flags = kAck) {
        return from_host().tcp(kPort, kServerPort, flags).seq(101).ack(901).payload(10);
    }

    uint16_t external_port() {
        uint16_t port = 0;
        auto& table = bed.gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, flow::FlowRecord& record) {
            if (record.kind() == flow::Kind::Flow &&
                record.key(net::Direction::Original).source_port == Be16::from_host(kPort))
                port = record.key(net::Direction::Reply).destination_port.host();
        });
        return port;
    }

    uint64_t taken() const { return bed.count(stats::Count::FastPath); }
    /// The packet leaves, and by the fast path.
    bool takes(const Frame& packet) {
        const uint64_t before = taken();
        bed.inject(Side::Inside, packet.bytes());
        bed.run();
        REQUIRE(bed.take(Side::Outside).size() == 1);
        return taken() != before;
    }

    Testbed bed;
};

}  // namespace

TEST_CASE("fast path: a datagram of a stream takes it, one of a young flow does not",
          "[packet][fast-path]") {
    Standing standing;
    standing.bed.from_inside(Frame().ipv4(kHost, kServer).udp(kPort, kServerPort));
    standing.answer();
    CHECK_FALSE(standing.takes(datagram()));
    Standing stream;
    CHECK(stream.udp().takes(datagram()));
}

TEST_CASE("fast path: data and ACKs of an established connection take it", "[packet][fast-path]") {
    Standing standing;
    standing.tcp();
    CHECK(standing.takes(Standing::segment()));
    CHECK(standing.takes(Standing::segment(kAck | kPsh)));
    CHECK(standing.takes(Standing::segment().tcp_options({1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2})));
    CHECK_FALSE(
        standing.takes(Standing::segment().tcp_options({1, 1, 5, 10, 0, 0, 3, 132, 0, 0, 3, 133})));
    CHECK_FALSE(standing.takes(Standing::segment(kAck | kUrg)));
    CHECK_FALSE(standing.takes(Standing::segment(kFin | kAck)));
}

TEST_CASE("fast path: it takes replies", "[packet][fast-path]") {
    Standing standing;
    standing.udp();
    const uint64_t before = standing.taken();
    standing.answer();
    CHECK(standing.taken() == before + 1);
}

TEST_CASE("fast path: a flow that an outside host has opened takes it, both ways",
          "[packet][fast-path]") {
    TestbedOptions options;
    options.configure = [](config::Config& config) {
        config.forwards = {{Protocol::Udp,
                            {ip(kPublic), Be16::from_host(8080)},
                            {ip(kHost), Be16::from_host(kPort)}}};
    };
    Testbed bed(options);
    const auto in = [&] {
        CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(kServerPort, 8080)).size() == 1);
        return bed.count(stats::Count::FastPath);
    };
    const auto out = [&] {
        CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(kPort, kServerPort)).size() == 1);
        return bed.count(stats::Count::FastPath);
    };
    in();
    out();
    bed.advance(Duration::seconds(3));
    in();
    const uint64_t before = out();  // it is a stream
    CHECK(in() == before + 1);
    CHECK(out() == before + 2);
}

TEST_CASE("fast path: a packet from another side than its flow's does not take it",
          "[packet][fast-path]") {
    Standing standing;
    standing.udp();
    REQUIRE(standing.takes(datagram()));
    const uint64_t before = standing.taken();
    standing.bed.from_outside(from_host().udp(kPort, kServerPort).payload(10));
    CHECK(
        standing.bed
            .from_inside(Frame().ipv4(kServer, kPublic).udp(kServerPort, standing.external_port()))
            .empty());
    CHECK(standing.bed.take(Side::Outside).empty());
    CHECK(standing.taken() == before);
    CHECK(standing.takes(datagram()));
}

TEST_CASE("fast path: a burst leaves in the order in which it came", "[packet][fast-path]") {
    Standing standing;
    standing.udp();
    const uint64_t before = standing.taken();
    // New flows and packets of the standing one, by turns; TOS numbers them.
    const unsigned count = GENERATE(2u, 3u, 20u, 32u);
    for (unsigned i = 0; i < count; ++i) {
        const bool is_new = i % 3 == 1;
        const uint16_t port = is_new ? static_cast<uint16_t>(6000 + i) : kPort;
        standing.bed.inject(
            Side::Inside,
            from_host().tos(static_cast<uint8_t>(i)).udp(port, kServerPort).payload(10).bytes());
    }
    standing.bed.run();
    const auto out = standing.bed.take(Side::Outside);
    REQUIRE(out.size() == count);
    for (unsigned i = 0; i < count; ++i)
        CHECK(out[i].tos == i);
    CHECK(standing.taken() - before == count - (count + 1) / 3);
}

TEST_CASE("fast path: what the NIC has not found good is verified", "[packet][fast-path]") {
    TestbedOptions options;
    options.verifies_checksums = true;
    Standing standing(options);
    standing.udp();
    const auto arrives = [&](uint64_t flags, bool is_damaged) {
        auto bytes = datagram().bytes();
        bytes.back() ^= is_damaged ? 1 : 0;
        standing.bed.port(Side::Inside).set_receive_flags(flags);
        standing.bed.inject(Side::Inside, bytes);
        standing.bed.run();
        return standing.bed.take(Side::Outside).size() == 1;
    };
    constexpr uint64_t kBothGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    constexpr uint64_t kBadL4 = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
    CHECK(arrives(0, false));
    CHECK_FALSE(arrives(0, true));
    CHECK_FALSE(arrives(RTE_MBUF_F_RX_IP_CKSUM_GOOD, true));
    CHECK(arrives(kBothGood, false));
    CHECK_FALSE(arrives(kBadL4, false));  // it is believed
}

TEST_CASE("fast path: where one packet of a flow stays, those behind it stay too",
          "[packet][fast-path]") {
    Standing standing;
    standing.udp();
    for (const uint16_t id : {1, 2, 3}) {
        Frame packet = datagram().id(id);
        if (id == 2)
            packet.ip_options({1, 1, 1, 0});  // of which it is not told whose it is
        standing.bed.inject(Side::Inside, packet.bytes());
    }
    standing.bed.run();
    auto out = standing.bed.take(Side::Outside);
    REQUIRE(out.size() == 3);
    for (const size_t i : {0u, 1u, 2u})
        CHECK(out[i].id == i + 1);

    Standing connection;
    connection.tcp();
    for (const uint16_t id : {1, 2}) {
        Frame packet = Standing::segment(id == 1 ? kAck | kUrg : kAck).id(id);
        connection.bed.inject(Side::Inside, packet.bytes());
    }
    connection.bed.run();
    out = connection.bed.take(Side::Outside);
    REQUIRE(out.size() == 2);
    CHECK(out[0].id == 1);
    CHECK(out[1].id == 2);
}

TEST_CASE("fast path: flows that hang on a block of ports take it, under a mapping they do not",
          "[packet][fast-path]") {
    TestbedOptions options;
    options.configure = [](config::Config& config) { config.holders.blocks = {64, 4}; };
    Standing block(options);
    CHECK(block.udp().takes(datagram()));

    options.configure = [](config::Config& config) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {{.inside = {ip("10.1.0.0"), 24},
                        .addresses = {{ip(kPublic), ip(kPublic)}},
                        .independence = nat::Independence{{{Protocol::Udp, {kPort, kPort}}},
                                                          {50'000, 50'999},
                                                          nat::Filtering::EndpointIndependent}}};
    };
    Standing mapping(options);
    CHECK_FALSE(mapping.udp().takes(datagram()));
}

TEST_CASE("fast path: a packet that is counted takes it", "[packet][fast-path]") {
    TestbedOptions options;
    options.configure = [](config::Config& config) { config.accounting = true; };
    Standing standing(options);
    standing.udp();
    auto& table = standing.bed.gateway().table();
    const auto counted = [&] {
        uint64_t packets = 0;
        table.for_each_live(0, table.capacity(), [&](uint32_t index, flow::FlowRecord& record) {
            if (record.key(net::Direction::Original).source_port == Be16::from_host(kPort))
                packets = (*table.accounts().read(index))[0].packets;
        });
        return packets;
    };
    const uint64_t before = counted();
    CHECK(standing.takes(datagram()));
    CHECK(counted() == before + 1);
}

TEST_CASE("fast path: what concerns somebody who watches does not take it, all else does",
          "[packet][fast-path]") {
    using observe::Which;
    using observe::Wish;
    net::TupleFilter host;
    host.source = net::Prefix{ip(kHost), 32};
    net::TupleFilter other;
    other.source = net::Prefix{ip("10.1.0.99"), 32};
    struct Case {
        Wish wish;
        bool concerns;
    };
    const auto [wish, concerns] = GENERATE_COPY(
        Case{{}, true}, Case{{.which = Which::Leaving, .filter = host}, true},
        Case{{.which = Which::Both, .filter = other}, false}, Case{{.which = Which::Dropped}, true},
        Case{{.which = Which::Dropped, .reason = stats::Drop::TxFull}, true},
        Case{{.which = Which::Dropped, .reason = stats::Drop::InvalidFlags}, false});
    Standing standing;
    standing.udp();
    auto reader = standing.bed.gateway().watches().open(wish);
    REQUIRE(reader);
    CHECK(standing.takes(datagram()) == !concerns);
    const uint64_t before = standing.taken();
    standing.answer();
    CHECK(standing.taken() == before + (concerns ? 0 : 1));
    reader->reset();
    CHECK(standing.takes(datagram()));
}

TEST_CASE("fast path: a damaged packet is dropped", "[packet][fast-path]") {
    Standing standing;
    standing.udp();
    standing.bed.inject(Side::Inside, datagram().bad_transport_checksum().bytes());
    standing.bed.inject(Side::Inside, datagram().bad_ip_checksum().bytes());
    standing.bed.run();
    CHECK(standing.bed.take(Side::Outside).empty());
    CHECK(standing.bed.dropped(stats::Drop::TransportChecksum) == 1);
    CHECK(standing.bed.dropped(stats::Drop::IpChecksum) == 1);
}

TEST_CASE("fast path: what a short frame has behind its packet does not leave",
          "[packet][fast-path]") {
    Standing standing;
    standing.udp();
    standing.bed.inject(Side::Inside, datagram().padding(7).bytes());
    standing.bed.run();
    const auto out = standing.bed.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].padding == 0);
}

TEST_CASE("fast path: a standing flow takes the way that a reload gives it, and then it again",
          "[packet][fast-path]") {
    config::Config config;
    TestbedOptions options;
    options.configure = [&](config::Config& all) { config = all; };
    Standing standing(options);
    standing.udp();
    const auto next_hop = [&] {
        standing.bed.inject(Side::Inside, datagram().bytes());
        standing.bed.run();
        const auto out = standing.bed.take(Side::Outside);
        REQUIRE(out.size() == 1);
        return out[0].destination_mac;
    };
    REQUIRE(next_hop() == mac_of(ip(kRouter)));
    config.routes = {{{ip("203.0.113.0"), 24}, ip("198.51.100.253")}};
    reload(standing.bed, config);
    uint64_t before = standing.taken();
    CHECK(next_hop() == mac_of(ip("198.51.100.253")));
    CHECK(standing.taken() == before);  // its way had to be looked for
    next_hop();                         // and its hop, unless the control core has asked for it
    before = standing.taken();
    CHECK(next_hop() == mac_of(ip("198.51.100.253")));
    CHECK(standing.taken() == before + 1);
    before = standing.taken();
    standing.answer();  // likewise in the other direction
    standing.answer();
    CHECK(standing.taken() == before + 1);
}

TEST_CASE("fast path: toward a dead link a standing flow's packets end by name, until it is back",
          "[packet][fast-path]") {
    Standing standing;
    standing.udp();
    REQUIRE(standing.takes(datagram()));
    standing.bed.port(Side::Outside).set_link(false);
    const uint64_t before = standing.taken();
    standing.bed.inject(Side::Inside, datagram().bytes());
    standing.bed.run();
    CHECK(standing.bed.take(Side::Outside).empty());
    CHECK(standing.bed.dropped(stats::Drop::LinkDown) == 1);
    CHECK(standing.taken() == before);
    standing.answer();  // toward the other port, which has a link
    CHECK(standing.taken() == before + 1);
    standing.bed.port(Side::Outside).set_link(true);
    CHECK(standing.takes(datagram()));
}

TEST_CASE("fast path: flows of VLANs take it, and leave with the tag of the other side",
          "[packet][fast-path][vlan]") {
    struct Row {
        bool on_one_port;
        uint16_t inside, outside;
    };
    const Row row = GENERATE(values<Row>({{false, 100, 200}, {true, 100, 200}, {true, 100, 0}}));
    CAPTURE(row.on_one_port, row.outside);
    TestbedOptions options;
    options.has_tags_beside = GENERATE(false, true);
    options.configure = [row](config::Config& config) {
        config.lans[0].at.vlan = row.inside;
        config.wans[0].at.vlan = row.outside;
        if (row.on_one_port)
            config.lans[0].at.port = config.wans[0].at.port;
    };
    Standing standing(options);  // which fails for a frame with a wrong tag
    standing.udp();
    const auto own = standing.bed.port(Side::Inside).mac();
    CHECK(standing.takes(datagram().ether(mac_of(ip(kHost)), own)));
    const uint64_t before = standing.taken();
    standing.answer();
    CHECK(standing.taken() == before + 1);
}

TEST_CASE("fast path: flows of two zones that look alike take it, each to its own host",
          "[packet][fast-path][zones]") {
    TestbedOptions options;
    options.configure = [](config::Config& config) {
        config.lans.push_back({{"second wire"}, {ip("10.1.0.1"), 24}, 5});
    };
    Standing standing(options);
    Testbed& bed = standing.bed;
    const auto own = bed.port(Side::Inside).mac();
    const auto out = [&](size_t interface) {
        bed.inject_on(interface, datagram().ether(mac_of(ip(kHost)), own).bytes());
        bed.run();
        const auto seen = bed.take(Side::Outside);
        REQUIRE(seen.size() == 1);
        return seen[0].source_port;
    };
    std::array<uint16_t, 2> port{};
    const auto answer = [&](size_t interface) {
        bed.inject(Side::Outside, Frame()
                                      .ipv4(kServer, kPublic)
                                      .udp(kServerPort, port[interface])
                                      .ether(mac_of(ip(kRouter)), bed.port(Side::Outside).mac())
                                      .bytes());
        bed.run();
        CHECK(bed.take_frames_of(interface).size() == 1);
        CHECK(bed.take_frames_of(1 - interface).empty());
    };
    for (int round = 0; round < 2; ++round) {
        for (const size_t interface : {0u, 1u}) {
            port[interface] = out(interface);
            answer(interface);
        }
        bed.advance(Duration::seconds(3));
    }
    REQUIRE(port[0] != port[1]);
    const uint64_t before = standing.taken();
    for (const size_t interface : {0u, 1u}) {
        CHECK(out(interface) == port[interface]);
        answer(interface);
    }
    CHECK(standing.taken() == before + 4);
}

}  // namespace fast_path_test
