// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Which ports the kernel has of an address that flows are given too, where --twin-ports does not
/// say: those on which it listens.

#include "catch.h"
#include "testbed.h"

namespace twin_ports_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using net::Side;
using stats::Drop;

namespace {

/// Longer than it takes to look again.
constexpr Duration kLooked{control::kBetweenLooks.milliseconds + 1000};

struct Listening {
    explicit Listening(const std::function<void(config::Config&)>& more = [](config::Config&) {})
        : bed({.workers = 2, .configure = [more](config::Config& config) {
                   config.wan_twin = "sl0";
                   more(config);
               }}) {}

    void listen(Protocol protocol, const char* address, uint16_t port) {
        bed.listeners.push_back({protocol, {ip(address), Be16::from_host(port)}});
        bed.tick(kLooked);
    }
    /// A SYN from outside to that port reaches the kernel.
    bool reaches(uint16_t port) {
        bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(40000, port, kSyn));
        return saw();
    }
    bool saw() {
        bool has_seen = false;
        for (const Bytes& frame : bed.twin(Side::Outside).take_received())
            has_seen |= read(frame).ether_type == 0x0800;
        return has_seen;
    }
    uint16_t port_of(Frame frame) {
        const auto out = bed.from_inside(frame);
        REQUIRE(out.size() == 1);
        return out[0].source_port;
    }

    Testbed bed;
};

}  // namespace

TEST_CASE("twin ports: what the kernel listens on is its own, and no flow's", "[packet]") {
    Listening gateway;
    CHECK(gateway.reaches(22));
    CHECK_FALSE(gateway.reaches(8080));
    gateway.listen(Protocol::Tcp, "0.0.0.0", 8080);
    CHECK(gateway.reaches(8080));
    CHECK_FALSE(gateway.reaches(8081));
    CHECK(gateway.port_of(Frame().ipv4(kHost, kServer).tcp(8080, 80, kSyn)) != 8080);
    CHECK(gateway.port_of(Frame().ipv4(kHost, kServer).udp(8080, 53)) == 8080);
}

TEST_CASE("twin ports: a port is the kernel's no more a while after it has listened there",
          "[packet]") {
    Listening gateway;
    gateway.listen(Protocol::Tcp, kPublic, 8080);
    for (int i = 0; i < 4; ++i)
        gateway.bed.tick(Duration::seconds(100));
    CHECK(gateway.reaches(8080));
    gateway.bed.listeners.clear();
    gateway.bed.tick(Duration::seconds(200));
    CHECK(gateway.reaches(8080));
    gateway.bed.tick(Duration::seconds(7500));  // the last packet counts as well
    CHECK_FALSE(gateway.reaches(8080));
    CHECK(gateway.port_of(Frame().ipv4(kHost, kServer).tcp(8080, 80, kSyn)) == 8080);
}

TEST_CASE("twin ports: who listens on every port takes few of them", "[packet]") {
    Listening gateway;
    constexpr uint16_t kFirst = 2000;
    constexpr auto kLast = static_cast<uint16_t>(kFirst + control::kMostListeners);
    for (uint16_t port = kFirst; port <= kLast; ++port)
        gateway.bed.listeners.push_back({Protocol::Tcp, {ip("0.0.0.0"), Be16::from_host(port)}});
    gateway.bed.tick(kLooked);
    CHECK(gateway.reaches(kFirst));
    CHECK(gateway.reaches(kLast - 1));
    CHECK_FALSE(gateway.reaches(kLast));
}

TEST_CASE("twin ports: what listens on another address is not reached by this one", "[packet]") {
    Listening gateway;
    gateway.listen(Protocol::Tcp, "127.0.0.1", 8080);
    gateway.listen(Protocol::Tcp, "10.1.0.1", 8081);
    CHECK_FALSE(gateway.reaches(8080));
    CHECK_FALSE(gateway.reaches(8081));
}

TEST_CASE("twin ports: the kernel is not asked where the operator has said them", "[packet]") {
    Listening gateway([](config::Config& config) { config.twin_ports = {{22, 22}}; });
    gateway.listen(Protocol::Tcp, "0.0.0.0", 8080);
    CHECK(gateway.reaches(22));
    CHECK_FALSE(gateway.reaches(8080));
}

TEST_CASE("twin ports: a port that a mapping or the operator has given away stays so", "[packet]") {
    Listening gateway([](config::Config& config) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {
            {.inside = {ip("10.1.0.0"), 24},
             .addresses = {{ip(kPublic), ip(kPublic)}},
             .independence = policy::Independence{
                 {{Protocol::Udp}}, {1024, 65535}, policy::Filtering::EndpointIndependent}}};
        config.forwards = {{Protocol::Tcp,
                            {ip(kPublic), Be16::from_host(8080)},
                            {ip(kHost), Be16::from_host(80)}}};
    });
    const uint16_t mapped = gateway.port_of(Frame().ipv4(kHost, kServer).udp(5000, 53));
    gateway.listen(Protocol::Udp, "0.0.0.0", mapped);
    gateway.listen(Protocol::Tcp, "0.0.0.0", 8080);
    CHECK(gateway.bed.from_outside(Frame().ipv4("203.0.113.77", kPublic).udp(9, mapped)).size() ==
          1);
    CHECK_FALSE(gateway.saw());
    CHECK_FALSE(gateway.reaches(8080));
}

}  // namespace twin_ports_test
