// SPDX-License-Identifier: BSD-3-Clause
#include "policy/denials.h"

#include "catch.h"
#include "packet_builder.h"

#include <vector>

namespace denials_test {

using namespace sluice;
using policy::Denials;
using policy::Match;
using sluice::test::ip;

namespace {

net::Tuple udp(const char* source, uint16_t port) {
    return {ip(source),
            ip("203.0.113.10"),
            Be16::from_host(5000),
            Be16::from_host(port),
            net::Protocol::Udp,
            {}};
}

Match to_port(const char* inside, uint16_t port) {
    return {{ip(inside), 16}, {.protocol = net::Protocol::Udp, .ports = {port, port}}};
}

}  // namespace

TEST_CASE("denials: each rule counts what it has refused, a look counts nothing", "[policy]") {
    const std::vector<Match> matches{to_port("10.1.0.0", 53), to_port("10.2.0.0", 53)};
    const Denials denials(matches);
    denials.count(denials.find(udp("10.1.0.1", 53)));
    denials.count(denials.find(udp("10.1.0.2", 53)));
    CHECK_FALSE(denials.holds(udp("10.1.0.2", 54)));
    CHECK(denials.holds(udp("10.2.0.2", 53)));
    CHECK(denials.packets(0) == 2);
    CHECK(denials.packets(1) == 0);
}

TEST_CASE("denials: a rule that stays goes on with its counter, wherever it stands", "[policy]") {
    const std::vector<Match> first{to_port("10.1.0.0", 53), to_port("10.2.0.0", 53)};
    const std::vector<Match> second{to_port("10.2.0.0", 53), to_port("10.1.0.0", 54),
                                    to_port("10.1.0.0", 53)};
    const Denials before(first);
    before.count(before.find(udp("10.1.0.1", 53)));
    const Denials after(second, &before);
    CHECK(after.packets(0) == 0);
    CHECK(after.packets(1) == 0);
    CHECK(after.packets(2) == 1);
    before.count(before.find(udp("10.1.0.1", 53)));  // by a worker that has not turned since
    after.count(after.find(udp("10.1.0.1", 53)));
    CHECK(after.packets(2) == 3);
}

TEST_CASE("denials: one of a zone is another than that of all, and counts by itself",
          "[policy][zones]") {
    std::vector<Match> matches{{{ip("10.0.0.0"), 8}}, {{ip("10.0.0.0"), 8}, {}, 5}};
    const Denials before(matches);
    net::Tuple packet{ip("10.1.0.1"), ip("192.0.2.1"), {}, {}, net::Protocol::Udp};
    packet.zone = 5;
    REQUIRE(before.holds(packet));
    before.count(before.find(packet));
    const Denials after(matches, &before);
    CHECK(after.packets(0) == 0);
    CHECK(after.packets(1) == 1);
}

}  // namespace denials_test
