// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is said of an IPv6 packet before it is sent, beside what then becomes of it: the same. And
/// nothing has changed by asking, nor has any host got a number.

#include "asked.h"
#include "bed_with_route6.h"
#include "catch.h"
#include "command/why_json.h"
#include "gateway/interfaces.h"
#include "ipv6_addresses.h"
#include "net/text.h"
#include "unit/testing/has.h"
#include "why/answer_text.h"
#include "why/packet_words.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace why_nptv6_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using sluice::testing::has;
using why::Fate;

namespace {

using Addresses = std::vector<std::string>;

constexpr auto kBehindRouter = "2001:db8:1:2::5";  // 2001:db8:f:fff3::5 outside
constexpr uint16_t kInsideMtu = 1400;

const Addresses kInsideSources{kHost6, kHost6,  kOther6,    kBehindRouter, "2001:db8:1:7::1",
                               kOwn6,  kWorld6, "fe80::77", kServer6};
const Addresses kOutsideSources{kWorld6,  kWorld6,   kWorld6, kFarRouter6, kHost6,
                                kMapped6, "fe80::1", "::",    kWan6,       kServer6};
const Addresses kDestinations{kWorld6,
                              kWorld6,
                              kMapped6,
                              kOtherMapped6,
                              "2001:db8:f:fff1::1",
                              "2001:db8:f:fff1::",
                              "2001:db8:f:ffff::1",
                              "2001:db8:f:fff3::5",
                              "2001:db8:f:1::1",
                              kHost6,
                              kOther6,
                              kWan6,
                              kOutsideLinkLocal,
                              kOwn6,
                              kOwnLinkLocal,
                              kServer6,
                              "64:ff9b::10.9.9.9",
                              "fe80::9",
                              "::1",
                              "ff02::1",
                              "2001:db8:77::1"};

TestbedOptions options(unsigned workers = 1) {
    return nptv6_options({.workers = workers, .inside_mtu = kInsideMtu},
                         [](config::Config& config) {
                             add_nat64(config);
                             config.routes = {route6("2001:db8:1:2::/64", "fe80::9")};
                         });
}

class Subject {
public:
    explicit Subject(unsigned workers) : npt_(options(workers)) {
        // Who quotes himself has his number from the error itself, which who asks does not give.
        Frame6 first{.source = "fe80::77", .destination = kOwnLinkLocal, .upper = icmp6(128, 0, 1)};
        first.destination_mac = npt_.bed.port(Side::Inside).mac();
        npt_.bed.inject(Side::Inside, first.bytes());
        npt_.settle();
    }

    void step() {
        npt_.bed.tick(Duration::seconds(1));
        for (const Side side : {Side::Inside, Side::Outside})
            npt_.take(side);
        const Side from = draw(2) == 0 ? Side::Inside : Side::Outside;
        const Bytes frame = any_frame(from);
        const Counted before = count(npt_.bed);
        const why::Answer answer = ask(npt_.bed, {.frame = frame, .side = from});
        CAPTURE(why::packet_text(answer), from);
        CHECK(count(npt_.bed) == before);
        npt_.bed.inject(from, frame);
        npt_.settle();
        compare(answer, before.snapshot);
        ++fates_[fate_name(answer)];
    }

    const std::map<std::string, unsigned>& fates() const { return fates_; }

private:
    uint64_t draw(uint64_t below) { return random_() % below; }
    const std::string& one_of(const Addresses& all) { return all[draw(all.size())]; }

    /// Now and then a host that nobody has heard of.
    std::string destination() {
        return draw(10) == 0 ? "2001:db8:f:fff1::1:" + std::to_string(1000 + draw(9000))
                             : one_of(kDestinations);
    }

    Upper any_upper(const Frame6& frame) {
        const Frame6 answer{
            .source = frame.destination, .destination = frame.source, .upper = udp6(53, 5000)};
        switch (draw(8)) {
            case 0:
                return tcp6(4000, 80, kSyn, 1000, 0);
            case 1:
                return icmp6(128, 0, 0x10007);
            case 2:
                return icmp6(static_cast<uint8_t>(130 + draw(20)), 0, 7);
            case 3:  // of a packet that has come or left by the sender's address, or by another one
                return icmp6(1, 4, 0, answer.ip_bytes());
            case 4:
                return udp6(5000, 53, Bytes(kInsideMtu - 40));  // too large for the way inside
            default:
                return udp6(5000, static_cast<uint16_t>(53 + draw(2)));
        }
    }

    Bytes any_frame(Side from) {
        Frame6 frame{.source = one_of(from == Side::Inside ? kInsideSources : kOutsideSources),
                     .destination = destination(),
                     .upper = udp6(1, 2)};
        frame.upper = any_upper(frame);
        frame = npt_.addressed(from, std::move(frame));
        if (draw(10) == 0)
            frame.hop_limit = static_cast<uint8_t>(draw(2));
        // Of a fragment that is translated others decide what becomes of it.
        const bool stays_ipv6 = frame.destination == kWorld6 || frame.destination == kMapped6;
        if (draw(8) == 0 && stays_ipv6)
            add_fragment_header(frame);
        else if (draw(20) == 0)
            add_routing_header(frame);
        if (draw(20) == 0)
            frame = question_for(from, draw(2) == 0 ? kWan6 : kOwn6);
        Bytes bytes = frame.bytes();
        if (draw(30) == 0)
            bytes.resize(14 + draw(bytes.size() - 14));
        return bytes;
    }

    void add_fragment_header(Frame6& frame) {
        frame.is_later_fragment = draw(2) == 0;
        frame.fragment(frame.is_later_fragment ? 40 : 0, true, 77);
    }

    void add_routing_header(Frame6& frame) {
        const auto left = static_cast<uint8_t>(draw(2));
        frame.extensions = {frame.upper.protocol, 0, 0, left, 0, 0, 0, 0};
        frame.first_extension = 43;
    }

    Frame6 question_for(Side from, const std::string& target) {
        const std::string asker = from == Side::Inside ? kHost6 : kGateway6;
        return npt_.addressed(from, {.source = asker,
                                     .destination = target,
                                     .upper = neighbour6(135, target, mac_of6(asker)),
                                     .hop_limit = 255});
    }

    void compare(const why::Answer& answer, const stats::Snapshot& before) {
        const std::string dropped = dropped_since(npt_.bed, before);
        CAPTURE(dropped, static_cast<int>(answer.fate), stats::drop_name(answer.reason));
        CHECK(dropped == dropped_by(answer));
        const stats::Snapshot after = npt_.bed.gateway().snapshot();
        const auto errors = [](const stats::Snapshot& snapshot) {
            return snapshot.count[stats::Count::IcmpErrors] +
                   snapshot.count[stats::Count::IcmpSuppressed];
        };
        const bool is_told = answer.sender_hears == why::SenderHears::Error ||
                             answer.sender_hears == why::SenderHears::TooBig;
        CHECK(errors(after) - errors(before) == (is_told ? 1 : 0));
        const bool goes_on = answer.fate == Fate::Leaves || answer.fate == Fate::Waits;
        if (!goes_on || !answer.crossed)
            return;
        const nat64::Way& way = answer.crossed->way;
        const auto out = npt_.take(way.to);
        const auto left = std::ranges::find_if(out, [&](const Seen6& seen) {
            return seen.source == net::to_string(way.source) &&
                   seen.destination == net::to_string(way.destination);
        });
        REQUIRE(left != out.end());
        CHECK(left->hop_limit == way.headers.hop_limit - 1);
        CHECK(left->destination_mac == mac_of6(net::to_string(answer.crossed->next_hop)));
        if (answer.exit->has_mac)
            CHECK(left->destination_mac == answer.exit->mac);
    }

    Nptv6Bed npt_;
    std::mt19937_64 random_{7};
    std::map<std::string, unsigned> fates_;
};

/// As an operator asks.
template <typename Text>
std::string told(Testbed& bed, const listing::Query& words, Text text) {
    const auto names = gateway::names_of(bed.gateway().interfaces());
    const auto question = why::read_question(words, names, bed.gateway().naming());
    REQUIRE(question);
    return text(ask(bed, *question), {names, 1, bed.gateway().naming()});
}

std::string told(Testbed& bed, const listing::Query& words) {
    return told(bed, words, why::answer_text);
}

listing::Query udp(std::string source, std::string destination, listing::Query more = {}) {
    more.insert({{"proto", "udp"}, {"src", std::move(source)}, {"dst", std::move(destination)}});
    return more;
}

}  // namespace

TEST_CASE("why nptv6: what is said of an IPv6 packet is what becomes of it",
          "[packet][why][nptv6]") {
    constexpr unsigned kPackets = 1500;
    Subject subject(GENERATE(1u, 2u));
    for (unsigned i = 0; i < kPackets; ++i) {
        CAPTURE(i);
        subject.step();
    }
    std::string fates;
    for (const auto& [name, number] : subject.fates())
        fates += name + " " + std::to_string(number) + "\n";
    CAPTURE(fates);
    CHECK(subject.fates().size() > 15);
}

TEST_CASE("why nptv6: the way from inside is told, stage by stage", "[packet][why][nptv6]") {
    Nptv6Bed npt(options());
    const std::string text =
        told(npt.bed, udp("[2001:db8:1::10]:4000", "[2001:db8:cafe::10]:53", {{"len", "100"}}));
    CAPTURE(text);
    CHECK(text ==
          "udp [2001:db8:1::10]:4000 -> [2001:db8:cafe::10]:53, 100 bytes, hop limit 64\n"
          "comes in by lan-ipv6 (inside)\n"
          "prefixes: 2001:db8:1::/48 -> 2001:db8:f::/48\n"
          "source: 2001:db8:1::10 -> 2001:db8:f:fff1::10\n"
          "route: by wan-ipv6 (outside) to 2001:db8:ff::1, MTU 1500\n"
          "next hop: 2001:db8:ff::1 is at " +
              net::to_string(mac_of6(kGateway6)) +
              "\nleaves by wan-ipv6 as [2001:db8:f:fff1::10]:4000 -> [2001:db8:cafe::10]:53\n");
}

TEST_CASE("why nptv6: the way from outside is told, to a host that nobody has heard of",
          "[packet][why][nptv6]") {
    Nptv6Bed npt(options());
    const std::string text =
        told(npt.bed, udp("[2001:db8:cafe::10]:53", "[2001:db8:f:fff1::10]:4000"));
    CAPTURE(text);
    CHECK(has(text, "comes in by wan-ipv6 (outside)\n"));
    CHECK(has(text, "destination: 2001:db8:f:fff1::10 -> 2001:db8:1::10\nhost: has sent nothing"));
    CHECK(has(text, "route: by lan-ipv6 (inside) to 2001:db8:1::10, MTU 1400\n"));
    CHECK(has(text,
              "leaves by lan-ipv6 as [2001:db8:cafe::10]:53 -> [2001:db8:1::10]:4000, when "
              "2001:db8:1::10 has answered\n"));
    CHECK(npt.bed.gateway().naming().usage()->hosts == 0);
}

TEST_CASE("why nptv6: a packet that ends is told with its reason", "[packet][why][nptv6]") {
    struct Row {
        const char* source;
        const char* destination;
        listing::Query more;
        const char* reason;
        const char* told;
    };
    constexpr const char* kTold = "    its sender is told by an ICMP error, within --icmp-rate\n";
    constexpr const char* kTooBig = "    its sender is told by an ICMP error, with the MTU\n";
    constexpr const char* kNothing = nullptr;
    Nptv6Bed npt(options());
    for (const Row& row : std::initializer_list<Row>{
             {kHost6, kWorld6, {{"ttl", "1"}}, "ttl_exceeded", kTold},
             {kHost6, kWorld6, {{"len", "1501"}}, "too_big", kTooBig},
             {kHost6, kOther6, {}, "ipv6_destination", kTold},
             {kHost6, "64:ff9b::10.9.9.9", {}, "ipv6_destination", kTold},
             {kWorld6, "2001:db8:f:ffff::1", {}, "ipv6_unmapped", kTold},
             {kWorld6, "2001:db8:f:1::1", {}, "no_route", kTold},
             {kWorld6, kHost6, {}, "outside_to_inside", kNothing},
             {kHost6, kMapped6, {{"from", "outside"}}, "outside_spoof", kNothing},
             {kWorld6, kWorld6, {{"from", "inside"}}, "ipv6_source", kNothing}}) {
        const std::string text =
            told(npt.bed, udp('[' + std::string(row.source) + "]:1",
                              '[' + std::string(row.destination) + "]:2", row.more));
        CAPTURE(text);
        CHECK(has(text, std::string("dropped: ") + row.reason + "\n    "));
        CHECK((row.told == kNothing ? !has(text, "its sender") : has(text, row.told)));
    }
}

TEST_CASE("why nptv6: a next hop that answers nobody is told", "[packet][why][nptv6]") {
    Nptv6Bed npt(options());
    npt.bed.silent = {kHost6};
    npt.send(Side::Outside, {.source = kWorld6, .destination = kMapped6, .upper = udp6(53, 5000)});
    npt.bed.advance(Duration::seconds(4));
    npt.settle();
    const std::string text =
        told(npt.bed, udp("[2001:db8:cafe::10]:53", "[2001:db8:f:fff1::10]:4000"));
    CAPTURE(text);
    CHECK(has(text, "next hop: 2001:db8:1::10 does not answer neighbour solicitations\n"));
    CHECK(has(text, "dropped: neighbour_failed\n"));
}

TEST_CASE("why nptv6: without --nptv6 nobody forwards native IPv6", "[packet][why][nat64]") {
    Ipv6Bed ipv6;
    CHECK(has(told(ipv6.bed, udp("[2001:db8:1::10]:4000", "[2001:db8:cafe::10]:53")),
              "comes in by lan-ipv6 (inside)\ndropped: ipv6_destination\n"));
    CHECK(has(told(ipv6.bed,
                   udp("[2001:db8:cafe::10]:53", "[2001:db8:1::10]:4000", {{"from", "outside"}})),
              "dropped: not_ipv4\n"));
}

TEST_CASE("why nptv6: a host's first packet to IPv4 is told before it has a number",
          "[packet][why][nat64]") {
    Ipv6Bed ipv6;
    const std::string text =
        told(ipv6.bed, udp("[2001:db8:1::10]:4000", "[64:ff9b::203.0.113.10]:53"));
    CAPTURE(text);
    CHECK(text.starts_with("udp [2001:db8:1::10]:4000 -> [64:ff9b::cb00:710a]:53, 48 bytes"));
    CHECK(has(text, " as 198.51.100.1:4000 -> 203.0.113.10:53"));
    CHECK(ipv6.bed.gateway().naming().usage()->hosts == 0);
}

TEST_CASE("why route6: hosts that have no number yet are told by their addresses",
          "[packet][why][route6]") {
    Route6Bed r6;
    if (GENERATE(false, true))  // the one inside has one
        r6.send(Side::Inside, {.source = kHost6, .destination = kOwn6, .upper = icmp6(128, 0, 1)});
    const uint32_t hosts = r6.bed.gateway().naming().usage()->hosts;
    const auto question = udp("[2001:db8:1::10]:4000", "[2001:db8:cafe::10]:53");
    const std::string text = told(r6.bed, question);
    CAPTURE(text);
    CHECK(has(text, "address and port: [2001:db8:1::10]:4000, as it came: "));
    CHECK(has(text, "leaves by wan-ipv6 as [2001:db8:1::10]:4000 -> [2001:db8:cafe::10]:53"));
    const std::string json = told(r6.bed, question, command::why_json);
    CAPTURE(json);
    CHECK(has(json, R"("source":{"address":"2001:db8:1::10","port":4000)"));
    CHECK(has(json,
              R"("leaves":{"protocol":"udp","src":"2001:db8:1::10","dst":"2001:db8:cafe::10",)"
              R"("sport":4000,"dport":53)"));
    CHECK(!has(json, "198.18."));
    CHECK(!has(json, "198.19."));
    CHECK(r6.bed.gateway().naming().usage()->hosts == hosts);
}

TEST_CASE("why nptv6: packets of a host's flow to IPv4 are told as they are on the wire",
          "[packet][why][nat64]") {
    Ipv6Bed ipv6;
    REQUIRE(ipv6.send(to_server(tcp6(4000, 80, kSyn, 1000, 0))).size() == 1);
    const auto tcp = [&](std::string source, std::string destination, listing::Query more = {}) {
        more.insert(
            {{"proto", "tcp"}, {"src", std::move(source)}, {"dst", std::move(destination)}});
        return told(ipv6.bed, more);
    };
    const std::string host = "[2001:db8:1::10]:4000";
    const std::string server = "[64:ff9b::203.0.113.10]:80";
    CHECK(tcp(host, server).starts_with("tcp " + host + " -> "));
    CHECK(has(tcp(host, server), " [S], 60 bytes, hop limit 64\n"));
    ipv6.answer_from_outside(
        Frame().ipv4(kServer, kPublic).tcp(80, 4000, kSyn | kAck).seq(500).ack(1001));
    const std::string next = tcp(host, server);
    CAPTURE(next);
    CHECK(has(next, " [.], 60 bytes, hop limit 64\n"));
    CHECK(has(next, "\ntracker: original direction, SYN_RECV -> ESTABLISHED"));
    CHECK(has(next, " as 198.51.100.1:4000 -> 203.0.113.10:80\n"));
    const std::string whole = tcp(host, server, {{"len", "1520"}, {"flags", "A"}});
    CAPTURE(whole);
    CHECK(has(whole, " [.], 1520 bytes, hop limit 64\n"));
    CHECK(has(whole, "leaves by wan"));  // 1500 bytes, without those of IPv6
    const std::string back = tcp("203.0.113.10:80", "198.51.100.1:4000");
    CAPTURE(back);
    CHECK(has(back, "\nroute: by lan-ipv6 (inside) to 2001:db8:1::10, MTU 1500\n"));
}

}  // namespace why_nptv6_test
