// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Fairness against forged addresses: an honest host keeps what it has and opens what it needs,
/// whatever somebody beside it fills, with however many sources.

#include "catch.h"
#include "testbed.h"

#include <algorithm>
#include <functional>

namespace fairness_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kVictim = "203.0.113.99";
constexpr uint32_t kFlows = 1024;

/// 200 sources that nobody answers, inside.
std::string forged(unsigned number) {
    return "10.1.0." + std::to_string(50 + number % 200);
}

Frame question(const std::string& host, uint16_t port, const char* server = kServer) {
    return Frame().ipv4(host, server).udp(port, 53);
}

/// A flood of questions to somebody who does not answer, each from the next source.
class Flood {
public:
    explicit Flood(Testbed& bed) : bed_(bed) {}

    /// 20 of them a millisecond.
    void pour(unsigned count) {
        for (unsigned i = 0; i < count; ++i, ++sent_) {
            const auto port = static_cast<uint16_t>(1024 + sent_ / 200 % 60'000);
            bed_.inject(Side::Inside, question(forged(sent_), port, kVictim)
                                          .ether(mac_of(ip(kHost)), bed_.port(Side::Inside).mac())
                                          .bytes());
            if (i % 20 == 19 || i + 1 == count) {
                bed_.tick(Duration{1});
                bed_.take(Side::Outside);
            }
        }
    }

private:
    Testbed& bed_;
    unsigned sent_ = 0;
};

bool is_answered(Testbed& bed, uint16_t port, const char* server = kServer) {
    return bed.from_outside(Frame().ipv4(server, kPublic).udp(53, port)).size() == 1;
}

/// A whole exchange: nothing of it may be lost.
void ask(Testbed& bed, uint16_t port) {
    REQUIRE(bed.from_inside(question(kHost, port)).size() == 1);
    REQUIRE(is_answered(bed, port));
}

TestbedOptions with(const std::function<void(config::Config&)>& configure,
                    uint32_t flows = kFlows) {
    return {.flows = flows, .configure = configure};
}

void map_endpoints(config::Config& config) {
    config.inside.clear();
    config.pool.clear();
    config.snat = {{.inside = {ip("10.1.0.0"), 24},
                    .addresses = {{ip(kPublic), ip(kPublic)}},
                    .independence = nat::Independence{{{Protocol::Udp}}, {1024, 65535}}}};
}

pool::Forward to_host(uint16_t port, pool::Door door = {}) {
    return {.protocol = Protocol::Udp,
            .external = {ip(kPublic), Be16::from_host(port)},
            .internal = {ip(kHost), Be16::from_host(port)},
            .door = door};
}

/// The next of as many outside sources as are wanted, each of another /24.
Frame knock(unsigned number, uint16_t port = 53) {
    return Frame().ipv4(Be32::from_host(0x64000001 + (number << 8)), ip(kPublic)).udp(5000, port);
}

}  // namespace

TEST_CASE("fairness: forged sources do not push out a host that waits for thirty answers",
          "[packet][fairness]") {
    Testbed bed({.flows = kFlows});
    for (uint16_t port = 1500; port < 1530; ++port)
        REQUIRE(bed.from_inside(question(kHost, port, "203.0.113.53")).size() == 1);
    Flood flood(bed);
    flood.pour(2 * kFlows);
    unsigned answered = 0;
    for (uint16_t port = 2000; port < 2050; ++port) {
        REQUIRE(bed.from_inside(question(kHost, port)).size() == 1);
        flood.pour(kFlows / 2);
        answered += is_answered(bed, port);
    }
    CHECK(answered == 50);
    CHECK(bed.count(Count::EarlyDropped) > 20'000);
    CHECK(bed.dropped(Drop::TableFull) == 0);
}

TEST_CASE("fairness: a host that has been answered waits longer than forged ones are let",
          "[packet][fairness]") {
    Testbed bed({.flows = kFlows});
    ask(bed, 1500);
    Flood flood(bed);
    flood.pour(2 * kFlows);
    for (uint16_t port = 2000; port < 2010; ++port) {
        REQUIRE(bed.from_inside(question(kHost, port)).size() == 1);
        flood.pour(2 * kFlows);  // each of the flood's own is gone after half of that
        CHECK(is_answered(bed, port));
    }
}

TEST_CASE("fairness: a host counts its mappings against its limit, and gets them back",
          "[packet][fairness][mapping]") {
    Testbed bed(with([](config::Config& config) {
        map_endpoints(config);
        config.host_limits.flows = 20;
    }));
    for (uint16_t port = 5000; port < 5100; ++port) {
        bed.from_inside(question(kHost, port));
        bed.advance(Duration::seconds(1));
    }
    CHECK(bed.flows() <= 20);
    CHECK(bed.dropped(Drop::HostFlows) > 0);
    CHECK(bed.from_inside(question("10.1.0.11", 5000)).size() == 1);
    bed.advance(Duration::seconds(310));
    CHECK(bed.flows() == 0);
    for (uint16_t port = 6000; port < 6010; ++port)  // with a mapping each
        CHECK(bed.from_inside(question(kHost, port)).size() == 1);
    CHECK(bed.from_inside(question(kHost, 6010)).empty());
}

TEST_CASE("fairness: mappings of forged sources go before questions that wait",
          "[packet][fairness][mapping]") {
    Testbed bed(with(map_endpoints));
    ask(bed, 1500);
    Flood flood(bed);
    flood.pour(2 * kFlows);
    bed.advance(Duration::seconds(40));  // their flows are over, their mappings are not
    CHECK(bed.flows() > kFlows / 2);
    unsigned answered = 0;
    for (uint16_t port = 2000; port < 2050; ++port) {
        const auto out = bed.from_inside(question(kHost, port));
        REQUIRE(out.size() == 1);
        flood.pour(kFlows / 4);
        answered += is_answered(bed, out[0].source_port);
    }
    CHECK(answered == 50);
    CHECK(bed.count(Count::EarlyDropped) > kFlows);
}

TEST_CASE("fairness: outside hosts have a part of the table, those inside the rest",
          "[packet][fairness]") {
    constexpr uint32_t kInward = 300;
    Testbed bed(with([](config::Config& config) {
        config.forwards = {to_host(53)};
        config.quotas.inward = kInward;
    }));
    // The service answers, and each source asks again: their flows are ASSURED, and stay.
    for (unsigned i = 0; i < kInward; ++i) {
        REQUIRE(bed.from_outside(knock(i)).size() == 1);
        const Be32 source = Be32::from_host(0x64000001 + (i << 8));
        bed.from_inside(Frame().ipv4(ip(kHost), source).udp(53, 5000));
    }
    bed.advance(Duration::seconds(3));
    for (unsigned i = 0; i < 2 * kInward; ++i)
        bed.from_outside(knock(i));
    CHECK(bed.flows() == kInward);
    CHECK(bed.dropped(Drop::OutsideFlows) == kInward);
    for (uint16_t port = 2000; port < 2600; ++port)
        ask(bed, port);
    CHECK(bed.dropped(Drop::TableFull) == 0);
    bed.advance(Duration::seconds(300));
    CHECK(bed.flows() == 0);
    for (unsigned i = 0; i < kInward; ++i)  // all of it has been given back
        REQUIRE(bed.from_outside(knock(i)).size() == 1);
}

TEST_CASE("fairness: knocks that nobody answers make room for the next at a forward",
          "[packet][fairness]") {
    Testbed bed(with([](config::Config& config) {
        config.forwards = {to_host(53, {.max_flows = 200}), to_host(54)};
    }));
    for (unsigned i = 0; i < 4000; ++i) {
        bed.from_outside(knock(i));
        if (i % 20 == 19)
            bed.tick(Duration{1});
    }
    CHECK(bed.flows() <= 200);
    // Most that come find one that may go near their place; who is answered stays.
    CHECK(bed.count(Count::FlowsInward) > 3000);
    CHECK(bed.from_outside(knock(0, 54)).size() == 1);
    CHECK(bed.dropped(Drop::ForwardFlows) + bed.count(Count::FlowsInward) == 4001);
}

TEST_CASE("fairness: a forward is opened by no faster than its rate", "[packet][fairness]") {
    Testbed bed(with([](config::Config& config) {
        config.forwards = {to_host(53, {.rate = 5}), to_host(54)};
        config.one_to_one = {
            {.external = ip("198.51.100.9"), .internal = ip("10.1.0.9"), .door = {.max_flows = 2}}};
    }));
    bed.tick(Duration{1000 - static_cast<int32_t>(bed.now().milliseconds % 1000)});
    for (unsigned i = 0; i < 20; ++i)
        bed.from_outside(knock(i));
    CHECK(bed.count(Count::FlowsInward) == 5);
    CHECK(bed.dropped(Drop::ForwardRate) == 15);
    CHECK(bed.from_outside(knock(30, 54)).size() == 1);
    bed.tick(Duration::seconds(1));
    CHECK(bed.from_outside(knock(31)).size() == 1);
    unsigned through = 0;
    for (uint16_t port = 1; port <= 5; ++port)
        through +=
            bed.from_outside(Frame().ipv4(kServer, "198.51.100.9").tcp(port, 80, kSyn)).size();
    CHECK(through + bed.dropped(Drop::ForwardFlows) == 5);
    CHECK(bed.flows() <= 9);
}

TEST_CASE("fairness: the hosts of a prefix have so many flows together, inside and outside",
          "[packet][fairness]") {
    Testbed bed(with([](config::Config& config) {
        config.forwards = {to_host(53)};
        config.quotas.inside_prefix = {29, 10};
        config.quotas.outside_prefix = {24, 3};
    }));
    // Those that wait may go for others, where they are near their place.
    unsigned left = 0;
    for (unsigned i = 0; i < 30; ++i)
        left += bed.from_inside(question("10.1.0." + std::to_string(64 + i % 8),
                                         static_cast<uint16_t>(5000 + i)))
                    .size();
    CHECK(left >= 10);
    CHECK(left + bed.dropped(Drop::PrefixFlows) == 30);
    CHECK(bed.flows() == 10);
    CHECK(bed.from_inside(question("10.1.0.72", 5000)).size() == 1);
    for (unsigned i = 0; i < 5; ++i)
        bed.from_outside(Frame().ipv4(Be32::from_host(0x64000001 + i), ip(kPublic)).udp(5000, 53));
    CHECK(bed.count(Count::FlowsInward) >= 3);
    CHECK(bed.flows() == 10 + 1 + 3);
    CHECK(bed.from_outside(knock(9)).size() == 1);
    bed.advance(Duration::seconds(35));
    CHECK(bed.from_inside(question("10.1.0.64", 7000)).size() == 1);
    CHECK(bed.from_outside(knock(0)).size() == 1);
}

TEST_CASE("fairness: forged sources of a prefix at its limit keep no host of it out",
          "[packet][fairness]") {
    Testbed bed(with(
        [](config::Config& config) {
            config.quotas.inside_prefix = {24, 200};  // most of what there is room for
        },
        256));
    ask(bed, 1500);
    Flood flood(bed);
    flood.pour(400);
    unsigned lost = 0;
    for (uint16_t port = 2000; port < 2100; ++port) {
        flood.pour(5);
        lost += bed.from_inside(question(kHost, port)).empty() || !is_answered(bed, port);
    }
    CHECK(lost <= 1);
    CHECK(bed.flows() <= 200);
    // Those that nobody answers have gone for them.
    CHECK(bed.count(Count::EarlyDropped) > 0);
}

TEST_CASE("fairness: with --strict-source only who has an address opens flows from it",
          "[packet][fairness]") {
    Testbed bed(with([](config::Config& config) {
        config.strict.source = true;
        config.inside.push_back({ip("10.3.0.0"), 16});
        config.routes = {{{ip("10.3.0.0"), 16}, ip("10.1.0.2")}};
    }));
    const auto send = [&](const std::string& source, const char* sender) {
        bed.inject(
            Side::Inside,
            question(source, 5000).ether(mac_of(ip(sender)), bed.port(Side::Inside).mac()).bytes());
        bed.run();
        return bed.take(Side::Outside).size() == 1;
    };
    const auto is_said_to_leave = [&](const std::string& source) {
        const auto policy = bed.gateway().policies().current();
        const why::Answer answer = bed.gateway().ask(
            {.frame = question(source, 5001).bytes(), .from = 0}, *policy, bed.now());
        CHECK((answer.fate != why::Fate::Dropped || answer.reason == Drop::StrictSource));
        return answer.fate != why::Fate::Dropped;
    };
    // He is asked for, and is there.
    CHECK_FALSE(is_said_to_leave(kHost));
    CHECK_FALSE(send(kHost, kHost));
    CHECK(bed.dropped(Drop::StrictSource) == 1);
    CHECK(is_said_to_leave(kHost));
    CHECK(send(kHost, kHost));
    // Another machine cannot send as he does, nor as somebody who is not there.
    CHECK_FALSE(send("10.1.0.11", "10.1.0.66"));
    CHECK_FALSE(send("10.1.0.11", "10.1.0.66"));
    bed.silent = {"10.1.0.77"};
    for (unsigned i = 0; i < 5; ++i) {
        CHECK_FALSE(send("10.1.0.77", "10.1.0.66"));
        bed.advance(Duration::seconds(1));
    }
    CHECK_FALSE(is_said_to_leave("10.1.0.77"));
    // Behind a router, by the interface of its route.
    CHECK(is_said_to_leave("10.3.0.5"));
    CHECK(send("10.3.0.5", "10.1.0.2"));
    CHECK(bed.dropped(Drop::StrictSource) == 8);
}

TEST_CASE("fairness: with --strict-source who forges sources takes no ICMP error from others",
          "[packet][fairness][icmp]") {
    constexpr unsigned kForged = 400;
    Testbed bed(with([](config::Config& config) {
        config.strict.source = true;
        config.icmp_rate = 400;  // all would go to forged hosts, that could have four each
    }));
    const auto told = [&](const std::string& source, const char* sender) {
        bed.inject(Side::Inside, question(source, 5000)
                                     .ttl(1)
                                     .ether(mac_of(ip(sender)), bed.port(Side::Inside).mac())
                                     .bytes());
        bed.run();
        return bed.take(Side::Inside).size();
    };
    CHECK(told(kHost, kHost) == 0);  // he is asked for
    for (unsigned i = 0; i < kForged; ++i)
        CHECK(told(forged(i), "10.1.0.11") == 0);
    CHECK(bed.dropped(Drop::StrictSource) == 1 + kForged);
    size_t errors = 0;
    for (unsigned i = 0; i < 10; ++i)
        errors += told(kHost, kHost);
    CHECK(errors == 4);
}

}  // namespace fairness_test
