// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --cluster listen=: flows go with the public address that they go by, from a gateway that has
/// stopped to use it to the one that is to have it. The test plays etcd; the two speak by TCP.

#include "catch.h"
#include "cluster/giving.h"
#include "cluster/inbox.h"
#include "cluster/taking.h"
#include "free_port.h"
#include "member_of_two.h"
#include "testbed.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <netinet/in.h>
#include <string>
#include <thread>
#include <vector>

namespace moving_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kMoved = kFirstOfTwo;
constexpr auto kOther = kSecondOfTwo;
constexpr std::chrono::seconds kPatience{20};

struct Two {
    explicit Two(const std::function<void(config::Config&)>& change = {})
        : before(0, change), after(1, change) {
        sync::Key key{};
        key.fill(7);
        auto created = sync::Tls::create(key);
        REQUIRE(created.ok());
        tls = std::move(*created);
    }

    /// The first stops to use the address, and tells what goes by it.
    Status tell() {
        before.holdings.hold(0, false);
        const net::Endpoint place{Be32::from_host(INADDR_LOOPBACK), free_port(INADDR_LOOPBACK)};
        auto taking = cluster::Taking::start({place, *tls, hello, after.inbox,
                                              [this](const std::vector<Be32>& addresses) {
                                                  for (const Be32 address : addresses)
                                                      if (address == ip(kMoved))
                                                          after.holdings.leave_to_other(0, false);
                                              },
                                              [](const std::string&) {}});
        REQUIRE(taking.ok());
        cluster::Giving giving({before.bed.gateway().table(), [this] { return before.bed.now(); },
                                *tls, hello, place.address, [](Be32) { return false; }});
        Status status = Error{"it has not begun"};
        std::atomic<bool> is_over = false;
        std::thread thread([&] {
            status = giving.give({ip(kMoved)}, place, hello.instance,
                                 std::chrono::steady_clock::now() + kPatience);
            is_over = true;
        });
        while (!is_over)
            after.bed.run();
        thread.join();
        return status;
    }
    void require_told() {
        const Status told = tell();
        INFO((told.ok() ? "" : told.error().message));
        REQUIRE(told.ok());
    }
    /// And then the other has it.
    void move() {
        require_told();
        before.holdings.leave_to_other(0, true);
        after.holdings.leave_to_other(0, false);
        after.holdings.hold(0, true);
        before.bed.advance(Duration{300});
        after.bed.advance(Duration{300});
    }

    sync::Hello hello;
    std::unique_ptr<sync::Tls> tls;
    MemberOfTwo before;
    MemberOfTwo after;
};

/// The endpoint that a packet left by; none where it did not leave.
net::Endpoint sent(Testbed& bed, uint16_t port, const char* host = kHost) {
    const auto out = bed.from_inside(Frame().ipv4(host, kServer).udp(port, 53));
    return out.size() == 1
               ? net::Endpoint{ip(out[0].source.c_str()), Be16::from_host(out[0].source_port)}
               : net::Endpoint{};
}

bool is_answered(Testbed& bed, uint16_t external, const char* host, uint16_t port) {
    const auto in = bed.from_outside(Frame().ipv4(kServer, kMoved).udp(53, external));
    return in.size() == 1 && in[0].destination == host && in[0].destination_port == port;
}

}  // namespace

TEST_CASE("moving: flows go on by the same port where their address has gone", "[moving]") {
    Two two;
    const net::Endpoint first = sent(two.before.bed, 5000);
    const net::Endpoint second = sent(two.before.bed, 5000, "10.1.0.11");
    REQUIRE(first.address == ip(kMoved));
    REQUIRE(second.address == ip(kMoved));
    REQUIRE(first.port != second.port);
    REQUIRE(is_answered(two.before.bed, first.port.host(), kHost, 5000));
    two.move();
    CHECK(two.before.bed.flows() == 0);
    CHECK(two.after.bed.flows() == 2);
    CHECK(two.after.bed.count(Count::FlowsTakenOver) == 2);
    CHECK(two.after.bed.count(Count::SyncRefused) == 0);
    CHECK(is_answered(two.after.bed, first.port.host(), kHost, 5000));
    CHECK(is_answered(two.after.bed, second.port.host(), "10.1.0.11", 5000));
    CHECK(sent(two.after.bed, 5000) == first);
    CHECK(two.after.bed.count(Count::FlowsOpened) == 0);
    CHECK(two.before.bed.dropped(Drop::NotHeld) == 0);
}

TEST_CASE("moving: a connection goes on", "[moving]") {
    Two two([](config::Config& config) { config.tuning.tcp_loose = false; });
    Testbed& bed = two.before.bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(5000, 80, kSyn).seq(99)).size() == 1);
    REQUIRE(
        bed.from_outside(Frame().ipv4(kServer, kMoved).tcp(80, 5000, kSyn | kAck).seq(499).ack(100))
            .size() == 1);
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(5000, 80, kAck).seq(100).ack(500))
                .size() == 1);
    two.move();
    CHECK(two.after.bed
              .from_inside(Frame().ipv4(kHost, kServer).tcp(5000, 80, kAck).seq(900).ack(900))
              .size() == 1);
    CHECK(two.after.bed.count(Count::FlowsOpened) == 0);
}

TEST_CASE("moving: flows of addresses that stay are not told", "[moving]") {
    Two two;
    two.before.holdings.leave_to_other(1, false);
    two.before.holdings.hold(1, true);
    two.before.bed.advance(Duration{300});
    uint32_t by_moved = 0;
    for (int i = 0; i < 30; ++i)
        by_moved +=
            sent(two.before.bed, 5000, ("10.1.0." + std::to_string(20 + i)).c_str()).address ==
            ip(kMoved);
    REQUIRE(by_moved > 0);
    REQUIRE(by_moved < 30);
    two.move();
    CHECK(two.before.bed.flows() == 30 - by_moved);
    CHECK(two.after.bed.flows() == by_moved);
}

TEST_CASE("moving: who tells again is believed, and what has ended meanwhile is gone", "[moving]") {
    Two two;
    const net::Endpoint first = sent(two.before.bed, 5000);
    sent(two.before.bed, 6000);
    two.require_told();
    REQUIRE(two.after.bed.flows() == 2);
    two.before.holdings.hold(0, true);  // it could not be written
    REQUIRE(sent(two.before.bed, 5000) == first);
    two.move();
    CHECK(two.after.bed.count(Count::SyncRefused) == 0);
    CHECK(two.after.bed.flows() == 2);
    CHECK(is_answered(two.after.bed, first.port.host(), kHost, 5000));
}

TEST_CASE("moving: what went by the address here before ends when it comes", "[moving]") {
    Two two;
    two.after.holdings.hold(0, true);
    two.after.bed.advance(Duration{300});
    const net::Endpoint old = sent(two.after.bed, 7000);
    REQUIRE(old.address == ip(kMoved));
    two.after.holdings.hold(0, false);
    two.after.holdings.leave_to_other(0, false);  // so that it is kept meanwhile
    two.after.bed.advance(Duration{300});
    REQUIRE(two.after.bed.flows() == 1);
    const net::Endpoint first = sent(two.before.bed, 5000);
    two.move();
    CHECK(two.after.bed.flows() == 1);
    CHECK(is_answered(two.after.bed, first.port.host(), kHost, 5000));
    CHECK_FALSE(is_answered(two.after.bed, old.port.host(), kHost, 7000));
}

TEST_CASE("moving: what has come ends where the address does not come", "[moving]") {
    Two two;
    sent(two.before.bed, 5000);
    two.require_told();
    two.after.bed.advance(Duration{300});
    REQUIRE(two.after.bed.flows() == 1);
    two.after.holdings.leave_to_other(0, true);
    two.after.bed.advance(Duration{300});
    CHECK(two.after.bed.flows() == 0);
}

TEST_CASE("moving: a mapping goes with its flows", "[moving]") {
    Two two([](config::Config& config) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {
            {.inside = {ip("10.1.0.0"), 24},
             .addresses = {{ip(kMoved), ip(kOther)}},
             .independence = nat::Independence{
                 {{net::Protocol::Udp}}, pool::kAllPorts, nat::Filtering::EndpointIndependent}}};
    });
    const net::Endpoint first = sent(two.before.bed, 5000);
    two.move();
    CHECK(two.after.bed.count(Count::SyncRefused) == 0);
    const auto in =
        two.after.bed.from_outside(Frame().ipv4("192.0.2.77", kMoved).udp(4000, first.port.host()));
    CHECK(in.size() == 1);
}

TEST_CASE("moving: a flow with a host of the gateway that takes its address ends", "[moving]") {
    Two two;
    REQUIRE(two.before.bed.from_inside(Frame().ipv4(kHost, kOther).udp(5000, 53)).size() == 1);
    REQUIRE(sent(two.before.bed, 5001).address == ip(kMoved));
    two.move();
    CHECK(two.before.bed.flows() == 0);
    CHECK(two.after.bed.flows() == 1);
    CHECK(two.after.bed.count(Count::FlowsTakenOver) == 1);
    CHECK(two.after.bed.count(Count::SyncRefused) == 1);
}

TEST_CASE("moving: nobody takes flows of an address that it uses", "[moving]") {
    Two two;
    sent(two.before.bed, 5000);
    two.after.holdings.hold(0, true);
    two.before.holdings.hold(0, true);
    two.require_told();
    CHECK(two.after.bed.flows() == 0);
    CHECK(two.after.bed.count(Count::SyncRefused) == 1);
}

}  // namespace moving_test
