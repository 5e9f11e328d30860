// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Fragments: each passes by itself, translated as the first of its datagram, or ends by name.

#include "any_workers.h"
#include "catch.h"
#include "net/icmp.h"
#include "testbed.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <tuple>

namespace fragment_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

constexpr size_t kPiece = 1480;

Frame udp(size_t payload) {
    return Frame().ipv4(kHost, kServer).udp(5000, 53).id(7).payload(payload);
}

Frame udp_reply(size_t payload) {
    return Frame().ipv4(kServer, kPublic).udp(53, 5000).id(9).payload(payload);
}

std::vector<Bytes> framed(Testbed& bed, Side from, Frame whole, size_t bytes = kPiece) {
    const auto sender = mac_of(ip(from == Side::Inside ? kHost : kRouter));
    return fragments_of(whole.ether(sender, bed.port(from).mac()), bytes);
}

/// Puts frames on the wire, and runs. Returns what came out at the other end.
std::vector<Bytes> send(Testbed& bed, Side from, std::span<const Bytes> frames) {
    for (const Bytes& frame : frames)
        bed.inject(from, frame);
    bed.run();
    return bed.take_frames(opposite(from));
}

/// Few packets wait for a neighbour's address, so that of the host is asked for beforehand.
void know_host(Testbed& bed) {
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(1, 2)).size() == 1);
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(2, 1)).size() == 1);
}

uint64_t held(Testbed& bed) {
    return bed.gateway().snapshot().held();
}

TEST_CASE("fragment: a datagram in fragments passes in both directions, in and out of order",
          "[packet][fragment][rfc4787]") {
    Testbed bed(any_workers());
    know_host(bed);
    const bool shuffled = GENERATE(false, true);
    const size_t payload = GENERATE(size_t{3000}, size_t{65535 - 28});
    CAPTURE(shuffled, payload);
    std::mt19937 random(1);

    auto there = framed(bed, Side::Inside, udp(payload).ttl(64));
    if (shuffled)
        std::shuffle(there.begin(), there.end(), random);
    const auto out = send(bed, Side::Inside, there);
    REQUIRE(out.size() == there.size());
    const Seen seen = read_fragments(out);
    CHECK(seen.source == kPublic);
    CHECK(seen.source_port == 5000);
    CHECK(seen.ttl == 63);
    CHECK(seen.payload.size() == payload);
    CHECK(seen.transport_checksum_ok);
    CHECK(bed.flows() == 2);

    auto back = framed(bed, Side::Outside, udp_reply(payload));
    if (shuffled)
        std::shuffle(back.begin(), back.end(), random);
    const auto in = send(bed, Side::Outside, back);
    REQUIRE(in.size() == back.size());
    const Seen answer = read_fragments(in);
    CHECK(answer.destination == kHost);
    CHECK(answer.destination_port == 5000);
    CHECK(answer.payload.size() == payload);
    CHECK(answer.transport_checksum_ok);
    CHECK(held(bed) == 0);
    CHECK(bed.dropped(Drop::HandoffLoop) == 0);
}

TEST_CASE("fragment: a ping of 65 000 bytes passes, there and back",
          "[packet][fragment][icmp][rfc5508]") {
    Testbed bed(any_workers());
    know_host(bed);
    const auto request =
        framed(bed, Side::Inside, Frame().ipv4(kHost, kServer).echo_request(77).payload(65000));
    const Seen out = read_fragments(send(bed, Side::Inside, request));
    CHECK(out.source == kPublic);
    CHECK(out.transport_checksum_ok);
    const auto reply =
        framed(bed, Side::Outside,
               Frame().ipv4(kServer, kPublic).echo_reply(out.identifier).payload(out.payload));
    const Seen in = read_fragments(send(bed, Side::Outside, reply));
    CHECK(in.destination == kHost);
    CHECK(in.identifier == 77);
    CHECK(in.transport_checksum_ok);
}

TEST_CASE("fragment: a ping to the gateway in pieces is answered in the same pieces",
          "[packet][fragment][icmp][rfc1122]") {
    Testbed bed(any_workers());
    const auto [side, host, own] = GENERATE(values<std::tuple<Side, const char*, const char*>>({
        {Side::Inside, kHost, "10.1.0.1"},
        {Side::Outside, kServer, kPublic},
    }));
    auto pieces =
        framed(bed, side, Frame().ipv4(host, own).echo_request(77).id(8).ttl(1).payload(5000));
    if (GENERATE(false, true))
        std::reverse(pieces.begin(), pieces.end());
    for (const Bytes& piece : pieces)
        bed.inject(side, piece);
    bed.run();
    const auto answers = bed.take_frames(side);
    REQUIRE(answers.size() == pieces.size());
    const Seen seen = read_fragments(answers);
    CHECK(seen.source == own);
    CHECK(seen.destination == host);
    CHECK(seen.icmp_type == net::kEchoReply);
    CHECK(seen.identifier == 77);
    CHECK(seen.ttl == 64);
    CHECK(seen.payload.size() == 5000);
    CHECK(seen.ip_checksum_ok);
    CHECK(seen.transport_checksum_ok);
    CHECK(bed.count(Count::EchoReplies) == 1);
    CHECK(held(bed) == 0);
    CHECK(bed.flows() == 0);
}

TEST_CASE("fragment: a ping to the gateway above the MTU, in one piece, is answered in several",
          "[packet][fragment][icmp][rfc1122]") {
    Testbed bed(any_workers());
    const auto [side, host, own] = GENERATE(values<std::tuple<Side, const char*, const char*>>({
        {Side::Inside, kHost, "10.1.0.1"},
        {Side::Outside, kServer, kPublic},
    }));
    const bool may_be_cut = GENERATE(true, false);
    const uint16_t bytes = GENERATE(uint16_t{1472}, uint16_t{1473}, uint16_t{9000});
    CAPTURE(host, may_be_cut, bytes);
    for (uint16_t sequence = 1; sequence <= 2; ++sequence) {
        const uint32_t rest = uint32_t{77} << 16 | sequence;
        Frame request = Frame().ipv4(host, own).icmp(8, 0, rest).id(8).payload(bytes);
        if (!may_be_cut)
            request.id(0).dont_fragment();
        bed.inject(side, request.ether(mac_of(ip(host)), bed.port(side).mac()).bytes(), 2000);
        bed.run();
    }
    const auto answers = bed.take_frames(side);
    const auto each = static_cast<ptrdiff_t>((bytes + 8 + 1479) / 1480);
    REQUIRE(std::ssize(answers) == 2 * each);
    for (const Bytes& answer : answers)
        CHECK(answer.size() <= 1514);
    const Seen seen = read_fragments({answers.begin(), answers.begin() + each});
    CHECK(seen.source == own);
    CHECK(seen.destination == host);
    CHECK(seen.icmp_type == net::kEchoReply);
    CHECK(seen.payload.size() == bytes);
    CHECK(seen.ip_checksum_ok);
    CHECK(seen.transport_checksum_ok);
    // The pieces of two replies can be told apart, also where the requests had no identification.
    const Seen next = read_fragments({answers.begin() + each, answers.end()});
    CHECK((next.id != seen.id) == !may_be_cut);
    CHECK(bed.count(Count::EchoReplies) == 2);
    CHECK(bed.count(Count::PacketsCut) == (each > 1 ? 2 : 0));
}

TEST_CASE("fragment: they reach an inside host by its public port, from outside and inside",
          "[packet][fragment][rfc4787]") {
    constexpr auto kWeb = "10.1.0.20";
    TestbedOptions options = any_workers();
    options.configure = [](config::Config& config) {
        config.forwards = {{net::Protocol::Udp,
                            {ip(kPublic), Be16::from_host(8053)},
                            {ip(kWeb), Be16::from_host(53)}}};
    };
    Testbed bed(options);
    const Side from = GENERATE(Side::Outside, Side::Inside);
    const bool reversed = GENERATE(false, true);
    const char* const client = from == Side::Inside ? kHost : kServer;
    const char* const client_seen = from == Side::Inside ? kPublic : kServer;
    const auto sent = [&](Side side, const char* source, uint16_t port, const char* target,
                          uint16_t target_port, Side to) {
        auto frames =
            framed(bed, side, Frame().ipv4(source, target).udp(port, target_port).payload(5000));
        if (reversed)
            std::reverse(frames.begin(), frames.end());
        for (const Bytes& frame : frames)
            bed.inject(side, frame);
        bed.run();
        CHECK(bed.take_frames(opposite(to)).empty());
        return read_fragments(bed.take_frames(to));
    };
    const Seen asked = sent(from, client, 5000, kPublic, 8053, Side::Inside);
    CHECK(summary(asked).starts_with(std::string("udp ") + client_seen + ":5000 > 10.1.0.20:53"));
    CHECK(asked.transport_checksum_ok);
    CHECK(asked.payload.size() == 5000);
    const Seen answer = sent(Side::Inside, kWeb, 53, client_seen, 5000, from);
    CHECK(summary(answer).starts_with(std::string("udp 198.51.100.1:8053 > ") + client + ":5000"));
    CHECK(answer.transport_checksum_ok);
    CHECK(answer.payload.size() == 5000);
}

TEST_CASE("fragment: a UDP checksum of 0 stays 0", "[packet][fragment]") {
    Testbed bed;
    const auto frames = framed(bed, Side::Inside, udp(3000).without_udp_checksum());
    const Seen out = read_fragments(send(bed, Side::Inside, frames));
    CHECK(out.source == kPublic);
    CHECK(out.payload.size() == 3000);
    CHECK(out.transport_checksum == 0);
}

TEST_CASE("fragment: they pass one by one, and early ones in the order of their offsets",
          "[packet][fragment]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto frames = framed(bed, Side::Inside, udp(5000));
    REQUIRE(frames.size() == 4);
    CHECK(send(bed, Side::Inside, std::span(frames).subspan(2, 1)).empty());
    CHECK(held(bed) == 1);
    CHECK(send(bed, Side::Inside, std::span(frames).subspan(1, 1)).empty());
    CHECK(held(bed) == 2);
    const auto out = send(bed, Side::Inside, std::span(frames).first(1));
    REQUIRE(out.size() == 3);
    for (size_t i = 0; i < out.size(); ++i)
        CHECK(read(out[i]).fragment_offset == i * kPiece);
    CHECK(held(bed) == 0);
    CHECK(send(bed, Side::Inside, std::span(frames).last(1)).size() == 1);
    CHECK(bed.count(Count::Fragments) == 4);
}

TEST_CASE("fragment: a TCP segment in fragments is tracked with its whole length",
          "[packet][fragment][tcp]") {
    Testbed bed(any_workers());
    const bool reversed = GENERATE(false, true);
    const auto host = [](uint8_t flags) {
        return Frame().ipv4(kHost, kServer).tcp(40000, 80, flags);
    };
    const auto server = [](uint8_t flags) {
        return Frame().ipv4(kServer, kPublic).tcp(80, 40000, flags);
    };
    REQUIRE(bed.from_inside(host(kSyn).seq(999)).size() == 1);
    REQUIRE(bed.from_outside(server(kSyn | kAck).seq(1999).ack(1000)).size() == 1);
    REQUIRE(bed.from_inside(host(kAck).seq(1000).ack(2000)).size() == 1);

    auto data =
        framed(bed, Side::Inside, host(kAck | kPsh).seq(1000).ack(2000).payload(4000), 1000);
    if (reversed)
        std::reverse(data.begin(), data.end());
    const auto out = send(bed, Side::Inside, data);
    REQUIRE(out.size() == data.size());
    CHECK(read_fragments(out).transport_checksum_ok);
    CHECK(read_fragments(out).payload.size() == 4000);
    // Of data that the tracker has not seen this would be refused.
    CHECK(bed.from_outside(server(kAck).seq(2000).ack(5000)).size() == 1);
    CHECK(held(bed) == 0);
}

TEST_CASE("fragment: without a flow none comes in, and none leaves that its first would not",
          "[packet][fragment][leak]") {
    Testbed bed(any_workers());
    const bool reversed = GENERATE(false, true);
    const auto sent = [&](Side from, const Frame& whole) {
        auto frames = framed(bed, from, whole, 1000);
        if (reversed)
            std::reverse(frames.begin(), frames.end());
        return send(bed, from, frames);
    };
    CHECK(sent(Side::Outside, udp_reply(3000)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    CHECK(bed.dropped(Drop::FragmentRefused) == 3);
    const Frame fin = Frame().ipv4(kHost, kServer).tcp(40000, 80, kFin | kAck).payload(2500);
    CHECK(sent(Side::Inside, fin).empty());
    CHECK(bed.dropped(Drop::InvalidUntrackedFin) == 1);
    CHECK(bed.dropped(Drop::FragmentRefused) == 5);
    CHECK(bed.flows() == 0);
    CHECK(held(bed) == 0);
}

TEST_CASE("fragment: what the tracker refuses does not pass in parts, whoever owns the flow",
          "[packet][fragment][tcp]") {
    Testbed bed(any_workers());
    for (uint16_t port = 40000; port < 40016; ++port) {  // owners and homes of all kinds
        const auto host = [&](uint8_t flags) {
            return Frame().ipv4(kHost, kServer).id(port).tcp(port, 80, flags);
        };
        REQUIRE(bed.from_inside(host(kSyn)).size() == 1);
        const auto frames = framed(bed, Side::Inside, host(kFin | kAck).payload(2500), 1000);
        CHECK(send(bed, Side::Inside, frames).empty());
    }
    CHECK(bed.dropped(Drop::InvalidTransition) == 16);
    CHECK(bed.dropped(Drop::FragmentRefused) == 32);
    CHECK(held(bed) == 0);
}

TEST_CASE("fragment: an overlap ends the datagram, also what comes later",
          "[packet][fragment][rfc5722]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto frames = framed(bed, Side::Inside, udp(5000));
    const auto other = framed(bed, Side::Inside, udp(5000), 1472);
    CHECK(send(bed, Side::Inside, std::span(frames).first(1)).size() == 1);
    CHECK(send(bed, Side::Inside, std::span(other).subspan(1, 1)).empty());
    CHECK(send(bed, Side::Inside, std::span(frames).subspan(1)).empty());
    CHECK(bed.dropped(Drop::FragmentOverlap) == 4);

    SECTION("those that wait end too") {
        const auto next = framed(bed, Side::Inside, udp(5000).id(8));
        const auto overlap = framed(bed, Side::Inside, udp(5000).id(8), 1472);
        CHECK(send(bed, Side::Inside, std::span(next).subspan(1)).empty());
        CHECK(held(bed) == 3);
        CHECK(send(bed, Side::Inside, std::span(overlap).subspan(2, 1)).empty());
        CHECK(held(bed) == 0);
        CHECK(send(bed, Side::Inside, std::span(next).first(1)).empty());
        CHECK(bed.dropped(Drop::FragmentOverlap) == 9);
        CHECK(bed.flows() == 1);
    }
}

TEST_CASE("fragment: an exact duplicate does no harm", "[packet][fragment]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto frames = framed(bed, Side::Inside, udp(5000));
    SECTION("of one that waits: it is dropped") {
        CHECK(send(bed, Side::Inside, std::span(frames).subspan(1, 1)).empty());
        CHECK(send(bed, Side::Inside, std::span(frames).subspan(1, 1)).empty());
        CHECK(bed.dropped(Drop::FragmentDuplicate) == 1);
        auto out = send(bed, Side::Inside, std::span(frames).first(1));
        const auto rest = send(bed, Side::Inside, std::span(frames).subspan(2));
        out.insert(out.end(), rest.begin(), rest.end());
        CHECK(read_fragments(out).transport_checksum_ok);
    }
    SECTION("of one that has passed: it passes") {
        for (size_t i = 0; i < 2; ++i)
            for (int again = 0; again < 2; ++again)
                CHECK(send(bed, Side::Inside, std::span(frames).subspan(i, 1)).size() == 1);
        CHECK(send(bed, Side::Inside, std::span(frames).subspan(2)).size() == 2);
    }
}

TEST_CASE("fragment: those whose first does not come are dropped after a time",
          "[packet][fragment][rfc791]") {
    Testbed bed({.workers = 2, .configure = [](config::Config& config) {
                     config.fragments.timeout = Duration::seconds(5);
                 }});
    const auto frames = framed(bed, Side::Inside, udp(5000));
    CHECK(send(bed, Side::Inside, std::span(frames).subspan(1)).empty());
    bed.advance(Duration::seconds(4));
    CHECK(held(bed) == 3);
    bed.advance(Duration::seconds(1));
    CHECK(held(bed) == 0);
    CHECK(bed.dropped(Drop::FragmentTimeout) == 3);
}

TEST_CASE("fragment: broken ones end by name", "[packet][fragment][rfc1858]") {
    struct Row {
        Drop reason;
        Frame frame;
    };
    const auto piece = [](size_t bytes) {
        return Frame().ipv4(kHost, kServer).protocol(17).payload(bytes);
    };
    const std::vector<Row> rows{
        {Drop::FragmentInvalid, piece(0).fragment(80, false)},
        {Drop::FragmentInvalid, piece(12).fragment(80, true)},
        {Drop::FragmentInvalid, piece(800).fragment(65000, false)},
        {Drop::FragmentHeader, piece(16).protocol(6).fragment(0, true)},
        {Drop::FragmentUnsupported, Frame()
                                        .ipv4(kHost, kServer)
                                        .icmp_error(3, 1, udp(8).ip_bytes())
                                        .payload(64)
                                        .fragment(0, true)},
        {Drop::IpChecksum, piece(8).fragment(80, true).bad_ip_checksum()},
        {Drop::ForeignSource, piece(8).ipv4("10.9.0.1", kServer).fragment(80, true)},
        {Drop::InsideDestination, piece(8).ipv4(kHost, "10.1.0.11").fragment(80, true)},
        {Drop::ToGateway,
         Frame().ipv4(kHost, "10.1.0.1").udp(5000, 53).payload(64).fragment(0, true)},
    };
    for (const Row& row : rows) {
        CAPTURE(std::string(stats::drop_name(row.reason)));
        Testbed bed({.workers = 2});
        CHECK(bed.from_inside(row.frame).empty());
        CHECK(bed.dropped(row.reason) == 1);
        CHECK(bed.flows() == 0);
        CHECK(held(bed) == 0);
    }
}

TEST_CASE("fragment: a flood costs bounded memory, and not what is under way",
          "[packet][fragment][rfc4787]") {
    Testbed bed({.workers = GENERATE(1u, 2u), .configure = [](config::Config& config) {
                     config.fragments = {.datagrams = 64, .bytes = 64 * 2176};
                 }});
    const unsigned workers = bed.gateway().workers();
    const auto frames = framed(bed, Side::Inside, udp(65000));
    auto out = send(bed, Side::Inside, std::span(frames).first(20));
    REQUIRE(out.size() == 20);
    const bool firsts = GENERATE(true, false);
    for (uint16_t id = 100; id < 2100; ++id) {  // from outside, for no flow
        const auto flood = framed(bed, Side::Outside, udp_reply(100).udp(99, 98).id(id), 64);
        CHECK(send(bed, Side::Outside, std::span(flood).subspan(firsts ? 0 : 1, 1)).empty());
        REQUIRE(held(bed) <= 64 * workers);
    }
    CHECK(bed.count(Count::FragmentsEvicted) >= 2000 - 64 * workers);
    if (!firsts)
        CHECK(bed.dropped(Drop::FragmentBudget) > 0);

    const auto rest = send(bed, Side::Inside, std::span(frames).subspan(20));
    out.insert(out.end(), rest.begin(), rest.end());
    CHECK(read_fragments(out).transport_checksum_ok);
    CHECK(bed.from_inside(udp(8)).size() == 1);
}

TEST_CASE("fragment: the TTL of each is counted down, and checked", "[packet][fragment]") {
    Testbed bed;
    const auto frames = framed(bed, Side::Inside, udp(3000).ttl(1));
    CHECK(send(bed, Side::Inside, frames).empty());
    CHECK(bed.dropped(Drop::TtlExceeded) == 1);
    CHECK(bed.dropped(Drop::FragmentRefused) == 2);
    const auto errors = bed.take(Side::Inside);
    REQUIRE(errors.size() == 1);  // about the first: RFC 1812 §4.3.2.7
    CHECK(errors[0].icmp_type == 11);

    auto mixed = framed(bed, Side::Inside, udp(3000).id(8).ttl(64));
    mixed[1] = framed(bed, Side::Inside, udp(3000).id(8).ttl(1))[1];
    CHECK(send(bed, Side::Inside, mixed).size() == 2);
    CHECK(bed.take(Side::Inside).empty());
    CHECK(bed.dropped(Drop::TtlExceeded) == 2);
}

TEST_CASE("fragment: they wait with the first one for the next hop's address",
          "[packet][fragment][arp]") {
    Testbed bed;
    const auto out = send(bed, Side::Inside, framed(bed, Side::Inside, udp(3000)));
    CHECK(read_fragments(out).transport_checksum_ok);  // nothing was resolved before
    const auto reply = framed(bed, Side::Outside, udp_reply(3000));
    CHECK(read_fragments(send(bed, Side::Outside, reply)).transport_checksum_ok);
}

TEST_CASE("fragment: what is kept is dropped at the end", "[packet][fragment]") {
    Testbed bed({.workers = 2});
    const auto frames = framed(bed, Side::Inside, udp(5000));
    send(bed, Side::Inside, std::span(frames).subspan(1));
    CHECK(held(bed) == 3);
    bed.gateway().drain();
    CHECK(held(bed) == 0);
    CHECK(bed.dropped(Drop::Shutdown) == 3);
}

TEST_CASE("fragment: what is too big is cut for the outgoing MTU", "[packet][fragment][rfc791]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const size_t payload = GENERATE(size_t{1473}, size_t{9000}, size_t{40000});
    const Bytes whole = udp(payload).ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()).bytes();
    bed.inject(Side::Inside, whole, 2000);
    bed.run();
    const auto out = bed.take_frames(Side::Outside);
    CHECK(out.size() == (payload + 8 + kPiece - 1) / kPiece);
    CHECK(std::all_of(out.begin(), out.end(),
                      [](const Bytes& frame) { return frame.size() <= 1514; }));
    const Seen seen = read_fragments(out);
    CHECK(seen.payload.size() == payload);
    CHECK(seen.transport_checksum_ok);
    CHECK(seen.ttl == 63);
    CHECK(bed.count(Count::PacketsCut) == 1);

    SECTION("and so are fragments") {
        const auto frames = framed(bed, Side::Inside, udp(20000).id(8), 8000);
        for (const Bytes& frame : frames)
            bed.inject(Side::Inside, frame, 2000);
        bed.run();
        const Seen again = read_fragments(bed.take_frames(Side::Outside));
        CHECK(again.payload.size() == 20000);
        CHECK(again.transport_checksum_ok);
        CHECK(bed.count(Count::PacketsCut) == 4);
    }
    SECTION("but not with DF") {
        bed.inject(Side::Inside,
                   udp(payload)
                       .dont_fragment()
                       .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                       .bytes(),
                   2000);
        bed.run();
        CHECK(bed.take(Side::Outside).empty());
        const auto errors = bed.take(Side::Inside);
        REQUIRE(errors.size() == 1);
        CHECK(errors[0].icmp_code == 4);
        CHECK(errors[0].echo_sequence == 1500);
        CHECK(bed.dropped(Drop::TooBig) == 1);
    }
}

}  // namespace fragment_test
