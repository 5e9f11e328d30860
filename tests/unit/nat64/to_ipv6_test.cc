// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The rows of RFC 7915 §4: each field of a header, each kind of message that is not in
/// icmp_types_test.cc, what is quoted, and checksums.

#include "nat64/to_ipv6.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"
#include "net/text.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace to_ipv6_test {

using namespace sluice;
using namespace sluice::nat64;
using namespace sluice::test;
using sluice::test::ip;
using stats::Drop;

namespace {

constexpr auto kHost = "2001:db8:1::10";
constexpr auto kServer = "203.0.113.10";
constexpr auto kServer6 = "64:ff9b::cb00:710a";
constexpr auto kRouter = "192.0.2.7";
constexpr auto kRouter6 = "64:ff9b::c000:207";
constexpr size_t kHeadroom = 128;

struct Translator {
    std::unique_ptr<Numbers> numbers =
        std::move(Numbers::create({.plan = NumberPlan({{}, 16})})).value();
    Addresses addresses{{*Embedding::of(prefix6("64:ff9b::/96")), prefix6("2001:db8:1::1/64"),
                         v6("fe80::1"), *net::parse_prefix("198.18.0.0/16")},
                        *numbers};
    Be32 host = *addresses.source(v6(kHost), Tick{});

    ZeroChecksum zero = ZeroChecksum::Compute;

    std::optional<Drop> run(FakeMbuf& mbuf) const { return to_ipv6(mbuf, addresses, zero); }

    static Bytes with_room(const Frame& frame) {
        Bytes bytes(kHeadroom);
        const Bytes sent = frame.bytes();
        bytes.insert(bytes.end(), sent.begin(), sent.end());
        return bytes;
    }
    /// What a frame becomes, without Ethernet.
    Bytes packet(const Frame& frame) const {
        FakeMbuf mbuf(with_room(frame));
        rte_pktmbuf_adj(mbuf, kHeadroom);
        REQUIRE_FALSE(run(mbuf));
        const Bytes bytes = bytes_of(mbuf);
        REQUIRE(is_ipv6(bytes));
        return {bytes.begin() + 14, bytes.end()};
    }
    Seen6 translate(const Frame& frame) const { return read_ip6(packet(frame)); }
    std::optional<Drop> refusal(const Frame& frame) const {
        FakeMbuf mbuf(with_room(frame));
        rte_pktmbuf_adj(mbuf, kHeadroom);
        return run(mbuf);
    }

    Frame from_server() const { return Frame().ipv4(ip(kServer), host); }
    /// What the host has sent, as a router outside quotes it: of a datagram of ten bytes.
    Frame sent() const { return Frame().ipv4(host, ip(kServer)).udp(5000, 53); }
    Frame error(uint8_t type, uint8_t code, uint32_t rest, Bytes quoted) const {
        return Frame().ipv4(ip(kRouter), host).icmp(type, code, rest).payload(std::move(quoted));
    }
};

/// Some bits of a packet.
struct Field {
    const char* name;
    size_t at;
    unsigned mask;
    unsigned value;
};

void check_fields(const Bytes& packet, const std::vector<Field>& fields) {
    for (const Field& field : fields) {
        CAPTURE(field.name, field.at);
        CHECK((packet.at(field.at) & field.mask) == field.value);
    }
}

}  // namespace

TEST_CASE("to ipv6: every field is that of RFC 7915 §4.1", "[nat64][rfc7915]") {
    const Translator translator;
    const Bytes packet = translator.packet(translator.from_server()
                                               .tos(0xb9)
                                               .ttl(33)
                                               .id(0x1234)
                                               .dont_fragment()
                                               .ip_options({1, 1, 1, 0})
                                               .udp(53, 5000)
                                               .payload(10));
    REQUIRE(packet.size() == 40 + 18);
    check_fields(packet, {
                             {"version: 6", 0, 0xf0, 0x60},
                             {"traffic class: all eight bits of the TOS", 0, 0x0f, 0x0b},
                             {"traffic class: all eight bits of the TOS", 1, 0xf0, 0x90},
                             {"flow label: 0", 1, 0x0f, 0},
                             {"flow label: 0", 2, 0xff, 0},
                             {"flow label: 0", 3, 0xff, 0},
                             {"payload length: without header and options", 4, 0xff, 0},
                             {"payload length: without header and options", 5, 0xff, 18},
                             {"next header: the protocol", 6, 0xff, 17},
                             {"hop limit: the TTL", 7, 0xff, 33},
                         });
    const Seen6 seen = read_ip6(packet);
    CHECK(seen.source == kServer6);
    CHECK(seen.destination == kHost);
    CHECK(seen.checksum_ok);
    CHECK(seen.word(0) == 53);  // options are left out
    CHECK(seen.word(2) == 5000);
}

TEST_CASE("to ipv6: the next header is the protocol, but for ICMP", "[nat64][rfc7915]") {
    const Translator translator;
    for (const uint8_t protocol : {4, 41, 47, 50, 51, 132, 253}) {
        CAPTURE(int{protocol});
        const Seen6 seen =
            translator.translate(translator.from_server().protocol(protocol).payload(24));
        CHECK(seen.protocol == protocol);
        CHECK(seen.transport.size() == 24);
    }
    CHECK(translator.translate(translator.from_server().tcp(80, 5000)).protocol == 6);
    CHECK(translator.translate(translator.from_server().echo_reply(7)).protocol == 58);
    // ICMPv6 is nothing that IPv4 carries.
    CHECK(translator.refusal(translator.from_server().protocol(58).payload(24)) ==
          Drop::Ipv6Untranslatable);
}

TEST_CASE("to ipv6: a fragment header has what RFC 7915 §4.1 says", "[nat64][rfc7915]") {
    const Translator translator;
    struct Row {
        uint16_t offset;
        bool more;
        unsigned field;  ///< Offset in 8 bytes, two bits that are reserved, M.
    };
    for (const Row& row : {Row{0, true, 0x0001}, Row{1480, true, 185 << 3 | 1},
                           Row{2960, false, 370 << 3}, Row{65528, false, 0xfff8}}) {
        CAPTURE(row.offset);
        const Frame frame = translator.from_server()
                                .id(0x1234)
                                .fragment(row.offset, row.more)
                                .protocol(17)
                                .payload(Bytes(16, 0x77));
        const Bytes packet = translator.packet(frame);
        REQUIRE(packet.size() == 40 + 8 + 16);
        check_fields(packet, {
                                 {"payload length: with the fragment header", 5, 0xff, 24},
                                 {"next header: fragment", 6, 0xff, 44},
                                 {"fragment's next header: the protocol", 40, 0xff, 17},
                                 {"reserved", 41, 0xff, 0},
                                 {"offset and M", 42, 0xff, row.field >> 8},
                                 {"offset and M", 43, 0xff, row.field & 0xff},
                                 {"identification: 0 above", 44, 0xff, 0},
                                 {"identification: 0 above", 45, 0xff, 0},
                                 {"identification: as it was below", 46, 0xff, 0x12},
                                 {"identification: as it was below", 47, 0xff, 0x34},
                             });
    }
    // What is whole has none, whether it may be cut or not.
    for (const bool may_be_cut : {true, false}) {
        Frame frame = translator.from_server().id(0x1234).udp(53, 5000).payload(10);
        if (!may_be_cut)
            frame.dont_fragment();
        CHECK_FALSE(translator.translate(frame).is_fragment);
    }
    // Their checksums cover lengths that nobody knows here.
    CHECK(translator.refusal(translator.from_server().fragment(0, true).protocol(1).payload(16)) ==
          Drop::Ipv6Untranslatable);
}

TEST_CASE("to ipv6: echoes keep what they carry", "[nat64][rfc7915]") {
    const Translator translator;
    const Seen6 request =
        translator.translate(translator.from_server().echo_request(7, 9).payload(13));
    CHECK(request.transport.at(0) == 128);
    CHECK(request.transport.at(1) == 0);
    CHECK(request.word(4) == 7);
    CHECK(request.word(6) == 9);
    CHECK(request.checksum_ok);
    CHECK(request.transport.size() == 8 + 13);
    const Seen6 reply = translator.translate(translator.from_server().echo_reply(7, 9));
    CHECK(reply.transport.at(0) == 129);
    CHECK(reply.checksum_ok);
}

TEST_CASE("to ipv6: messages without a counterpart end by name", "[nat64][rfc7915]") {
    const Translator translator;
    const Bytes quoted = translator.sent().ip_bytes();
    struct Row {
        const char* what;
        uint8_t type;
        uint8_t code;
    };
    for (const Row& row : {
             Row{"source quench", 4, 0},
             Row{"redirect", 5, 1},
             Row{"alternative host address", 6, 0},
             Row{"router advertisement", 9, 0},
             Row{"router solicitation", 10, 0},
             Row{"timestamp", 13, 0},
             Row{"timestamp reply", 14, 0},
             Row{"information request", 15, 0},
             Row{"information reply", 16, 0},
             Row{"address mask request", 17, 0},
             Row{"address mask reply", 18, 0},
             Row{"host precedence violation", 3, 14},
             Row{"a required option is missing", 12, 1},
         }) {
        CAPTURE(row.what);
        CHECK(translator.refusal(translator.error(row.type, row.code, 0, quoted)) ==
              Drop::Ipv6Untranslatable);
    }
}

TEST_CASE("to ipv6: an error's own header is that of any packet", "[nat64][rfc7915]") {
    const Translator translator;
    struct Row {
        const char* what;
        uint8_t type, code;
        uint32_t rest;
        uint8_t type6, code6;
        uint32_t rest6;
    };
    const Bytes quoted = translator.sent().ip_bytes();
    for (const Row& row : {
             Row{"host unreachable", 3, 1, 0, 1, 0, 0},
             Row{"protocol unreachable points at the next header", 3, 2, 0, 4, 1, 6},
             Row{"port unreachable", 3, 3, 0, 1, 4, 0},
             Row{"too big", 3, 4, 1400, 2, 0, 1420},
             Row{"prohibited", 3, 13, 0, 1, 1, 0},
             Row{"TTL exceeded", 11, 0, 0, 3, 0, 0},
             Row{"a bad TTL is a bad hop limit", 12, 0, 8u << 24, 4, 0, 7},
             Row{"a bad length, at the destination", 12, 2, 16u << 24, 4, 0, 24},
         }) {
        CAPTURE(row.what);
        const Seen6 seen =
            translator.translate(translator.error(row.type, row.code, row.rest, quoted).ttl(61));
        CHECK(seen.source == kRouter6);
        CHECK(seen.destination == kHost);
        CHECK(seen.hop_limit == 61);
        CHECK(seen.protocol == 58);
        CHECK(seen.payload_length == 8 + 40 + 8);
        CHECK(int{seen.transport.at(0)} == row.type6);
        CHECK(int{seen.transport.at(1)} == row.code6);
        CHECK((seen.word(4) << 16 | seen.word(6)) == row.rest6);
        CHECK(seen.checksum_ok);
    }
}

TEST_CASE("to ipv6: what an error quotes is what the host has sent", "[nat64][rfc7915]") {
    const Translator translator;
    const auto quote = [&](const Bytes& quoted) {
        const Seen6 seen = translator.translate(translator.error(3, 3, 0, quoted));
        CHECK(seen.checksum_ok);
        return quote_of6(seen);
    };
    SECTION("field by field") {
        const Frame frame = translator.sent().tos(0x1c).ttl(1).ip_options({1, 1, 1, 0}).payload(10);
        const Seen6 seen = quote(frame.ip_bytes());
        CHECK(seen.source == kHost);
        CHECK(seen.destination == kServer6);
        CHECK(seen.traffic_class == 0x1c);
        CHECK(seen.hop_limit == 1);
        CHECK(seen.protocol == 17);
        CHECK(seen.payload_length == 18);
        CHECK(seen.word(0) == 5000);
        CHECK(seen.checksum_ok);
    }
    SECTION("of a TCP segment") {
        const Bytes segment =
            Frame().ipv4(translator.host, ip(kServer)).tcp(5000, 80).payload(10).ip_bytes();
        CHECK(quote(segment).checksum_ok);
    }
    SECTION("of an echo") {
        const Seen6 seen =
            quote(Frame().ipv4(translator.host, ip(kServer)).echo_request(7, 9).ip_bytes());
        CHECK(seen.protocol == 58);
        CHECK(int{seen.transport.at(0)} == 128);
        CHECK(seen.word(4) == 7);
        CHECK(seen.checksum_ok);
    }
    SECTION("of which eight bytes are left") {
        Bytes part = translator.sent().payload(500).ip_bytes();
        part.resize(28);
        const Seen6 seen = quote(part);
        CHECK(seen.payload_length == 508);
        CHECK(seen.transport.size() == 8);
    }
    SECTION("of a first fragment") {
        const Seen6 seen =
            quote(translator.sent().id(0x1234).fragment(0, true).payload(32).ip_bytes());
        CHECK(seen.is_fragment);
        CHECK(seen.more);
        CHECK(seen.identification == 0x1234);
        CHECK(seen.word(0) == 5000);
    }
}

TEST_CASE("to ipv6: what an error cannot quote ends by name", "[nat64][rfc7915]") {
    const Translator translator;
    const Frame inner = translator.sent();
    Bytes cut = inner.ip_bytes();
    cut.resize(19);
    struct Row {
        const char* what;
        Bytes quoted;
    };
    for (const Row& row : {
             Row{"an error", translator.error(3, 3, 0, inner.ip_bytes()).ip_bytes()},
             Row{"half a header", cut},
             Row{"a later fragment", translator.sent().fragment(1480, false).ip_bytes()},
             Row{"a host that has no number",
                 Frame().ipv4("198.18.77.77", kServer).udp(5000, 53).ip_bytes()},
         }) {
        CAPTURE(row.what);
        CHECK(translator.refusal(translator.error(3, 1, 0, row.quoted)) == Drop::IcmpErrorQuote);
    }
}

TEST_CASE("to ipv6: an error that came damaged ends, for its checksum is made anew",
          "[nat64][rfc7915]") {
    const Translator translator;
    Frame error = translator.error(3, 1, 0, translator.sent().payload(10).ip_bytes());
    CHECK(translator.translate(error).checksum_ok);
    CHECK(translator.refusal(error.bad_transport_checksum()) == Drop::TransportChecksum);
}

TEST_CASE("to ipv6: what a router says behind its quote is left out", "[nat64][rfc4884]") {
    const Translator translator;
    // An MPLS label stack (RFC 4950), behind a quote that says how long it is.
    const Bytes extension{0x20, 0, 0, 0, 0, 8, 1, 1, 0, 1, 1, 0xff};
    for (const size_t quoted : {128u, 132u, 160u}) {
        CAPTURE(quoted);
        Bytes rest = translator.sent().payload(quoted - 28).ip_bytes();
        rest.insert(rest.end(), extension.begin(), extension.end());
        const uint32_t length = static_cast<uint32_t>(quoted / 4) << 16;
        const Seen6 seen = translator.translate(translator.error(11, 0, length, rest));
        CHECK(int{seen.transport.at(0)} == 3);
        CHECK((seen.word(4) << 16 | seen.word(6)) == 0);  // no length, for nothing follows
        CHECK(seen.transport.size() == 8 + quoted + 20);
        CHECK(seen.checksum_ok);
        CHECK(quote_of6(seen).checksum_ok);
    }
    // No quote before extensions is so short, nor longer than what there is.
    for (const uint32_t words : {8u, 255u}) {
        CAPTURE(words);
        const Bytes quoted = translator.sent().payload(172).ip_bytes();
        const Seen6 seen = translator.translate(translator.error(11, 0, words << 16, quoted));
        CHECK(seen.transport.size() == 8 + 200 + 20);
        CHECK(quote_of6(seen).checksum_ok);
    }
}

TEST_CASE("to ipv6: checksums of transports follow, and what came damaged stays so",
          "[nat64][rfc7915]") {
    const Translator translator;
    const std::vector<Frame> frames{translator.from_server().tcp(80, 5000).payload(11),
                                    translator.from_server().udp(53, 5000).payload(11),
                                    translator.from_server().udp_lite(53, 5000).payload(11),
                                    translator.from_server().echo_reply(7).payload(11)};
    for (Frame frame : frames) {
        CHECK(translator.translate(frame).checksum_ok);
        CHECK_FALSE(translator.translate(frame.bad_transport_checksum()).checksum_ok);
    }
}

TEST_CASE("to ipv6: UDP without a checksum is given one where that can be, or dropped",
          "[nat64][rfc7915]") {
    Translator translator;
    const Frame without = translator.from_server().udp(53, 5000).payload(11).without_udp_checksum();
    const Seen6 seen = translator.translate(without);
    CHECK(seen.word(6) != 0);
    CHECK(seen.checksum_ok);
    CHECK(translator.refusal(Frame(without).fragment(0, true)) == Drop::Ipv6NoChecksum);

    translator.zero = ZeroChecksum::Drop;
    CHECK(translator.refusal(without) == Drop::Ipv6NoChecksum);
    CHECK(translator.refusal(Frame(without).fragment(0, true)) == Drop::Ipv6NoChecksum);
    CHECK_FALSE(translator.refusal(translator.from_server().udp(53, 5000).payload(11)));
    // Of a later fragment nothing is a checksum.
    CHECK_FALSE(translator.refusal(
        translator.from_server().fragment(1480, false).protocol(17).payload(Bytes(16, 0))));
}

}  // namespace to_ipv6_test
