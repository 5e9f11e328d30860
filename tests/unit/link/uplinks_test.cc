// SPDX-License-Identifier: BSD-3-Clause
#include "link/uplinks.h"

#include "catch.h"
#include "link/routes.h"
#include "packet_builder.h"

#include <array>
#include <string>
#include <vector>

namespace uplinks_test {

using namespace sluice;
using namespace sluice::link;
using sluice::test::ip;

namespace {

constexpr InterfaceId kLan = 0;
constexpr unsigned kFlows = 20000;

/// Uplink i is on interface i + 1, with the subnet 192.0.i.0/24 and the gateway .254 there.
Uplinks uplinks(const std::vector<uint8_t>& weights, bool by_host = false) {
    UplinksParams params;
    for (size_t i = 0; i < weights.size(); ++i) {
        const std::string subnet = "192.0." + std::to_string(i);
        params.uplinks.push_back(
            {{static_cast<InterfaceId>(i + 1), ip((subnet + ".254").c_str())}, weights[i]});
        params.belongings.push_back({{ip((subnet + ".0").c_str()), 24}, static_cast<UplinkId>(i)});
    }
    params.key = {3, 4};
    params.by_host = by_host;
    return Uplinks(std::move(params));
}

net::Tuple flow(uint32_t number) {
    return {Be32::from_host(0x0a010000 + number / 16), ip("203.0.113.10"),
            Be16::from_host(static_cast<uint16_t>(1024 + number % 50000)), Be16::from_host(53),
            net::Protocol::Udp};
}

std::vector<unsigned> shares(const Uplinks& all, UplinkSet among) {
    std::vector<unsigned> counts(all.size());
    for (uint32_t i = 0; i < kFlows; ++i)
        ++counts[all.choose(flow(i), among)];
    return counts;
}

bool is_about(unsigned count, unsigned wanted) {
    return count > wanted - wanted / 10 && count < wanted + wanted / 10;
}

}  // namespace

TEST_CASE("uplinks: flows are shared out by weight", "[link][uplinks]") {
    const auto counts = shares(uplinks({3, 1}), 0b11);
    CHECK(is_about(counts[0], kFlows * 3 / 4));
    CHECK(is_about(counts[1], kFlows / 4));
    const auto many = shares(uplinks({1, 255, 128, 1}), 0b0110);
    CHECK(many[0] + many[3] == 0);
    CHECK(is_about(many[1], kFlows * 255 / 383));
}

TEST_CASE("uplinks: where one dies only its flows go elsewhere", "[link][uplinks]") {
    const Uplinks all = uplinks({2, 3, 1, 4});
    std::array<unsigned, 4> moved{};
    for (uint32_t i = 0; i < kFlows; ++i) {
        const UplinkId before = all.choose(flow(i), 0b1111);
        const UplinkId after = all.choose(flow(i), 0b1110);
        CHECK((before == 0) == (before != after));
        if (before == 0)
            ++moved[after];
        // And when a second one dies: likewise.
        const UplinkId last = all.choose(flow(i), 0b1100);
        CHECK((after == 1) == (after != last));
    }
    CHECK(moved[3] > moved[1]);
    CHECK(moved[1] > moved[2]);
    CHECK(moved[2] > 0);
}

TEST_CASE("uplinks: by host, all flows of a host have one", "[link][uplinks]") {
    const Uplinks all = uplinks({1, 1}, true);
    for (uint32_t i = 0; i < kFlows; ++i)
        CHECK(all.choose(flow(i), 0b11) == all.choose(flow(i / 16 * 16), 0b11));
    const auto counts = shares(all, 0b11);
    CHECK(is_about(counts[0], kFlows / 2));
}

TEST_CASE("uplinks: an address belongs to the longest prefix that has it", "[link][uplinks]") {
    UplinksParams params;
    params.uplinks = {{{1, ip("192.0.0.254")}}, {{2, ip("192.0.1.254")}}};
    params.belongings = {{{ip("198.51.100.64"), 28}, 1},
                         {{ip("192.0.0.0"), 24}, 0},
                         {{ip("192.0.1.0"), 24}, 1},
                         {{ip("198.51.100.0"), 24}, 0}};
    const Uplinks both(params);
    CHECK(both.of(ip("192.0.1.7")) == UplinkId{1});
    CHECK(both.of(ip("198.51.100.80")) == UplinkId{0});
    CHECK(both.of(ip("198.51.100.79")) == UplinkId{1});
    CHECK_FALSE(both.of(ip("10.1.0.1")));
    CHECK(both.on(2) == UplinkId{1});
    CHECK_FALSE(both.on(kLan));
    CHECK(both.may_have(1, ip("198.51.100.63")));
    CHECK_FALSE(both.may_have(1, ip("198.51.100.64")));

    const std::vector<net::AddressRange> pool{{ip("198.51.100.60"), ip("198.51.100.90")},
                                              {ip("192.0.1.5"), ip("192.0.1.5")}};
    CHECK(both.part(pool, 0) ==
          std::vector<net::AddressRange>{{ip("198.51.100.60"), ip("198.51.100.63")},
                                         {ip("198.51.100.80"), ip("198.51.100.90")}});
    CHECK(both.part(pool, 1) ==
          std::vector<net::AddressRange>{{ip("198.51.100.64"), ip("198.51.100.79")},
                                         {ip("192.0.1.5"), ip("192.0.1.5")}});
    CHECK(uplinks({1}).part(pool, 0) == pool);  // a single one has all
    CHECK(uplinks({1}).may_have(1, ip("198.51.100.1")));
}

TEST_CASE("uplinks: where none is known to live all may be used", "[link][uplinks]") {
    LivingUplinks living;
    CHECK((living.usable() & 0b11) == 0b11);
    living.replace(0b10, 0b11);
    CHECK(living.usable() == 0b10);
    living.replace(0, 0b11);
    CHECK(living.usable() == 0b11);
    CHECK(living.up() == 0);
}

TEST_CASE("routes: of several uplinks a packet takes that of its source", "[link][uplinks]") {
    const std::vector<Route> list{
        {{ip("10.1.0.0"), 24}, kLan, {}},
        {{ip("192.0.0.0"), 24}, 1, {}},
        {{ip("192.0.1.0"), 24}, 2, {}},
        {{}, 1, ip("192.0.0.254")},
        {{ip("198.18.0.0"), 15}, 2, ip("192.0.1.9")},
    };
    const Routes routes(list, uplinks({1, 1}));
    const auto goes = [&](const net::Tuple& leaving, UplinkSet living) {
        const Leads leads = routes.leads({leaving.destination, leaving.zone});
        return Routes::toward(routes.match_outside(leaving, living, leads), leaving.destination);
    };
    const auto way = [&](const char* source, const char* destination, UplinkSet living = 0b11) {
        net::Tuple leaving;
        leaving.source = ip(source);
        leaving.destination = ip(destination);
        return goes(leaving, living);
    };
    const Toward first{1, ip("192.0.0.254")};
    const Toward second{2, ip("192.0.1.254")};
    CHECK(way("192.0.0.1", "203.0.113.10") == first);
    CHECK(way("192.0.1.1", "203.0.113.10") == second);
    CHECK(way("192.0.1.1", "203.0.113.10", 0b01) == second);  // dead or not
    CHECK(way("192.0.1.1", "198.18.0.1") == Toward{2, ip("192.0.1.9")});
    CHECK(way("192.0.0.1", "198.18.0.1") == first);
    CHECK(way("192.0.1.1", "192.0.1.7") == Toward{2, ip("192.0.1.7")});
    CHECK(way("192.0.0.1", "192.0.1.7") == first);
    CHECK(way("203.0.113.10", "10.1.0.5") == Toward{kLan, ip("10.1.0.5")});
    // Who keeps his own address goes by a route, else by one that lives.
    CHECK(way("10.9.0.1", "198.18.0.1") == Toward{2, ip("192.0.1.9")});
    CHECK(way("10.9.0.1", "198.18.0.1", 0b01) == first);
    CHECK(way("10.9.0.1", "203.0.113.10", 0b01) == first);
    CHECK(way("10.9.0.1", "203.0.113.10", 0b10) == second);
    for (uint32_t host = 1; host < 40; ++host) {
        net::Tuple leaving;
        leaving.source = Be32::from_host(0x0a090000 + host);
        leaving.destination = ip("203.0.113.10");
        const auto of_none = goes(leaving, 0b11);
        leaving.zone = 7;
        CHECK(goes(leaving, 0b11) == of_none);
    }
    const Leads far = routes.leads(ip("203.0.113.10"));
    CHECK(Routes::toward(routes.match_from(1, far), ip("203.0.113.10")) == second);
    CHECK(routes.prescribed(routes.leads(ip("198.19.0.1"))) == UplinkId{1});
    CHECK_FALSE(routes.prescribed(far));
    CHECK_FALSE(routes.prescribed(routes.leads(ip("10.1.0.5"))));
    CHECK(routes.gateways() == std::vector<Toward>{first, {2, ip("192.0.1.9")}, second});
    CHECK_FALSE(routes == Routes(list, uplinks({1, 2})));
}

}  // namespace uplinks_test
