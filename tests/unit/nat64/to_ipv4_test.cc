// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/to_ipv4.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"
#include "net/text.h"
#include "packet_reader.h"
#include "plain_checksum.h"

namespace to_ipv4_test {

using namespace sluice;
using namespace sluice::nat64;
using namespace sluice::test;
using sluice::test::ip;
using stats::Drop;

namespace {

struct Translator {
    std::unique_ptr<Numbers> numbers =
        std::move(Numbers::create({.plan = NumberPlan({{}, 16})})).value();
    Addresses addresses{{*Embedding::of(prefix6("64:ff9b::/96")), prefix6("2001:db8:1::1/64"),
                         v6("fe80::1"), *net::parse_prefix("198.18.0.0/16")},
                        *numbers};

    std::optional<Drop> run(FakeMbuf& mbuf, size_t first_segment) {
        const std::span bytes(rte_pktmbuf_mtod(mbuf.get(), const uint8_t*) + 14,
                              first_segment - 14);
        Headers headers;
        if (const auto reason = read_headers(bytes, headers))
            return reason;
        return to_ipv4(mbuf, headers, {ip("198.18.0.20"), ip("203.0.113.10"), 0x4321}, addresses);
    }
    /// What a frame becomes.
    Seen translate(const Frame6& frame) {
        const Bytes bytes = frame.bytes();
        FakeMbuf mbuf(bytes);
        REQUIRE_FALSE(run(mbuf, bytes.size()));
        const auto* data = rte_pktmbuf_mtod(mbuf.get(), const uint8_t*);
        return read({data, rte_pktmbuf_data_len(mbuf.get())});
    }
    std::optional<Drop> refusal(const Frame6& frame) {
        const Bytes bytes = frame.bytes();
        FakeMbuf mbuf(bytes);
        return run(mbuf, bytes.size());
    }
};

Frame6 with(Upper upper) {
    return {.source = "2001:db8:1::10",
            .destination = "64:ff9b::203.0.113.10",
            .upper = std::move(upper)};
}

}  // namespace

TEST_CASE("to ipv4: every field is that of RFC 7915 §5.1", "[nat64][rfc7915]") {
    Translator translator;
    Frame6 frame = with(udp6(5000, 53, Bytes(100, 9)));
    frame.traffic_class = 0x1c;
    frame.hop_limit = 33;
    const Seen seen = translator.translate(frame);
    CHECK(seen.destination_mac == frame.destination_mac);
    CHECK(seen.source_mac == frame.source_mac);
    CHECK(seen.ether_type == 0x0800);
    CHECK(seen.source == "198.18.0.20");
    CHECK(seen.destination == "203.0.113.10");
    CHECK(seen.tos == 0x1c);
    CHECK(seen.ttl == 33);
    CHECK(seen.total_length == 128);
    CHECK(seen.id == 0x4321);
    CHECK_FALSE(seen.dont_fragment);
    CHECK(seen.checksums_ok());
    CHECK(seen.padding == 0);
}

TEST_CASE("to ipv4: what IPv4 alone has is that of RFC 7915 §5.1", "[nat64][rfc7915]") {
    Translator translator;
    Frame6 frame = with(udp6(5000, 53, Bytes(100, 9)));
    frame.first_extension = 60;  // destination options, which are left out
    frame.extensions = {17, 0, 1, 4, 0, 0, 0, 0};
    Bytes bytes = frame.bytes();
    bytes[14 + 1] |= 0x0f;  // a flow label, which is left out
    bytes[14 + 2] = bytes[14 + 3] = 0xff;
    FakeMbuf mbuf(bytes);
    REQUIRE_FALSE(translator.run(mbuf, bytes.size()));
    const auto* ip = rte_pktmbuf_mtod_offset(mbuf.get(), const uint8_t*, 14);
    CHECK(int{ip[0]} == 0x45);  // version 4, a header of five words
    CHECK(int{ip[1]} == 0);     // TOS: no bit of the flow label
    CHECK((ip[2] << 8 | ip[3]) == 20 + 8 + 100);
    CHECK((ip[4] << 8 | ip[5]) == 0x4321);
    CHECK((ip[6] << 8 | ip[7]) == 0);  // flags and offset
    CHECK(int{ip[8]} == 64);
    CHECK(int{ip[9]} == 17);  // of what follows the options
    CHECK(plain_checksum({ip, ip + 20}) == 0);
}

TEST_CASE("to ipv4: the protocol is the next header, but for ICMPv6", "[nat64][rfc7915]") {
    Translator translator;
    const auto opaque = [](uint8_t protocol) {
        Frame6 frame = with({protocol, Bytes(24, 5), 0});
        frame.has_checksum = false;
        return frame;
    };
    for (const uint8_t protocol : {4, 41, 47, 50, 51, 132, 253}) {
        CAPTURE(int{protocol});
        const Seen seen = translator.translate(opaque(protocol));
        CHECK(seen.protocol == protocol);
        CHECK(seen.total_length == 44);
        CHECK(seen.ip_checksum_ok);
    }
    CHECK(translator.translate(with(tcp6(1, 2, kSyn, 1, 0))).protocol == 6);
    CHECK(translator.translate(with(icmp6(128, 0, 0x10001))).protocol == 1);
    // ICMP is nothing that IPv6 carries.
    CHECK(translator.refusal(opaque(1)) == Drop::Ipv6Untranslatable);
}

TEST_CASE("to ipv4: a fragment header becomes what RFC 7915 §5.1.1 says", "[nat64][rfc7915]") {
    Translator translator;
    struct Row {
        const char* what;
        unsigned offset;
        bool more;
        uint32_t identification;
        uint16_t id;
    };
    const Row row = GENERATE(values<Row>({
        {"the first", 0, true, 0x0001'2345, 0x2345},
        {"one in the middle", 1448, true, 0xffff'0001, 0x0001},
        {"the last", 65528, false, 0x1234'ffff, 0xffff},
        {"the only one", 0, false, 0xabcd'0000, 0x0000},
    }));
    CAPTURE(row.what);
    Frame6 frame = with({47, Bytes(1400, 1), 0});  // larger than 1260 bytes
    frame.has_checksum = false;
    frame.fragment(row.offset, row.more, row.identification);
    const Seen seen = translator.translate(frame);
    CHECK(seen.fragment_offset == row.offset);
    CHECK(seen.more_fragments == row.more);
    CHECK(seen.id == row.id);
    CHECK_FALSE(seen.dont_fragment);
    CHECK(seen.protocol == 47);
    CHECK(seen.total_length == 20 + 1400);
}

TEST_CASE("to ipv4: messages without a counterpart end by name", "[nat64][rfc7915]") {
    Translator translator;
    translator.addresses.source(v6("2001:db8:1::10"), Tick{});
    const Bytes quoted = Frame6{.source = "64:ff9b::203.0.113.10",
                                .destination = "2001:db8:1::10",
                                .upper = udp6(53, 5000)}
                             .ip_bytes();
    struct Row {
        const char* what;
        uint8_t type, code;
        uint32_t rest;
    };
    const Row row = GENERATE(values<Row>({
        {"MLD query", 130, 0, 0},
        {"MLD report", 131, 0, 0},
        {"MLD done", 132, 0, 0},
        {"router solicitation", 133, 0, 0},
        {"router advertisement", 134, 0, 0},
        {"neighbour solicitation", 135, 0, 0},
        {"neighbour advertisement", 136, 0, 0},
        {"redirect", 137, 0, 0},
        {"router renumbering", 138, 0, 0},
        {"node information", 139, 0, 0},
        {"for experiments", 200, 0, 0},
        {"source address failed policy", 1, 5, 0},
        {"an unknown option", 4, 2, 40},
        {"a bad flow label", 4, 0, 3},
        {"a bad place behind the header", 4, 0, 40},
        {"an unknown error", 100, 0, 0},
    }));
    CAPTURE(row.what);
    CHECK(translator.refusal(with(icmp6(row.type, row.code, row.rest, quoted))) ==
          Drop::Ipv6Untranslatable);
}

TEST_CASE("to ipv4: an error that quotes a fragment tells the MTU without its header",
          "[nat64][rfc7915]") {
    Translator translator;
    translator.addresses.source(v6("2001:db8:1::10"), Tick{});
    Frame6 inner{.source = "64:ff9b::203.0.113.10",
                 .destination = "2001:db8:1::10",
                 .upper = udp6(53, 5000, Bytes(40))};
    const auto told = [&](uint32_t mtu) {
        const Seen seen = translator.translate(with(icmp6(2, 0, mtu, inner.ip_bytes())));
        CHECK(seen.icmp_type == 3);
        CHECK(seen.icmp_code == 4);
        CHECK(seen.checksums_ok());
        const Seen quote = read_ip(seen.payload);
        CHECK(quote.more_fragments == !inner.extensions.empty());
        CHECK(quote.total_length == 20 + 48);
        return seen.echo_sequence;  // where the MTU stands
    };
    CHECK(told(1400) == 1380);
    inner.fragment(0, true, 0x1234);
    CHECK(told(1400) == 1372);
}

TEST_CASE("to ipv4: what is larger than 1260 bytes is not to be fragmented", "[nat64][rfc7915]") {
    Translator translator;
    const Seen small = translator.translate(with(udp6(1, 2, Bytes(1232))));
    CHECK_FALSE(small.dont_fragment);
    CHECK(small.id == 0x4321);
    const Seen large = translator.translate(with(udp6(1, 2, Bytes(1233))));
    CHECK(large.dont_fragment);
    CHECK(large.id == 0);
}

TEST_CASE("to ipv4: a fragment keeps its place and the low half of its identification",
          "[nat64][rfc7915]") {
    Translator translator;
    Frame6 frame = with({17, Bytes(1300, 1), 6});
    frame.is_later_fragment = true;
    frame.fragment(1304, true, 0xaaaa5555);
    const Seen seen = translator.translate(frame);
    CHECK(seen.fragment_offset == 1304);
    CHECK(seen.more_fragments);
    CHECK(seen.id == 0x5555);
    CHECK_FALSE(seen.dont_fragment);
    CHECK(seen.payload == Bytes(1300, 1));
    CHECK(seen.ip_checksum_ok);
}

TEST_CASE("to ipv4: checksums are changed, not made: what came damaged stays so", "[nat64]") {
    Translator translator;
    for (Upper upper : {udp6(1, 2), tcp6(1, 2, kSyn, 1, 0), icmp6(128, 0, 0x10001)}) {
        CAPTURE(upper.protocol);
        CHECK(translator.translate(with(upper)).transport_checksum_ok);
        Frame6 damaged = with(upper);
        Bytes packet = damaged.ip_bytes();
        damaged.upper.bytes.assign(packet.begin() + 40, packet.end());
        damaged.upper.bytes.back() ^= 1;
        damaged.has_checksum = false;  // it is in the bytes already
        CHECK_FALSE(translator.translate(damaged).transport_checksum_ok);
    }
}

TEST_CASE("to ipv4: what lies in further segments is left where it is", "[nat64]") {
    Translator translator;
    const Bytes bytes = with(udp6(1, 2, Bytes(200, 3))).bytes();
    FakeMbuf mbuf(bytes, {62});
    REQUIRE_FALSE(translator.run(mbuf, 62));
    CHECK(mbuf->pkt_len == bytes.size() - 20);
    CHECK(rte_pktmbuf_data_len(mbuf.get()) == 42);
}

TEST_CASE("to ipv4: an error's quote is what the IPv4 sender has sent", "[nat64][rfc7915]") {
    Translator translator;
    const Bytes quoted = Frame6{.source = "64:ff9b::203.0.113.10",
                                .destination = "2001:db8:1::10",
                                .upper = tcp6(80, 5000, kAck, 1, 2, Bytes(40))}
                             .ip_bytes();
    CHECK(translator.refusal(with(icmp6(1, 4, 0, quoted))) == Drop::IcmpErrorQuote);  // a stranger
    const auto number = translator.addresses.source(v6("2001:db8:1::10"), Tick{});
    REQUIRE(number);
    const Seen seen = translator.translate(with(icmp6(1, 4, 0, quoted)));
    CHECK(seen.icmp_type == 3);
    CHECK(seen.icmp_code == 3);
    CHECK(seen.checksums_ok());
    const Seen quote = read_ip(seen.payload);
    CHECK(quote.source == "203.0.113.10");
    CHECK(ip(quote.destination) == *number);
    CHECK(quote.total_length == 80);
    CHECK(quote.checksums_ok());
}

TEST_CASE("to ipv4: an error that quotes too little ends by name", "[nat64]") {
    Translator translator;
    translator.addresses.source(v6("2001:db8:1::10"), Tick{});
    const Bytes quoted = Frame6{.source = "64:ff9b::203.0.113.10",
                                .destination = "2001:db8:1::10",
                                .upper = icmp6(1, 4, 0)}
                             .ip_bytes();
    for (const size_t size : {0u, 39u, 47u, 48u, 56u}) {
        CAPTURE(size);
        const Bytes part(quoted.begin(),
                         quoted.begin() + static_cast<ptrdiff_t>(std::min(size, quoted.size())));
        // Even whole it is an error about an error.
        CHECK(translator.refusal(with(icmp6(1, 4, 0, part))) == Drop::IcmpErrorQuote);
    }
}

TEST_CASE("to ipv4: an error ends with its quote, where it says how long that is",
          "[nat64][rfc4884]") {
    Translator translator;
    translator.addresses.source(v6("2001:db8:1::10"), Tick{});
    Bytes rest = Frame6{.source = "64:ff9b::203.0.113.10",
                        .destination = "2001:db8:1::10",
                        .upper = udp6(53, 5000, Bytes(200, 0x31))}
                     .ip_bytes();
    rest.resize(128);
    rest.insert(rest.end(), {0x20, 0, 0, 0, 0, 8, 2, 4, 10, 9, 9, 9});  // an address inside
    const auto [type, length, is_known] = GENERATE(table<uint8_t, uint32_t, bool>(
        {{1, 16, true}, {3, 16, true}, {1, 0, false}, {2, 16, false}}));
    CAPTURE(type, length);
    const Seen seen = translator.translate(with(icmp6(type, 0, length << 24, rest)));
    CHECK(seen.checksums_ok());
    // The quote's own header is shorter by 20 bytes.
    CHECK(seen.total_length == 20 + 8 + (is_known ? 108 : 120));
    CHECK(seen.payload.size() == (is_known ? 108 : 120));
}

TEST_CASE("to ipv4: an error that ends before its quote does ends by name", "[nat64][rfc4884]") {
    Translator translator;
    translator.addresses.source(v6("2001:db8:1::10"), Tick{});
    const Bytes quoted = Frame6{.source = "64:ff9b::203.0.113.10",
                                .destination = "2001:db8:1::10",
                                .upper = udp6(53, 5000, Bytes(80, 0x31))}
                             .ip_bytes();
    REQUIRE(quoted.size() == 128);
    CHECK_FALSE(translator.refusal(with(icmp6(1, 4, 16u << 24, quoted))));
    CHECK(translator.refusal(with(icmp6(1, 4, 17u << 24, quoted))) == Drop::Ipv6Malformed);
    CHECK(translator.refusal(with(icmp6(3, 0, 255u << 24, quoted))) == Drop::Ipv6Malformed);
    CHECK(translator.refusal(with(icmp6(1, 4, 4u << 24, quoted))) == Drop::IcmpErrorQuote);
}

TEST_CASE("to ipv4: what has no IPv4 form ends by name", "[nat64][rfc7915]") {
    Translator translator;
    CHECK(translator.refusal(with({1, Bytes(8, 0), 2})) == Drop::Ipv6Untranslatable);
    CHECK(translator.refusal(with(icmp6(130, 0, 0))) == Drop::Ipv6Untranslatable);
    CHECK(translator.refusal(with({6, Bytes(17, 0), 4})) == Drop::Ipv6Malformed);
    CHECK(translator.refusal(with({58, Bytes(7, 0), 2})) == Drop::Ipv6Malformed);
    Frame6 none = with(udp6(1, 2));
    none.has_checksum = false;
    CHECK(translator.refusal(none) == Drop::TransportChecksum);
}

}  // namespace to_ipv4_test
