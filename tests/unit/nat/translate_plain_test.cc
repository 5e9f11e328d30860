// SPDX-License-Identifier: BSD-3-Clause
#include "nat/translate_plain.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "nat/translate.h"
#include "net/parse.h"
#include "packet_builder.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <random>

namespace translate_plain_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;

namespace {

Bytes bytes_of(FakeMbuf& mbuf) {
    const auto* start = rte_pktmbuf_mtod(mbuf.get(), const uint8_t*);
    return {start, start + rte_pktmbuf_data_len(mbuf.get())};
}

/// Any sound one, but for its checksums, which may be the extremes.
Bytes any_packet(std::mt19937_64& random) {
    const auto number = [&] { return static_cast<uint16_t>(random()); };
    Frame frame =
        Frame().ipv4(Be32{static_cast<uint32_t>(random())}, Be32{static_cast<uint32_t>(random())});
    frame.ttl(static_cast<uint8_t>(2 + random() % 254)).id(number());
    if (random() % 2 == 0)
        frame.tcp(number(), number()).seq(static_cast<uint32_t>(random()));
    else
        frame.udp(number(), number());
    if (random() % 4 == 0)
        frame.without_udp_checksum();
    Bytes bytes = frame.payload(random() % 4).bytes();
    constexpr size_t kIpSumAt = 14 + 10;
    const size_t sum_at = 14 + 20 + (bytes[14 + 9] == 6 ? 16 : 6);
    for (const size_t at : {kIpSumAt, sum_at})
        if (random() % 8 == 0) {
            bytes[at] = random() % 2 == 0 ? 0 : 0xff;
            bytes[at + 1] = static_cast<uint8_t>(bytes[at] + random() % 3 - 1);
        }
    return bytes;
}

}  // namespace

TEST_CASE("translate plain: it does what TTL and translation do one after the other", "[nat]") {
    std::mt19937_64 random(1);
    unsigned without_sum = 0;
    for (unsigned i = 0; i < 200'000; ++i) {
        const Bytes frame = any_packet(random);
        FakeMbuf apart(frame);
        FakeMbuf together(frame);
        net::Packet packet;
        net::Tuple tuple;
        REQUIRE_FALSE(net::parse(apart, packet, tuple));
        const auto direction = random() % 2 == 0 ? Direction::Original : Direction::Reply;
        flow::FlowRecord record{};
        record.tuple[index(direction)] = tuple;
        net::Tuple& other = record.tuple[index(opposite(direction))];
        other = tuple.reversed();
        if (random() % 8 != 0)  // else nothing but the TTL changes
            other.destination = Be32{static_cast<uint32_t>(random())};
        other.destination_port = Be16{static_cast<uint16_t>(random())};
        record.rewrite = nat::rewrite_of(record.tuple);

        nat::decrement_ttl(packet);
        nat::translate(record, direction, packet);
        auto* ip = rte_pktmbuf_mtod_offset(together.get(), rte_ipv4_hdr*, sizeof(rte_ether_hdr));
        nat::translate_plain(record, direction, *ip);
        REQUIRE(bytes_of(apart) == bytes_of(together));
        const auto& udp = *reinterpret_cast<const rte_udp_hdr*>(ip + 1);
        without_sum += tuple.protocol == net::Protocol::Udp && udp.dgram_cksum == 0;
    }
    CHECK(without_sum > 10'000);
}

}  // namespace translate_plain_test
