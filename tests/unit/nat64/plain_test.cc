// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/plain.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"
#include "nat64/edge.h"
#include "nat64/to_ipv6.h"
#include "net/text.h"
#include "packet_reader.h"

#include <memory>
#include <random>

namespace plain_test {

using namespace sluice;
using namespace sluice::nat64;
using namespace sluice::test;

namespace {

constexpr Tick kNow{5'000'000};
constexpr auto kHost = "2001:db8:1::10";
constexpr auto kServer = "64:ff9b::203.0.113.10";
constexpr net::MacAddress kPort{0x02, 0, 0, 0, 0, 2};

EdgeParams params(const char* prefix) {
    EdgeParams params;
    params.addresses = {*Embedding::of(prefix6(prefix)),
                        prefix6("2001:db8:1::1/64"),
                        v6("fe80::1"),
                        *net::parse_prefix("198.18.0.0/16"),
                        {prefix6("2001:db8:2::/48")}};
    params.mac = kPort;
    return params;
}

/// Two of one sort, with one's numbers: what packets become one by one, and by the straight way.
struct Both {
    explicit Both(const char* prefix = "64:ff9b::/96") : of(params(prefix)) {}

    std::unique_ptr<Numbers> numbers =
        std::move(Numbers::create({.plan = NumberPlan({{}, 16}), .now = kNow})).value();
    EdgeParams of;
    Edge edge{of, *numbers};
    Addresses addresses{of.addresses, *numbers};
    PlainPackets plain{addresses, *numbers, of.mac};
    Identifications identifications{{1, 2}, 0};

    bool enters(FakeMbuf& mbuf) {
        rte_mbuf* packets[] = {mbuf.get()};
        return plain.enter(packets, identifications, kNow) == 1;
    }
};

Bytes bytes_of(rte_mbuf* mbuf) {
    const auto* data = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    return {data, data + rte_pktmbuf_data_len(mbuf)};
}

/// A frame with the identification of another, whose header has a right checksum. Both are drawn
/// where a packet may be cut, and 0 where it may not.
Bytes identified_as(Bytes frame, const Bytes& other) {
    const Seen one = read(frame);
    const Seen seen = read(other);
    REQUIRE(seen.ip_checksum_ok);
    if (one.dont_fragment) {
        REQUIRE((one.id == 0 && seen.id == 0));
        return frame;
    }
    for (const size_t at : {18, 19, 24, 25})  // identification, and the checksum that covers it
        frame[at] = other[at];
    return frame;
}

Frame6 to_server(Upper upper) {
    return {.source = kHost,
            .destination = kServer,
            .upper = std::move(upper),
            .destination_mac = {2, 0, 0, 0, 0, 2}};
}

class Dice {
public:
    explicit Dice(uint32_t seed) : random_(seed) {}
    size_t below(size_t count) { return random_() % count; }
    bool one_in(size_t count) { return below(count) == 0; }
    template <typename T>
    const T& of(const std::vector<T>& all) {
        return all[below(all.size())];
    }

private:
    std::mt19937 random_;
};

const std::vector<std::string> kSources = {kHost,
                                           kHost,
                                           kHost,
                                           "2001:db8:1::1",
                                           "2001:db8:2:3::4",
                                           "2001:db8:9::1",
                                           "fe80::7",
                                           "2001:db8:1::",
                                           "ff02::1",
                                           "64:ff9b::198.51.100.9",
                                           "::",
                                           "::1"};
const std::vector<std::string> kDestinations = {kServer,
                                                kServer,
                                                kServer,
                                                "64:ff9b::10.0.0.1",
                                                "64:ff9b::198.18.0.20",
                                                "64:ff9b::192.168.1.1",
                                                "64:ff9b:0:1::1",
                                                "64:ff9c::203.0.113.10",
                                                "2001:db8:1::1",
                                                "2001:db8:9::9",
                                                "fe80::1",
                                                "ff02::2"};

Upper some_upper(Dice& dice) {
    Bytes payload(dice.below(3) == 0 ? 1200 + dice.below(100) : dice.below(40));
    for (uint8_t& byte : payload)
        byte = static_cast<uint8_t>(dice.below(256));
    switch (dice.below(8)) {
        case 0:
            return icmp6(128, 0, 0x12340001, payload);
        case 1:
            return {33, Bytes(20, 1), 6};
        case 2:
        case 3:
        case 4:
            return udp6(static_cast<uint16_t>(dice.below(65536)), 53, payload);
        default:
            return tcp6(4000, 80, kAck, static_cast<uint32_t>(dice.below(1u << 30)), 7, payload);
    }
}

/// Mostly sound, and wrong in most ways a frame can be.
Bytes some_frame6(Dice& dice) {
    Frame6 frame = to_server(some_upper(dice));
    frame.source = dice.one_in(2) ? kHost : dice.of(kSources);
    frame.destination = dice.one_in(2) ? kServer : dice.of(kDestinations);
    frame.hop_limit = static_cast<uint8_t>(dice.one_in(4) ? dice.below(3) : dice.below(256));
    frame.traffic_class = static_cast<uint8_t>(dice.below(256));
    if (dice.one_in(10))
        frame.destination_mac = mac(static_cast<uint8_t>(dice.below(4)));
    if (dice.one_in(10)) {
        frame.first_extension = 60;
        frame.extensions = {frame.upper.protocol, 0, 1, 4, 0, 0, 0, 0};
    }
    frame.has_checksum = !dice.one_in(8);
    Bytes bytes = frame.bytes();
    if (dice.one_in(6))
        bytes.resize(bytes.size() + dice.below(30), 0xee);
    if (dice.one_in(12))
        bytes.resize(14 + dice.below(bytes.size() - 14));
    if (dice.one_in(4))
        bytes[dice.below(std::min<size_t>(bytes.size(), 70))] ^=
            static_cast<uint8_t>(1 << dice.below(8));
    return bytes;
}

Bytes some_frame4(Dice& dice, const std::string& host) {
    const bool is_tcp = dice.one_in(2);
    const std::string source = dice.one_in(8) ? "198.18.0.1" : "203.0.113.10";
    const std::string destination = dice.one_in(8) ? "198.18.3.77" : host;
    Frame frame = Frame().ipv4(source, destination).ttl(static_cast<uint8_t>(dice.below(256)));
    frame = is_tcp ? frame.tcp(80, 4000) : frame.udp(53, 4000);
    Bytes bytes = frame.payload(dice.below(60)).bytes();
    if (dice.one_in(6))
        bytes.resize(bytes.size() + dice.below(30), 0xee);
    if (dice.one_in(12))
        bytes.resize(14 + dice.below(bytes.size() - 14));
    if (dice.one_in(3))
        bytes[dice.below(std::min<size_t>(bytes.size(), 48))] ^=
            static_cast<uint8_t>(1 << dice.below(8));
    return bytes;
}

/// With so much room before its data, as a port leaves it.
struct Roomy {
    explicit Roomy(const Bytes& frame, uint16_t room = 40) : mbuf(with_room(frame, room)) {
        rte_pktmbuf_adj(mbuf, room);
    }
    static Bytes with_room(const Bytes& frame, uint16_t room) {
        Bytes bytes(room, 0xcc);
        bytes.insert(bytes.end(), frame.begin(), frame.end());
        return bytes;
    }
    FakeMbuf mbuf;
};

}  // namespace

TEST_CASE("plain: what enters is what it becomes one by one", "[nat64][oracle]") {
    for (const char* prefix : {"64:ff9b::/96", "2001:db8:64::/96"}) {
        CAPTURE(prefix);
        Both both(prefix);
        REQUIRE(both.numbers->find_or_add(v6(kHost), kNow));
        REQUIRE(both.numbers->find_or_add(v6("2001:db8:2:3::4"), kNow));
        Dice dice(1);
        unsigned entered = 0;
        for (unsigned i = 0; i < 20'000; ++i) {
            Bytes bytes = some_frame6(dice);
            if (std::string(prefix) != "64:ff9b::/96" && bytes.size() > 54)
                for (size_t at = 0; at < 4; ++at)  // behind the other prefix
                    bytes[38 + at] = std::array<uint8_t, 4>{0x20, 0x01, 0x0d, 0xb8}[at],
                               bytes[42 + at] = std::array<uint8_t, 4>{0, 0x64, 0, 0}[at];
            CAPTURE(i);
            FakeMbuf one(bytes);
            const Entered fate = both.edge.enter(one, 0, kNow);
            FakeMbuf straight(bytes);
            if (!both.enters(straight)) {
                REQUIRE(bytes_of(straight) == bytes);
                continue;
            }
            ++entered;
            REQUIRE(fate.fate == Entered::Fate::Translated);
            REQUIRE(bytes_of(straight) == identified_as(bytes_of(one), bytes_of(straight)));
            REQUIRE(straight->pkt_len == one->pkt_len);
            REQUIRE(straight->ol_flags == one->ol_flags);
        }
        CHECK(entered > 1000);
    }
}

TEST_CASE("plain: what leaves is what it becomes one by one", "[nat64][oracle]") {
    Both both;
    const auto number = both.numbers->find_or_add(v6(kHost), kNow);
    REQUIRE(number);
    const std::string host = net::to_string(both.addresses.of_number(*number));
    Dice dice(2);
    unsigned left = 0;
    for (unsigned i = 0; i < 20'000; ++i) {
        CAPTURE(i);
        const Bytes bytes = some_frame4(dice, host);
        Roomy one(bytes);
        const auto reason = to_ipv6(one.mbuf, both.addresses);
        Roomy straight(bytes);
        both.plain.expect(straight.mbuf);
        if (!both.plain.leave(straight.mbuf)) {
            REQUIRE(bytes_of(straight.mbuf) == bytes);
            continue;
        }
        ++left;
        REQUIRE_FALSE(reason);
        REQUIRE(bytes_of(straight.mbuf) == bytes_of(one.mbuf));
        REQUIRE(straight.mbuf->pkt_len == one.mbuf->pkt_len);
    }
    CHECK(left > 5000);
}

TEST_CASE("plain: packets of a burst become what each becomes by itself", "[nat64][oracle]") {
    Both both;
    REQUIRE(both.numbers->find_or_add(v6(kHost), kNow));
    Dice dice(3);
    std::vector<std::string> hosts;
    for (unsigned i = 0; i < 300; ++i)
        hosts.push_back("2001:db8:1::a:" + std::to_string(i));
    unsigned entered = 0;
    for (unsigned round = 0; round < 300; ++round) {
        CAPTURE(round);
        // Who is new has a number from now on, and is remembered from the next round on.
        REQUIRE(both.numbers->find_or_add(v6(hosts[round]), kNow));
        std::vector<Bytes> frames;
        std::vector<std::unique_ptr<FakeMbuf>> held;
        std::vector<rte_mbuf*> packets;
        for (unsigned i = 0; i < kMostAtOnce; ++i) {
            Frame6 frame = to_server(udp6(static_cast<uint16_t>(i + 1), 53, Bytes(i)));
            frame.source = hosts[dice.below(round + 2) % hosts.size()];
            frames.push_back(dice.one_in(3) ? some_frame6(dice) : frame.bytes());
            held.push_back(std::make_unique<FakeMbuf>(frames.back()));
            packets.push_back(held.back()->get());
        }
        const uint64_t is_ipv4 = both.plain.enter(packets, both.identifications, kNow);
        for (unsigned i = 0; i < kMostAtOnce; ++i) {
            CAPTURE(i);
            const Bytes seen = bytes_of(packets[i]);
            if ((is_ipv4 >> i & 1) == 0) {
                REQUIRE(seen == frames[i]);
                continue;
            }
            ++entered;
            FakeMbuf one(frames[i]);
            REQUIRE(both.edge.enter(one, 0, kNow).fate == Entered::Fate::Translated);
            REQUIRE(seen == identified_as(bytes_of(one), seen));
        }
    }
    CHECK(entered > 5000);
}

TEST_CASE("plain: of a burst those leave that are asked for", "[nat64]") {
    Both both;
    const auto number = both.numbers->find_or_add(v6(kHost), kNow);
    REQUIRE(number);
    const Bytes bytes = Frame()
                            .ipv4("203.0.113.10", net::to_string(both.addresses.of_number(*number)))
                            .udp(53, 4000)
                            .bytes();
    Bytes part = bytes;
    part[20] |= 0x20;
    Roomy first(bytes);
    Roomy second(bytes);
    Roomy third(part);
    Roomy fourth(bytes);
    rte_mbuf* packets[] = {first.mbuf, second.mbuf, third.mbuf, fourth.mbuf};
    CHECK(both.plain.leave(packets, 0b1101) == 0b1001);
    CHECK(first.mbuf->pkt_len == bytes.size() + kLonger);
    CHECK(bytes_of(second.mbuf) == bytes);
    CHECK(bytes_of(third.mbuf) == part);
    CHECK(bytes_of(fourth.mbuf) == bytes_of(first.mbuf));
}

TEST_CASE("plain: what passes is what passes one by one", "[nat64][oracle]") {
    Both both;
    Dice dice(4);
    unsigned passed = 0;
    unsigned refused = 0;
    for (unsigned i = 0; i < 20'000; ++i) {
        CAPTURE(i);
        const Bytes bytes = dice.one_in(8)
                                ? some_frame6(dice)
                                : some_frame4(dice, dice.one_in(2) ? "192.0.2.1" : "198.18.0.40");
        FakeMbuf mbuf(bytes);
        rte_mbuf* packets[] = {mbuf.get()};
        if (dice.one_in(20))
            mbuf->ol_flags |= RTE_MBUF_F_RX_VLAN_STRIPPED;
        const bool has_tag = (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
        const bool passes = both.plain.passing(packets, 1) == 1;
        REQUIRE(both.plain.passing(packets, 0) == 0);
        const Entered entered = both.edge.enter(mbuf, 1, kNow);
        refused += entered.fate == Entered::Fate::Dropped ? 1 : 0;
        if (!passes)
            continue;
        ++passed;
        REQUIRE_FALSE(has_tag);
        REQUIRE(entered.fate == Entered::Fate::Passes);
    }
    CHECK(passed > 5000);
    CHECK(refused > 1000);
}

TEST_CASE("plain: in the first second too nobody comes without an address", "[nat64]") {
    Both both;
    Frame6 frame = to_server(udp6(1, 2));
    frame.source = "::";
    FakeMbuf mbuf(frame.bytes());
    rte_mbuf* packets[] = {mbuf.get()};
    CHECK(both.plain.enter(packets, both.identifications, Tick{5}) == 0);
}

TEST_CASE("plain: who has no number yet does not get one here", "[nat64]") {
    Both both;
    FakeMbuf mbuf(to_server(udp6(1, 2)).bytes());
    CHECK_FALSE(both.enters(mbuf));
    CHECK(both.numbers->count() == 0);
    CHECK(both.edge.enter(mbuf, 0, kNow).fate == Entered::Fate::Translated);
    FakeMbuf next(to_server(udp6(1, 2)).bytes());
    CHECK(both.enters(next));
}

TEST_CASE("plain: a host that is heard keeps its number", "[nat64]") {
    Both both;
    const auto host = v6(kHost);
    REQUIRE(both.numbers->find_or_add(host, kNow));
    const Tick later = kNow + kIdle + Duration::seconds(1);
    FakeMbuf mbuf(to_server(udp6(1, 2)).bytes());
    rte_mbuf* packets[] = {mbuf.get()};
    REQUIRE(both.plain.enter(packets, both.identifications, later) == 1);
    Grace grace(1);
    for (unsigned pass = 0; pass < 4; ++pass)
        for (unsigned turn = 0; turn < 100; ++turn)
            both.numbers->turn(later + Duration::seconds(pass * 10), grace,
                               [](uint32_t) { return false; });
    CHECK(both.numbers->find(host));
}

TEST_CASE("plain: who has lost his number is not remembered when ticks come round", "[nat64]") {
    Both both;
    const auto host = v6(kHost);
    REQUIRE(both.numbers->find_or_add(host, kNow));
    {
        FakeMbuf mbuf(to_server(udp6(1, 2)).bytes());
        rte_mbuf* packets[] = {mbuf.get()};
        REQUIRE(both.plain.enter(packets, both.identifications, kNow) == 1);
    }
    Grace grace(1);
    const Tick idle = kNow + kIdle + Duration::seconds(1);
    for (unsigned turn = 0; turn < 400; ++turn)
        both.numbers->turn(idle + Duration::seconds(turn), grace, [](uint32_t) { return false; });
    REQUIRE_FALSE(both.numbers->find(host));
    Tick now = kNow;
    for (unsigned hour = 0; hour < 50 * 24; ++hour) {
        now = now + Duration::seconds(3600);
        both.plain.enter({}, both.identifications, now);
        if (hour % 24 != 0)
            continue;
        CAPTURE(hour);
        FakeMbuf mbuf(to_server(udp6(1, 2)).bytes());
        rte_mbuf* packets[] = {mbuf.get()};
        REQUIRE(both.plain.enter(packets, both.identifications, now) == 0);
    }
}

TEST_CASE("plain: behind a prefix that is not of 96 bits all goes one by one", "[nat64]") {
    Both both("2001:db8:64::/64");
    REQUIRE(both.numbers->find_or_add(v6(kHost), kNow));
    Frame6 frame = to_server(udp6(1, 2));
    frame.destination = "2001:db8:64:0:cb:71:a00:0";
    FakeMbuf mbuf(frame.bytes());
    CHECK_FALSE(both.enters(mbuf));
    CHECK(both.edge.enter(mbuf, 0, kNow).fate == Entered::Fate::Translated);
}

TEST_CASE("plain: a tag, and what lies in two segments, goes one by one", "[nat64]") {
    Both both;
    REQUIRE(both.numbers->find_or_add(v6(kHost), kNow));
    const Bytes bytes = to_server(udp6(1, 2, Bytes(100))).bytes();
    FakeMbuf tagged(bytes);
    tagged->ol_flags |= RTE_MBUF_F_RX_VLAN_STRIPPED;
    tagged->vlan_tci = 7;
    CHECK_FALSE(both.enters(tagged));
    FakeMbuf cut(bytes, {70});
    CHECK_FALSE(both.enters(cut));
    FakeMbuf whole(bytes);
    CHECK(both.enters(whole));
}

TEST_CASE("plain: where there is no room before a frame, it is left as it is", "[nat64]") {
    Both both;
    const auto number = both.numbers->find_or_add(v6(kHost), kNow);
    REQUIRE(number);
    const Bytes bytes = Frame()
                            .ipv4("203.0.113.10", net::to_string(both.addresses.of_number(*number)))
                            .udp(53, 4000)
                            .bytes();
    Roomy tight(bytes, 19);
    CHECK_FALSE(both.plain.leave(tight.mbuf));
    CHECK(bytes_of(tight.mbuf) == bytes);
    Roomy enough(bytes, 20);
    CHECK(both.plain.leave(enough.mbuf));
}

}  // namespace plain_test
