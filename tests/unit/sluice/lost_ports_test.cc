// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/lost_ports.h"

#include "catch.h"

namespace lost_ports_test {

using namespace sluice;
using namespace sluice::app;
using config::OnLostPort;

namespace {

const io::LinkState kUp{true, true, 1500};
const io::LinkState kDown{true, false, 1500};
const io::LinkState kGone{false, false, 1500};
const io::LinkState kAnew{false, false, 1500, "its interface has been deleted", true};

constexpr PortSides kLan{true, false};
constexpr PortSides kWan{false, true};

/// A gateway with two uplinks: of three ports, any one may be lost and two forward.
struct Gateway {
    explicit Gateway(OnLostPort choice = OnLostPort::End,
                     std::vector<PortSides> sides = {kLan, kWan, kWan})
        : lost(choice, std::move(sides)) {
        lost.begin(now);
    }

    /// The port for which the process ends within so many milliseconds in this state, if it does.
    std::optional<size_t> ends_within(int32_t milliseconds,
                                      const std::vector<io::LinkState>& ports) {
        for (int32_t i = 0; i < milliseconds; i += 100) {
            if (const auto port = lost.look(ports, now))
                return port;
            now = now + Duration{100};
        }
        return std::nullopt;
    }

    Tick now{0xfffffc00};  // the clock runs round within the tests
    LostPorts lost;
};

config::Config on_ports(const std::vector<std::string>& lans,
                        const std::vector<std::string>& wans) {
    config::Config config;
    for (const std::string& port : lans)
        config.lans.push_back({.at = {.port = port}, .own = {}});
    for (const std::string& port : wans)
        config.wans.push_back({.at = {.port = port}, .own = {}, .gateway = {}});
    return config;
}

}  // namespace

TEST_CASE("lost ports: a port that is gone is waited for", "[sluice]") {
    Gateway gateway;
    CHECK_FALSE(gateway.ends_within(600'000, {kUp, kUp, kUp}));
    CHECK_FALSE(gateway.ends_within(600'000, {kUp, kGone, kUp}));
    CHECK_FALSE(gateway.ends_within(600'000, {kUp, kDown, kUp}));
}

TEST_CASE("lost ports: the process ends for a port that the next one can have", "[sluice]") {
    Gateway gateway;
    CHECK_FALSE(gateway.ends_within(60'000, {kUp, kUp, kUp}));
    CHECK(gateway.ends_within(1'100, {kUp, kUp, kAnew}) == 2);
}

TEST_CASE("lost ports: where it does not stay there, the process goes on", "[sluice]") {
    Gateway gateway;
    CHECK_FALSE(gateway.ends_within(60'000, {kUp, kUp, kUp}));
    for (int flap = 0; flap < 100; ++flap) {
        CHECK_FALSE(gateway.ends_within(900, {kUp, kAnew, kUp}));
        CHECK_FALSE(gateway.ends_within(200, {kUp, kGone, kUp}));
    }
    CHECK(gateway.ends_within(1'100, {kUp, kAnew, kUp}) == 1);
}

TEST_CASE("lost ports: while others forward, one end in a minute is for all", "[sluice]") {
    Gateway gateway;
    CHECK_FALSE(gateway.ends_within(30'000, {kUp, kAnew, kUp}));
    CHECK_FALSE(gateway.ends_within(29'900, {kUp, kAnew, kUp}));
    CHECK(gateway.ends_within(200, {kUp, kAnew, kUp}) == 1);
}

TEST_CASE("lost ports: where nothing is forwarded without it, the end comes at once", "[sluice]") {
    CHECK(Gateway().ends_within(1'100, {kAnew, kUp, kUp}) == 0);
    CHECK(Gateway().ends_within(1'100, {kUp, kAnew, kDown}) == 1);
    CHECK(Gateway(OnLostPort::End, {kLan, kWan}).ends_within(1'100, {kUp, kAnew}) == 1);
    CHECK(Gateway(OnLostPort::End, {{true, true}}).ends_within(1'100, {kAnew}) == 0);
    // Inside and outside are VLANs of the one that is left.
    CHECK_FALSE(Gateway(OnLostPort::End, {{true, true}, kWan}).ends_within(59'900, {kUp, kAnew}));
}

TEST_CASE("lost ports: where a start would lack another port, the process goes on", "[sluice]") {
    Gateway gateway;
    CHECK_FALSE(gateway.ends_within(600'000, {kUp, kAnew, kGone}));
    CHECK_FALSE(gateway.ends_within(600'000, {kGone, kAnew, kUp}));
    CHECK(gateway.ends_within(1'100, {kUp, kAnew, kAnew}) == 1);
}

TEST_CASE("lost ports: with stay the process goes on without", "[sluice]") {
    Gateway gateway(OnLostPort::Stay);
    CHECK_FALSE(gateway.ends_within(600'000, {kUp, kAnew, kUp}));
    CHECK_FALSE(gateway.ends_within(600'000, {kAnew, kAnew, kAnew}));
}

TEST_CASE("lost ports: one that has run for weeks ends no later", "[sluice]") {
    Gateway gateway;
    for (int day = 0; day < 30; ++day)
        for (int look = 0; look < 96; ++look) {
            gateway.now = gateway.now + Duration::seconds(900);
            CHECK_FALSE(gateway.lost.look(std::vector{kUp, kUp, kUp}, gateway.now));
        }
    CHECK(gateway.ends_within(1'100, {kUp, kAnew, kUp}) == 1);
}

TEST_CASE("lost ports: the configuration says which port has which sides", "[sluice]") {
    const auto apart = sides_of(on_ports({"af_xdp:a", "af_xdp:b"}, {"af_xdp:c"}));
    REQUIRE(apart.size() == 3);
    CHECK((apart[0].inside && apart[1].inside && !apart[2].inside));
    CHECK((!apart[0].outside && !apart[1].outside && apart[2].outside));

    const auto one_armed = sides_of(on_ports({"af_xdp:a"}, {"af_xdp:a"}));
    REQUIRE(one_armed.size() == 1);
    CHECK((one_armed[0].inside && one_armed[0].outside));

    config::Config routed = on_ports({"af_xdp:a"}, {"af_xdp:c"});
    routed.inside_routing = true;
    CHECK(sides_of(routed)[0].outside);
}

}  // namespace lost_ports_test
