// SPDX-License-Identifier: BSD-3-Clause
#include "policy/classifier.h"

#include "catch.h"
#include "packet_builder.h"

#include <algorithm>
#include <random>
#include <tuple>

namespace classifier_test {

using namespace sluice;
using namespace sluice::policy;
using net::Protocol;
using sluice::test::ip;

namespace {

net::Tuple packet(const char* source, const char* destination, Protocol protocol = Protocol::Tcp,
                  uint16_t port = 80) {
    return {ip(source), ip(destination), Be16::from_host(1234), Be16::from_host(port), protocol};
}

Match match(const char* inside, uint8_t length, const Toward& toward = {}) {
    return {{ip(inside), length}, toward};
}

Toward to(const char* destination, uint8_t length) {
    return {.destination = {ip(destination), length}};
}

bool holds(const Match& match, const net::Tuple& packet) {
    const Toward& toward = match.toward;
    return match.inside.contains(packet.source) &&
           toward.destination.contains(packet.destination) &&
           (!toward.protocol || (*toward.protocol == packet.protocol &&
                                 toward.ports.contains(packet.destination_port.host())));
}

/// What wins, by looking at all of them.
uint32_t plain_search(const std::vector<Match>& matches, const net::Tuple& packet) {
    const auto rank = [](const Match& match) {
        const Toward& toward = match.toward;
        const uint32_t width = toward.protocol ? toward.ports.size() : 1U << 24;
        const uint32_t first =
            toward.protocol
                ? uint32_t{static_cast<uint8_t>(*toward.protocol)} << 16 | toward.ports.first
                : 0;
        return std::tuple(-int{toward.destination.length}, width, first, -int{match.inside.length});
    };
    uint32_t best = kNone;
    for (uint32_t i = 0; i < matches.size(); ++i)
        if (holds(matches[i], packet) && (best == kNone || rank(matches[i]) < rank(matches[best])))
            best = i;
    return best;
}

}  // namespace

TEST_CASE("classifier: a rule for some destinations goes before those for whomever", "[policy]") {
    const std::vector<Match> matches{match("10.0.0.0", 8), match("10.2.0.0", 16),
                                     match("10.0.0.0", 8, to("10.200.0.0", 16)),
                                     match("10.2.0.0", 16, to("10.200.7.0", 24)),
                                     match("10.0.0.0", 8, {{}, Protocol::Tcp, {25, 25}})};
    const Classifier classifier(matches);
    CHECK(classifier.find(packet("10.1.0.1", "192.0.2.1")) == 0);
    CHECK(classifier.find(packet("10.2.0.1", "192.0.2.1")) == 1);
    CHECK(classifier.find(packet("10.2.0.1", "10.200.1.1")) == 2);
    CHECK(classifier.find(packet("10.2.0.1", "10.200.7.1")) == 3);
    CHECK(classifier.find(packet("10.1.0.1", "10.200.7.1")) == 2);  // the longer one is not for it
    CHECK(classifier.find(packet("10.2.0.1", "192.0.2.1", Protocol::Tcp, 25)) == 4);
    CHECK(classifier.find(packet("10.2.0.1", "192.0.2.1", Protocol::Udp, 25)) == 1);
    CHECK(classifier.find(packet("11.0.0.1", "10.200.7.1")) == kNone);
    CHECK(classifier.find_whomever(ip("10.2.0.1")) == 1);
    CHECK(classifier.find_whomever(ip("11.0.0.1")) == kNone);
}

TEST_CASE("classifier: without matches nothing is found", "[policy]") {
    const Classifier classifier(std::span<const Match>{});
    CHECK(classifier.find(packet("10.1.0.1", "192.0.2.1")) == kNone);
    CHECK(classifier.find_whomever(ip("10.1.0.1")) == kNone);
}

TEST_CASE("classifier: a host served toward some only is served by nobody else", "[policy]") {
    const std::vector<Match> matches{match("10.0.0.0", 8, to("10.200.0.0", 16))};
    const Classifier classifier(matches);
    CHECK(classifier.find(packet("10.1.0.1", "10.200.0.1")) == 0);
    CHECK(classifier.find(packet("10.1.0.1", "192.0.2.1")) == kNone);
    CHECK(classifier.find_whomever(ip("10.1.0.1")) == kNone);
}

TEST_CASE("classifier: of ranges of ports the narrowest wins", "[policy]") {
    const std::vector<Match> matches{match("10.0.0.0", 8, {{}, Protocol::Tcp}),
                                     match("10.0.0.0", 8, {{}, Protocol::Tcp, {80, 90}}),
                                     match("10.0.0.0", 8, {{}, Protocol::Tcp, {85, 1000}}),
                                     match("10.1.0.0", 16, {{}, Protocol::Tcp, {86, 86}})};
    const Classifier classifier(matches);
    const auto at = [&](const char* host, uint16_t port) {
        return classifier.find(packet(host, "192.0.2.1", Protocol::Tcp, port));
    };
    CHECK(at("10.2.0.1", 79) == 0);
    CHECK(at("10.2.0.1", 80) == 1);
    CHECK(at("10.2.0.1", 86) == 1);
    CHECK(at("10.1.0.1", 86) == 3);
    CHECK(at("10.2.0.1", 91) == 2);
    CHECK(at("10.2.0.1", 1001) == 0);
    CHECK(at("10.2.0.1", 65535) == 0);
    CHECK(classifier.find(packet("10.2.0.1", "192.0.2.1", Protocol::Udp, 80)) == kNone);
    CHECK(Classifier::most_conditions(matches) == 4);
}

TEST_CASE("classifier: find() says what a look at every match says", "[policy]") {
    std::mt19937 random(5);
    const auto draw = [&](uint32_t below) { return static_cast<uint32_t>(random() % below); };
    const Protocol protocols[] = {Protocol::Icmp, Protocol::Tcp, Protocol::Udp};
    const auto draw_prefix = [&](uint32_t base) {
        const net::Prefix prefix{Be32::from_host(base + draw(1 << 12)),
                                 static_cast<uint8_t>(draw(4) == 0 ? 0 : 20 + draw(13))};
        return prefix.network();
    };
    for (int round = 0; round < 100; ++round) {
        std::vector<Match> matches;
        for (int i = 0; i < 40; ++i) {
            Match each{draw_prefix(10U << 24), {}};
            if (draw(2) == 0)
                each.toward.destination = draw_prefix(192U << 24);
            if (draw(2) == 0)
                each.toward.protocol = protocols[draw(3)];
            if (each.toward.protocol && net::has_ports(*each.toward.protocol) && draw(2) == 0) {
                const auto first = static_cast<uint16_t>(draw(20));
                each.toward.ports = {first, static_cast<uint16_t>(first + draw(20))};
            }
            matches.push_back(each);
        }
        const Classifier classifier(matches);
        for (int i = 0; i < 300; ++i) {
            const net::Tuple each{Be32::from_host((10U << 24) + draw(1 << 12)),
                                  Be32::from_host((192U << 24) + draw(1 << 12)), Be16::from_host(1),
                                  Be16::from_host(static_cast<uint16_t>(draw(45))),
                                  protocols[draw(3)]};
            REQUIRE(classifier.find(each) == plain_search(matches, each));
        }
    }
}

TEST_CASE("classifier: of equal prefixes that wins which names the zone", "[policy][zones]") {
    std::vector<Match> matches{match("10.0.0.0", 8), match("10.0.0.0", 8), match("10.1.0.0", 16)};
    matches[1].zone = 5;
    const Classifier classifier(matches);
    net::Tuple of_zone = packet("10.9.0.1", "192.0.2.1");
    CHECK(classifier.find(of_zone) == 0);
    of_zone.zone = 5;
    CHECK(classifier.find(of_zone) == 1);
    of_zone.source = ip("10.1.0.1");
    CHECK(classifier.find(of_zone) == 2);  // longer, and every zone's
    of_zone.zone = 6;
    CHECK(classifier.find(of_zone) == 2);
}

TEST_CASE("classifier: 4096 zones have rules of their own, also behind conditions",
          "[policy][zones]") {
    std::vector<Match> matches;
    for (uint16_t zone = 0; zone < net::kZones; ++zone) {
        matches.push_back({{ip("10.0.0.0"), 8}, {}, zone});
        matches.push_back({{ip("10.1.0.0"), 16}, to("192.0.2.0", 24), zone});
    }
    const Classifier classifier(matches);
    net::Tuple of_zone = packet("10.1.0.1", "203.0.113.1");
    net::Tuple to_some = packet("10.1.0.1", "192.0.2.1");
    unsigned found = 0;
    for (uint16_t zone = 0; zone < net::kZones; ++zone) {
        of_zone.zone = to_some.zone = zone;
        found += classifier.find(of_zone) == 2u * zone;
        found += classifier.find(to_some) == 2u * zone + 1;
    }
    CHECK(found == 2u * net::kZones);
}

}  // namespace classifier_test
