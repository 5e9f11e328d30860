// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Flows that another flow has foretold: whose they are, and for how long.

#include "catch.h"
#include "ftp_control.h"
#include "gateway/touched.h"
#include "testbed.h"

#include <atomic>
#include <string>
#include <thread>

namespace helper_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

/// TCP endpoints keep their public ones, whomever they talk to.
void map_tcp(config::Config& config) {
    config.pool.clear();
    config.inside.clear();
    policy::Independence all;
    all.inside = {{net::Protocol::Tcp}};
    all.external = {1024, 65535};
    all.filtering = policy::Filtering::AddressDependent;
    config.snat = {{{ip("10.1.0.0"), 24}, {{ip(kPublic), ip(kPublic)}}, pool::kAllPorts, all}};
}

}  // namespace

TEST_CASE("helper: nobody but the peer comes by an expectation", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const uint16_t port = control.says_port(40'001);
    CHECK_FALSE(data_reaches(bed, kOther, 20, port, kHost, 40'001));
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(20, port)).empty());
    CHECK(data_reaches(bed, kServer, 20, port, kHost, 40'001));
}

TEST_CASE("helper: a flow has one expectation, and its next takes the place of it",
          "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const uint16_t first = control.says_port(40'001);
    const uint16_t second = control.says_port(40'002);
    CHECK_FALSE(data_reaches(bed, kServer, 20, first, kHost, 40'001));
    CHECK(data_reaches(bed, kServer, 20, second, kHost, 40'002));
    CHECK(bed.count(Count::ExpectationsExpired) == 1);
}

TEST_CASE("helper: an endpoint that is mapped may be told again", "[packet][helper]") {
    Testbed bed(with(helped(), map_tcp));
    Control control(bed);
    const uint16_t first = control.says_port(40'001);
    CHECK(control.says_port(40'001) == first);
    CHECK(data_reaches(bed, kServer, 20, first, kHost, 40'001));
}

TEST_CASE("helper: two hosts with the same port are given two", "[packet][helper]") {
    Testbed bed(helped());
    Control one(bed);
    Control other(bed, kPeer);
    const uint16_t first = one.says_port(40'001);
    const uint16_t second = other.says_port(40'001);
    CHECK(first != second);
    CHECK(data_reaches(bed, kServer, 20, first, kHost, 40'001));
    CHECK(data_reaches(bed, kServer, 20, second, kPeer, 40'001));
}

TEST_CASE("helper: an expectation ends with its time and with its master", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const uint16_t port = control.says_port(40'001);
    SECTION("its time") {
        bed.advance(Duration::seconds(305));
        CHECK(bed.count(Count::ExpectationsExpired) == 1);
    }
    SECTION("its master") {
        REQUIRE(bed.from_outside(control.server_frame(kRst | kAck, control.server_next(),
                                                      control.server_heard()))
                    .size() == 1);
        bed.advance(Duration::seconds(30));
        CHECK(bed.count(Count::ExpectationsExpired) == 1);
    }
    CHECK_FALSE(data_reaches(bed, kServer, 20, port, kHost, 40'001));
}

TEST_CASE("helper: expectations count for the limit of their host", "[packet][helper]") {
    Testbed bed(with(helped(), [](config::Config& config) { config.host_limits.flows = 2; }));
    Control one(bed);
    Control other(bed, kHost, kControl + 1);
    const std::string line = "PORT " + numbers(kHost, 40'001) + "\r\n";
    CHECK(other.client_says(line) == line);
    CHECK(bed.count(Count::HelperPassed) == 1);
    CHECK(bed.count(Count::ExpectationsMade) == 0);
}

TEST_CASE("helper: the port is one of the host's block, and holds it", "[packet][helper]") {
    Testbed bed(with(helped(), [](config::Config& config) { config.holders.blocks = {64, 1}; }));
    Control control(bed);
    const uint16_t port = control.says_port(40'001);
    CHECK(port / 64 == control.public_port / 64);
    CHECK(data_reaches(bed, kServer, 20, port, kHost, 40'001));
    CHECK(related_flow(bed)->holder.see().index().has_value());
}

TEST_CASE("helper: of several addresses the foretold flow has its master's", "[packet][helper]") {
    Testbed bed(with(helped(), [](config::Config& config) {
        config.pool = {{ip("198.51.100.10"), ip("198.51.100.17")}};
    }));
    for (uint16_t host = 20; host < 28; ++host) {
        const std::string address = "10.1.0." + std::to_string(host);
        Control control(bed, address.c_str());
        const std::string heard = control.client_says("EPRT |1|" + address + "|40001|\r\n");
        CHECK(heard.find("|1|" + control.public_address + "|") == 5);
        const std::string said = "229 Extended (|||" + std::to_string(50'000 + host) + "|)\r\n";
        CHECK(control.server_says(said) == said);
        const auto out = bed.from_inside(
            Frame().ipv4(address, kServer).tcp(45'000, static_cast<uint16_t>(50'000 + host), kSyn));
        REQUIRE(out.size() == 1);
        CHECK(out[0].source == control.public_address);
    }
    CHECK(bed.count(Count::FlowsRelated) == 8);
}

TEST_CASE("helper: a server inside, behind a forward", "[packet][helper]") {
    ServedInside served(helped(), 21);
    const auto out = served.server_sends(
        901, 101, bytes_of("227 Entering Passive Mode (" + numbers(kHost, 50'000) + ").\r\n"));
    REQUIRE(out.size() == 1);
    CHECK(out[0].checksums_ok());
    CHECK(text_of(out[0]) == "227 Entering Passive Mode (" + numbers(kPublic, 50'000) + ").\r\n");
    CHECK(data_reaches(served.bed, kOther, 33'001, 50'000, kHost, 50'000));
    CHECK(served.bed.count(Count::FlowsRelated) == 1);
}

TEST_CASE("helper: TFTP answers from another port", "[packet][helper][udp]") {
    Testbed bed(helped(GENERATE(1, 3)));
    const Bytes request{0, 1, 'f', 0, 'o', 'c', 't', 'e', 't', 0};
    // Another host has the port already.
    REQUIRE(bed.from_inside(Frame().ipv4(kPeer, kServer).udp(40'001, 69)).size() == 1);
    const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).udp(40'001, 69).payload(request));
    REQUIRE(out.size() == 1);
    const uint16_t port = out[0].source_port;
    CHECK(port != 40'001);
    const auto answer = [&](const char* from) {
        return bed.from_outside(Frame().ipv4(from, kPublic).udp(51'000, port).payload(20));
    };
    CHECK(answer(kOther).empty());
    const auto in = answer(kServer);
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].destination_port == 40'001);
    CHECK(in[0].source_port == 51'000);
    const auto ack = bed.from_inside(Frame().ipv4(kHost, kServer).udp(40'001, 51'000));
    REQUIRE(ack.size() == 1);
    CHECK(ack[0].source_port == port);
    CHECK(bed.count(Count::FlowsRelated) == 1);
}

TEST_CASE("helper: requests of one TFTP flow wait for one answer", "[packet][helper][udp]") {
    Testbed bed(helped());
    const std::string read("\0\1file\0octet\0", 13);
    uint16_t port = 0;
    for (int i = 0; i < 5; ++i) {
        const auto out =
            bed.from_inside(Frame().ipv4(kHost, kServer).udp(kControl, 69).payload(bytes_of(read)));
        REQUIRE(out.size() == 1);
        port = out[0].source_port;
        bed.advance(Duration::seconds(20));
    }
    CHECK(bed.count(Count::ExpectationsMade) == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(3000, port)).size() == 1);
}

TEST_CASE("helper: a helped flow stays off the fast path, a foretold one takes it",
          "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    (void)control.client_says("NOOP\r\n");
    (void)control.server_says("200 OK\r\n");
    (void)control.client_says("NOOP\r\n");
    CHECK(bed.count(Count::FastPath) == 0);
    const uint16_t port = control.says_port(40'001);
    REQUIRE(data_reaches(bed, kServer, 20, port, kHost, 40'001));
    const auto host = [](uint8_t flags, uint32_t seq, uint32_t ack) {
        return Frame().ipv4(kHost, kServer).tcp(40'001, 20, flags).seq(seq).ack(ack);
    };
    const auto server = [&](uint8_t flags, uint32_t seq, uint32_t ack) {
        return Frame().ipv4(kServer, kPublic).tcp(20, port, flags).seq(seq).ack(ack);
    };
    REQUIRE(bed.from_inside(host(kSyn | kAck, 9, 78)).size() == 1);
    REQUIRE(bed.from_outside(server(kAck, 78, 10)).size() == 1);
    REQUIRE(bed.from_outside(server(kAck, 78, 10).payload(100)).size() == 1);
    REQUIRE(bed.from_inside(host(kAck, 10, 178)).size() == 1);
    REQUIRE(bed.from_outside(server(kAck, 178, 10).payload(100)).size() == 1);
    CHECK(bed.count(Count::FastPath) > 0);
}

TEST_CASE("helper: after a restart flows go on without, but not with other numbers",
          "[packet][helper]") {
    Estate estate;
    TestbedOptions options = helped();
    options.estate = &estate;
    {
        Testbed bed(options);
        Control plain(bed);
        Control corrected(bed, kPeer);
        (void)corrected.says_port(40'001);
    }
    options.start = Tick{5000};
    Testbed bed(options);
    CHECK(bed.count(Count::FlowsAdopted) == 1);
    CHECK(bed.count(Count::StateHelped) == 2);  // the other, and its expectation
    CHECK(bed.flows() == 1);
    const auto out =
        bed.from_inside(Frame()
                            .ipv4(kHost, kServer)
                            .tcp(kControl, 21)
                            .seq(1001)
                            .ack(5001)
                            .payload(bytes_of("PORT " + numbers(kHost, 40'001) + "\r\n")));
    REQUIRE(out.size() == 1);
    CHECK(text_of(out[0]) == "PORT " + numbers(kHost, 40'001) + "\r\n");
}

TEST_CASE("helper: after a restart a flow goes on under its mapping", "[packet][helper]") {
    Estate estate;
    TestbedOptions options = with(helped(), map_tcp);
    options.estate = &estate;
    {
        Testbed bed(options);
        Control control(bed);
    }
    options.start = Tick{5000};
    Testbed bed(options);
    CHECK(bed.count(Count::StateUnheld) == 0);
    CHECK(bed.count(Count::FlowsAdopted) > 0);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(kControl, 21).seq(1001).ack(5001))
              .size() == 1);
}

TEST_CASE("helper: who is foretold keeps its flow when rules are read again", "[packet][helper]") {
    Testbed bed(helped());
    Control control(bed);
    const uint16_t port = control.says_port(40'001);
    REQUIRE(data_reaches(bed, kServer, 20, port, kHost, 40'001));
    CHECK(gateway::has_ground(*bed.gateway().policies().current(), *related_flow(bed)));
}

TEST_CASE(
    "helper: after a restart who is foretold keeps its flow, with rules that open no such flow",
    "[packet][helper]") {
    Estate estate;
    TestbedOptions options =
        with(helped(), [](config::Config& config) { config.on_reload = config::OnReload::End; });
    options.estate = &estate;
    uint16_t port = 0;
    {
        Testbed bed(options);
        Control control(bed);
        port = control.says_port(40'001);
        REQUIRE(data_reaches(bed, kServer, 20, port, kHost, 40'001));
    }
    options.start = Tick{5000};
    Testbed bed(options);
    CHECK(bed.count(Count::StateWithoutRule) == 0);
    REQUIRE(related_flow(bed) != nullptr);
    const auto out =
        bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40'001, 20, kSyn | kAck).seq(9).ack(78));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port == port);
}

TEST_CASE(
    "helper: in a full table what has been foretold gives way, and its host has its place back",
    "[packet][helper]") {
    TestbedOptions options =
        with(helped(), [](config::Config& config) { config.host_limits.flows = 0; });
    options.flows = 64;
    Testbed bed(options);
    Control control(bed);
    const uint16_t port = control.says_port(40'001);
    REQUIRE(bed.count(Count::ExpectationsMade) == 1);
    const auto is_waited_for = [&] {
        bool found = false;
        flow::FlowTable& table = bed.gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, const flow::FlowRecord& record) {
            found |= record.kind() == flow::Kind::Expectation;
        });
        return found;
    };
    // Questions of many, none of them answered: what is older goes before them.
    for (uint16_t i = 0; i < 4000 && is_waited_for(); ++i) {
        const std::string host = "10.1.0." + std::to_string(50 + i % 200);
        bed.from_inside(Frame().ipv4(host, kServer).udp(static_cast<uint16_t>(1024 + i), 53));
        bed.tick(Duration{5});
    }
    CHECK_FALSE(is_waited_for());
    CHECK(bed.count(Count::EarlyDropped) > 0);
    CHECK_FALSE(data_reaches(bed, kServer, 20, port, kHost, 40'001));
    const hosts::HostTable& hosts = bed.gateway().hosts();
    uint32_t flows = 0;
    hosts.for_each(0, hosts.capacity(), bed.now(), [&](const auto& host) {
        if (host.address == ip(kHost))
            flows = host.flows;
    });
    CHECK(flows == 1);  // the control connection
}

TEST_CASE("helper: the host that has gone leaves its endpoint to its next connection",
          "[packet][helper]") {
    Testbed bed(helped());
    Control first(bed);
    (void)first.says_port(40'001);
    REQUIRE(
        bed.from_outside(first.server_frame(kRst | kAck, first.server_next(), first.server_heard()))
            .size() == 1);
    bed.advance(Duration::seconds(11));
    Control second(bed, kHost, kControl + 1);
    const uint16_t port = second.says_port(40'001);
    CHECK(data_reaches(bed, kServer, 20, port, kHost, 40'001));
}

TEST_CASE("helper: a rule says for itself which of its flows are helped", "[packet][helper]") {
    Testbed bed(with(helped(), [](config::Config& config) {
        config.pool.clear();
        config.inside.clear();
        config::SnatRule rule;
        rule.inside = {ip("10.1.0.0"), 24};
        rule.addresses = {{ip(kPublic), ip(kPublic)}};
        config.snat = {rule, rule};
        config.snat[1].inside = {ip(kPeer), 32};
        config.snat[1].helpers.emplace();
    }));
    Control helped(bed);
    CHECK(helped.says_port(40'001) != 0);
    Control left_alone(bed, kPeer);
    const std::string line = "PORT " + numbers(kPeer, 40'001) + "\r\n";
    CHECK(left_alone.client_says(line) == line);
    CHECK(bed.count(Count::ExpectationsMade) == 1);
    CHECK(bed.count(Count::HelperPassed) == 0);
}

TEST_CASE("helper: with no helper for all, one rule has one", "[packet][helper]") {
    Testbed bed({.configure = [](config::Config& config) {
        config::SnatRule rule;
        rule.inside = {ip(kPeer), 32};
        rule.addresses = {{ip(kPublic), ip(kPublic)}};
        rule.helpers.emplace().ftp = {21};
        config.snat = {rule};
    }});
    Control helped(bed, kPeer);
    const uint16_t port = helped.says_port(40'001);
    CHECK(data_reaches(bed, kServer, 20, port, kPeer, 40'001));
    Control left_alone(bed);
    const std::string line = "PORT " + numbers(kHost, 40'001) + "\r\n";
    CHECK(left_alone.client_says(line) == line);
}

TEST_CASE("helper: helpers come and go by a reload where there is memory for them",
          "[packet][helper][reload]") {
    config::Config config;
    const auto keep = [&](config::Config& all) { config = all; };
    Testbed without({.configure = keep});
    config.helpers.ftp = {21};
    const auto refused = without.gateway().policies().compile(config);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("--helper") != std::string::npos);
    config.helpers = {};
    CHECK(without.gateway().policies().compile(config));

    Testbed bed(with(helped(), keep));
    config.helpers = {};
    const auto none = bed.gateway().policies().compile(config);
    REQUIRE(none);
    Control before(bed);
    std::atomic<bool> has_ended{false};
    std::thread reload([&] {  // which waits for the workers
        bed.gateway().use(none.value());
        has_ended = true;
    });
    while (!has_ended)
        bed.run();
    reload.join();
    CHECK(before.says_port(40'001) != 0);  // it has its helper for good
    Control after(bed, kPeer);
    const std::string line = "PORT " + numbers(kPeer, 40'001) + "\r\n";
    CHECK(after.client_says(line) == line);
}

}  // namespace helper_test
