// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Which packets take the fast path, as it counts them.

#include "catch.h"
#include "testbed.h"

#include <rte_mbuf.h>

#include <memory>

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

TEST_CASE("fast path: nobody takes it while somebody watches", "[packet][fast-path]") {
    Standing standing;
    standing.udp();
    auto reader = standing.bed.gateway().watches().open({});
    REQUIRE(reader);
    CHECK_FALSE(standing.takes(datagram()));
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
