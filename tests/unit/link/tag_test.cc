// SPDX-License-Identifier: BSD-3-Clause
#include "link/tag.h"

#include "catch.h"
#include "eal.h"
#include "fake_mbuf.h"
#include "link/note.h"

#include <rte_mbuf.h>

#include <memory>

namespace tag_test {

using namespace sluice;
using namespace sluice::link;
using stats::Drop;
using test::Bytes;
using test::ip;

namespace {

constexpr InterfaceId kPlain = 0;
constexpr InterfaceId kTagged = 1;

Interfaces interfaces() {
    Interface plain;
    plain.own = {{ip("10.1.0.1"), 24}};
    Interface tagged = plain;
    tagged.vlan = 100;
    return std::move(Interfaces::create({plain, tagged})).value();
}

test::Frame frame() {
    return test::Frame().ipv4("10.1.0.10", "203.0.113.10").udp(5000, 53).payload(4);
}

}  // namespace

TEST_CASE("tag: most packets have none, and are known by EtherType and flags", "[link]") {
    CHECK(is_untagged_ipv4(test::FakeMbuf(frame().bytes())));
    CHECK_FALSE(is_untagged_ipv4(test::FakeMbuf(frame().vlan(100).bytes())));
    CHECK_FALSE(is_untagged_ipv4(test::FakeMbuf(frame().ether_type(0x0806).bytes())));
    test::FakeMbuf stripped(frame().bytes());
    stripped->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    CHECK_FALSE(is_untagged_ipv4(stripped));
}

TEST_CASE("tag: one in the frame is taken out of it", "[link]") {
    test::FakeMbuf mbuf(frame().vlan(0x6000 | 100).bytes());
    InterfaceId from = kPlain;
    CHECK_FALSE(take_tag(mbuf, interfaces(), 0, from));
    CHECK(from == kTagged);
    CHECK(test::bytes_of(mbuf) == frame().bytes());
    CHECK(mbuf->pkt_len == frame().bytes().size());
    CHECK(is_untagged_ipv4(mbuf));
}

TEST_CASE("tag: one beside the frame is read, and forgotten", "[link]") {
    test::FakeMbuf mbuf(frame().bytes());
    mbuf->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_RSS_HASH;
    mbuf->vlan_tci = 0xf000 | 100;
    InterfaceId from = kPlain;
    CHECK_FALSE(take_tag(mbuf, interfaces(), 0, from));
    CHECK(from == kTagged);
    CHECK(mbuf->ol_flags == RTE_MBUF_F_RX_RSS_HASH);
    CHECK(test::bytes_of(mbuf) == frame().bytes());
}

TEST_CASE("tag: two are too many, wherever they stand", "[link]") {
    InterfaceId from = kPlain;
    test::FakeMbuf inner(frame().vlan(5).bytes());
    inner->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    inner->vlan_tci = 100;
    CHECK(take_tag(inner, interfaces(), 0, from) == Drop::Qinq);
    test::FakeMbuf both(frame().bytes());
    both->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ |
                     RTE_MBUF_F_RX_QINQ_STRIPPED;
    both->vlan_tci = 100;
    CHECK(take_tag(both, interfaces(), 0, from) == Drop::Qinq);
}

TEST_CASE("tag: what has none is of the untagged interface", "[link]") {
    InterfaceId from = kNoInterface;
    test::FakeMbuf arp(frame().ether_type(0x0806).bytes());
    CHECK_FALSE(take_tag(arp, interfaces(), 0, from));
    CHECK(from == kPlain);
    test::FakeMbuf other(frame().vlan(101).bytes());
    CHECK(take_tag(other, interfaces(), 0, from) == Drop::UnknownVlan);
}

TEST_CASE("tag: a frame that ends before its EtherType, or within its tag, is cut short",
          "[link]") {
    Bytes bytes = frame().vlan(100).bytes();
    bytes.resize(GENERATE(13, 14, 17));
    test::FakeMbuf mbuf(bytes);
    InterfaceId from = kPlain;
    CHECK(take_tag(mbuf, interfaces(), 0, from) == Drop::Truncated);
}

TEST_CASE("tag: it is put in behind the MACs, where there is room before the frame", "[link]") {
    test::start_eal();
    rte_mempool* pool = rte_pktmbuf_pool_create("tag", 15, 0, kNoteBytes, 2048, SOCKET_ID_ANY);
    REQUIRE(pool != nullptr);
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool);
    const Bytes plain = frame().bytes();
    std::copy(plain.begin(), plain.end(),
              rte_pktmbuf_append(mbuf, static_cast<uint16_t>(plain.size())));
    CHECK(insert_tag(mbuf, 100));
    CHECK(test::bytes_of(mbuf) == frame().vlan(100).bytes());
    CHECK(without_tag(mbuf).vlan == 100);
    CHECK(without_tag(mbuf).bytes == plain.size());
    rte_pktmbuf_free(mbuf);
    rte_mempool_free(pool);

    test::FakeMbuf no_room(plain);
    CHECK_FALSE(insert_tag(no_room, 100));
    CHECK(test::bytes_of(no_room) == plain);
    CHECK(without_tag(no_room).vlan == kUntagged);
    no_room->ol_flags |= RTE_MBUF_F_TX_VLAN;  // the port is to put it in
    no_room->vlan_tci = 7;
    CHECK(without_tag(no_room).vlan == 7);
    CHECK(without_tag(no_room).bytes == plain.size());
}

}  // namespace tag_test
