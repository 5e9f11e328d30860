// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Another policy takes the place of the one that holds, while the gateway turns.

#include "any_workers.h"
#include "catch.h"
#include "gateway/touched.h"
#include "testbed.h"

#include <atomic>
#include <thread>

namespace reload_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Drop;

namespace {

constexpr const char* kOtherPublic = "198.51.100.20";

/// A gateway whose configuration can be changed and used again.
struct Reloaded {
    config::Config config;
    Testbed bed;

    explicit Reloaded(unsigned workers = 1) : Reloaded(TestbedOptions{.workers = workers}) {}
    explicit Reloaded(TestbedOptions options) : bed(kept(std::move(options))) {}

    /// Lets `config` hold. Who replaces the policy waits for the workers, so it is another thread.
    void reload() {
        const auto policy = bed.gateway().policies().compile(config);
        REQUIRE(policy.ok());
        std::atomic<bool> has_ended{false};
        bool is_over = false;
        std::thread other([&] {
            is_over = bed.gateway().use(policy.value());
            has_ended = true;
        });
        while (!has_ended)
            bed.run();
        other.join();
        REQUIRE(is_over);
    }

    TestbedOptions kept(TestbedOptions options) {
        options.configure = [this](config::Config& all) {
            if (config::is_one_armed(all))
                all.lans[0].own = all.wans[0].own;
            config = all;
        };
        return options;
    }

    void give_pool(const char* address) { config.pool = {{ip(address), ip(address)}}; }

    bool answers(const Seen& out, uint16_t port) {
        const auto in =
            bed.from_outside(Frame().ipv4(kServer, out.source.c_str()).udp(53, out.source_port));
        return in.size() == 1 && in[0].destination == kHost && in[0].destination_port == port;
    }

    Seen send(uint16_t port, const char* server = kServer) {
        const auto out = bed.from_inside(Frame().ipv4(kHost, server).udp(port, 53));
        REQUIRE(out.size() == 1);
        return out[0];
    }
};

}  // namespace

TEST_CASE("reload: flows go on as they are, new ones go by the new rules", "[packet]") {
    Reloaded gateway(GENERATE(1u, 2u));
    const Seen before = gateway.send(5000);
    CHECK(before.source == kPublic);
    gateway.give_pool(kOtherPublic);
    gateway.reload();

    CHECK(gateway.send(5000).source == kPublic);
    CHECK(gateway.answers(before, 5000));
    const Seen after = gateway.send(5001);
    CHECK(after.source == kOtherPublic);
    CHECK(gateway.answers(after, 5001));
}

TEST_CASE("reload: fragments of flows that are kept pass, in whatever order, and no others",
          "[packet][fragment]") {
    Reloaded gateway(any_workers());
    const bool reversed = GENERATE(false, true);
    Testbed& bed = gateway.bed;
    const auto passed = [&](Side from, uint16_t port) {
        Frame whole = from == Side::Inside ? Frame().ipv4(kHost, kServer).udp(port, 53)
                                           : Frame().ipv4(kServer, kPublic).udp(53, port);
        whole.id(7).payload(3000).ether(mac_of(ip(from == Side::Inside ? kHost : kRouter)),
                                        bed.port(from).mac());
        auto pieces = fragments_of(whole, 1480);
        for (size_t i = 0; i < pieces.size(); ++i)
            bed.inject(from, pieces[reversed ? pieces.size() - 1 - i : i]);
        bed.run();
        return bed.take_frames(opposite(from)).size();
    };
    REQUIRE(gateway.answers(gateway.send(5000), 5000));
    gateway.config.inside = {{ip("10.77.0.0"), 16}};
    gateway.give_pool(kOtherPublic);
    gateway.reload();
    CHECK(passed(Side::Inside, 5000) + passed(Side::Outside, 5000) == 6);
    CHECK(passed(Side::Inside, 5001) + passed(Side::Outside, 5001) == 0);
    CHECK(bed.dropped(Drop::ForeignSource) == 1);
    CHECK(bed.dropped(Drop::ToGateway) == 1);
    CHECK(bed.dropped(Drop::FragmentRefused) == 4);
}

TEST_CASE("reload: what is denied from now on opens no flow, what is open goes on", "[packet]") {
    Reloaded gateway;
    const Seen before = gateway.send(5000);
    gateway.config.deny = {{{ip("10.1.0.0"), 24}, {.protocol = net::Protocol::Udp}}};
    gateway.reload();
    CHECK(gateway.answers(before, 5000));
    CHECK(gateway.bed.from_inside(Frame().ipv4(kHost, kServer).udp(5001, 53)).empty());
    CHECK(gateway.bed.dropped(Drop::Denied) == 1);
}

TEST_CASE("reload: a forward comes and goes", "[packet]") {
    Reloaded gateway;
    const Frame knock = Frame().ipv4(kServer, kPublic).udp(9999, 8080);
    CHECK(gateway.bed.from_outside(knock).empty());
    gateway.config.forwards = {{net::Protocol::Udp,
                                {ip(kPublic), Be16::from_host(8080)},
                                {ip(kHost), Be16::from_host(80)}}};
    gateway.reload();
    const auto in = gateway.bed.from_outside(knock);
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination_port == 80);
    gateway.config.forwards.clear();
    gateway.reload();
    CHECK(gateway.bed.from_outside(Frame().ipv4(kServer, kPublic).udp(9998, 8080)).empty());
}

TEST_CASE("reload: flows without a rule are known, and can be ended", "[packet]") {
    Reloaded gateway;
    const Seen old = gateway.send(5000);
    gateway.give_pool(kOtherPublic);
    gateway.reload();
    gateway.send(5001);
    flow::FlowTable& table = gateway.bed.gateway().table();
    const auto policy = gateway.bed.gateway().policies().current();
    CHECK(gateway::end_without_ground(table, *policy) == 1);
    CHECK(gateway::end_without_ground(table, *policy) == 0);
    CHECK_FALSE(gateway.answers(old, 5000));
    CHECK(gateway.send(5000).source == kOtherPublic);
    CHECK(gateway.send(5001).source == kOtherPublic);
}

TEST_CASE("reload: on one port for both sides, flows without a rule go on", "[packet]") {
    Reloaded gateway({.is_one_armed = true});
    Testbed& bed = gateway.bed;
    const auto pass = [&](Frame frame) {
        bed.inject(Side::Outside, frame.ether(mac_of(ip(kRouter)), mac(0x22)).bytes());
        bed.run();
        return bed.take(Side::Outside);
    };
    const auto ask = [&] { return pass(Frame().ipv4(kHost, kServer).udp(5000, 53)); };
    const auto out = ask();
    REQUIRE(out.size() == 1);
    gateway.config.inside = {{ip("10.77.0.0"), 16}};
    gateway.give_pool(kOtherPublic);
    gateway.reload();
    const auto again = ask();
    REQUIRE(again.size() == 1);
    CHECK(again[0].source == out[0].source);
    const auto back =
        pass(Frame().ipv4(kServer, out[0].source.c_str()).udp(53, out[0].source_port));
    REQUIRE(back.size() == 1);
    CHECK(back[0].destination == kHost);
    CHECK(pass(Frame().ipv4(kHost, kServer).udp(5001, 53)).empty());
    CHECK(bed.dropped(Drop::NoRealm) == 1);
}

TEST_CASE("reload: a thousand of them lose no packet of a flow that goes on", "[packet]") {
    Reloaded gateway(2);
    const Seen out = gateway.send(5000);
    for (int i = 0; i < 1000; ++i) {
        gateway.give_pool(i % 2 == 0 ? kOtherPublic : kPublic);
        gateway.reload();
        REQUIRE(gateway.send(5000).source == kPublic);
        REQUIRE(gateway.answers(out, 5000));
    }
    // The same two pools, again and again.
    CHECK(gateway.bed.gateway().policies().compile(gateway.config).ok());
}

TEST_CASE("reload: more new addresses than there is room for are refused", "[packet]") {
    Reloaded gateway;
    gateway.config.pool = {{ip("192.0.0.0"), ip("192.0.16.0")}};  // 4,097
    CHECK_FALSE(gateway.bed.gateway().policies().compile(gateway.config).ok());
    CHECK(gateway.send(5000).source == kPublic);

    // That has used up none of the room, nor does what is tried and taken back.
    gateway.config.pool = {{ip("192.0.0.0"), ip("192.0.15.255")}};  // 4,096
    gateway::Policies& policies = gateway.bed.gateway().policies();
    auto tried = policies.compile(gateway.config);
    REQUIRE(tried.ok());
    policies.discard(std::move(*tried));
    gateway.give_pool(kOtherPublic);
    gateway.reload();
    CHECK(gateway.send(5001).source == kOtherPublic);
}

TEST_CASE("reload: another timeout holds for a flow from its next packet on", "[packet]") {
    Reloaded gateway(GENERATE(1u, 2u));
    gateway.config.tuning.udp = Duration::seconds(100);
    gateway.reload();
    const Seen waits = gateway.send(5000);
    const Seen quiet = gateway.send(5001);
    gateway.config.tuning.udp = Duration::seconds(10);
    gateway.reload();
    gateway.send(5000);
    gateway.bed.advance(Duration::seconds(20));
    CHECK_FALSE(gateway.answers(waits, 5000));
    CHECK(gateway.answers(quiet, 5001));  // no packet since: it has the deadline that it had
    gateway.bed.advance(Duration::seconds(100));
    CHECK(gateway.bed.flows() == 0);
}

TEST_CASE("reload: a flow keeps its rule's timeouts, whatever becomes of the rule", "[packet]") {
    Reloaded gateway(GENERATE(1u, 2u));
    const auto give_rule = [&](int32_t seconds) {
        gateway.config.snat = {
            {.inside = {ip("10.1.0.0"), 25}, .addresses = {{ip(kPublic), ip(kPublic)}}}};
        gateway.config.snat[0].timeouts[*conntrack::timeout_place("udp")] =
            Duration::seconds(seconds);
        gateway.reload();
    };
    give_rule(100);
    const Seen slow = gateway.send(5000);
    give_rule(5);
    const Seen quick = gateway.send(5001);
    gateway.send(5000);
    gateway.bed.advance(Duration::seconds(8));
    CHECK_FALSE(gateway.answers(quick, 5001));
    gateway.config.snat.clear();
    gateway.reload();
    gateway.send(5000);
    const Seen plain = gateway.send(5002);
    gateway.bed.advance(Duration::seconds(40));  // longer than what is said for all
    CHECK(gateway.answers(slow, 5000));
    CHECK_FALSE(gateway.answers(plain, 5002));
}

TEST_CASE("reload: sets of timeouts beyond those that can be told apart are refused", "[packet]") {
    Reloaded gateway;
    gateway::Policies& policies = gateway.bed.gateway().policies();
    const auto compile = [&](int32_t first, int32_t count) {
        gateway.config.snat.clear();
        for (int32_t n = first; n < first + count; ++n) {
            config::SnatRule& rule = gateway.config.snat.emplace_back();
            rule.inside = {Be32::from_host(0x0a020000 + static_cast<uint32_t>(n)), 32};
            rule.addresses = {{ip(kPublic), ip(kPublic)}};
            rule.timeouts[*conntrack::timeout_place("udp")] = Duration::seconds(n);
        }
        return policies.compile(gateway.config);
    };
    constexpr int32_t kMost = policy::Tunings::kMost;
    const auto refused = compile(1, kMost + 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("63 different sets of timeouts") != std::string::npos);
    auto tried = compile(100, kMost);  // what was refused has taken no number
    REQUIRE(tried);
    policies.discard(std::move(*tried));
    REQUIRE(compile(1, kMost));
    gateway.reload();
    CHECK_FALSE(compile(2, kMost));  // living flows may have the first
    CHECK(compile(1, kMost));
}

TEST_CASE("reload: another limit of flows holds for the next flow", "[packet]") {
    Reloaded gateway;
    const Seen first = gateway.send(5000);
    gateway.send(5001);
    gateway.config.host_limits.flows = 2;
    gateway.reload();
    CHECK(gateway.bed.from_inside(Frame().ipv4(kHost, kServer).udp(5002, 53)).empty());
    CHECK(gateway.bed.dropped(Drop::HostFlows) == 1);
    CHECK(gateway.answers(first, 5000));
    gateway.config.host_limits.flows = 3;
    gateway.reload();
    gateway.send(5002);
}

TEST_CASE("reload: the MSS is clamped from now on, and no longer", "[packet]") {
    Reloaded gateway;
    const auto clamped = [&](uint16_t port) {
        const uint64_t before = gateway.bed.count(stats::Count::MssClamped);
        const Bytes mss{2, 4, 1460 >> 8, 1460 & 0xff};
        gateway.bed.from_inside(Frame().ipv4(kHost, kServer).tcp(port, 80, kSyn).tcp_options(mss));
        return gateway.bed.count(stats::Count::MssClamped) - before;
    };
    CHECK(clamped(5000) == 0);
    gateway.config.mss_clamp = config::MssClamp::Value;
    gateway.config.mss = 1300;
    gateway.reload();
    CHECK(clamped(5001) == 1);
    gateway.config.mss_clamp = config::MssClamp::Off;
    gateway.reload();
    CHECK(clamped(5002) == 0);
}

TEST_CASE("reload: ICMP errors come at the rate of the moment", "[packet]") {
    Reloaded gateway;
    const auto errors = [&] {
        const uint64_t before = gateway.bed.count(stats::Count::IcmpErrors);
        gateway.bed.from_inside(Frame().ipv4(kHost, kServer).ttl(1).udp(5000, 53));
        return gateway.bed.count(stats::Count::IcmpErrors) - before;
    };
    CHECK(errors() == 1);
    gateway.config.icmp_rate = 0;
    gateway.reload();
    CHECK(errors() == 0);
    CHECK(gateway.bed.count(stats::Count::IcmpSuppressed) == 1);
}

TEST_CASE("reload: packets of a flow go by other routes, and its next hop is asked for ahead",
          "[packet]") {
    Reloaded gateway(GENERATE(1u, 2u));
    const auto next_hop = [&](uint16_t port) {
        Frame frame = Frame().ipv4(kHost, kServer).udp(port, 53);
        gateway.bed.inject(Side::Inside, frame.ether(mac_of(ip(kHost)), mac(0x11)).bytes());
        gateway.bed.run();
        const auto frames = gateway.bed.take_frames(Side::Outside);
        REQUIRE(frames.size() == 1);
        MacAddress mac;
        std::copy_n(frames[0].begin(), mac.size(), mac.begin());
        return mac;
    };
    CHECK(next_hop(5000) == mac_of(ip(kRouter)));
    gateway.config.wans[0].gateway = ip("198.51.100.253");
    gateway.reload();
    CHECK(next_hop(5000) == mac_of(ip("198.51.100.253")));
    CHECK(next_hop(5001) == mac_of(ip("198.51.100.253")));
    gateway.config.routes = {{{ip(kServer), 32}, ip("198.51.100.252")}};
    gateway.reload();
    CHECK(next_hop(5001) == mac_of(ip("198.51.100.252")));
}

TEST_CASE("reload: flows that a forward's sources or --no-nat-inbound no longer let in are known",
          "[packet]") {
    Reloaded gateway;
    gateway.config.forwards = {{net::Protocol::Udp,
                                {ip(kPublic), Be16::from_host(8080)},
                                {ip(kHost), Be16::from_host(80)}}};
    gateway.config.no_nat = {{{ip("10.1.0.240"), 28}, {}}};
    gateway.config.no_nat_inbound = true;
    gateway.reload();
    Testbed& bed = gateway.bed;
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(9999, 8080)).size() == 1);
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, "10.1.0.250").udp(9999, 53)).size() == 1);
    const auto ended = [&] {
        return gateway::end_without_ground(bed.gateway().table(),
                                           *bed.gateway().policies().current());
    };
    CHECK(ended() == 0);
    gateway.config.forwards[0].from = {ip("192.0.2.0"), 24};
    gateway.reload();
    CHECK(ended() == 1);
    gateway.config.no_nat_inbound = false;
    gateway.reload();
    CHECK(ended() == 1);
    CHECK(bed.flows() == 0);
}

TEST_CASE("reload: a denial that stays goes on counting", "[packet]") {
    Reloaded gateway;
    gateway.config.deny = {{{ip("10.1.0.0"), 24}, {.protocol = net::Protocol::Udp}}};
    gateway.reload();
    const auto denied = [&] {
        gateway.bed.from_inside(Frame().ipv4(kHost, kServer).udp(5001, 53));
        const auto policy = gateway.bed.gateway().policies().current();
        return policy->rules.denials().packets(policy->rules.denials().matches().size() - 1);
    };
    CHECK(denied() == 1);
    gateway.config.deny.insert(gateway.config.deny.begin(), {{ip("10.1.0.64"), 26}, {}});
    gateway.reload();
    CHECK(denied() == 2);
}

TEST_CASE("reload: checksums are looked at, or not, from the next packet on", "[packet]") {
    Reloaded gateway;
    const auto passes = [&](uint16_t port) {
        const Frame frame = Frame().ipv4(kHost, kServer).udp(port, 53).bad_transport_checksum();
        return !gateway.bed.from_inside(frame).empty();
    };
    const auto sound = [&] { return gateway.send(4999).source == kPublic; };
    CHECK(sound());
    CHECK_FALSE(passes(4999));  // of a flow that stands, and of a new one
    CHECK_FALSE(passes(5000));
    gateway.config.verify_checksum = config::VerifyChecksum::Never;
    gateway.reload();
    CHECK(passes(4999));
    CHECK(passes(5001));
    gateway.config.verify_checksum = config::VerifyChecksum::Always;
    gateway.reload();
    CHECK_FALSE(passes(4999));
    CHECK_FALSE(passes(5002));
    CHECK(sound());
}

TEST_CASE("reload: a public address that has gone is answered for until its flows have gone",
          "[packet][arp]") {
    Reloaded gateway(GENERATE(1u, 2u));
    Testbed& bed = gateway.bed;
    gateway.config.announce_interval = {};
    const auto answers = [&](const char* address) {
        const uint64_t before = bed.count(stats::Count::ArpSent);
        bed.inject(Side::Outside, arp_request(mac_of(ip(kRouter)), ip(kRouter), ip(address)));
        bed.run();
        return bed.count(stats::Count::ArpSent) != before;
    };
    gateway.give_pool(kOtherPublic);
    gateway.reload();
    gateway.send(5000);
    bed.advance(Duration::seconds(10));  // announced
    CHECK(answers(kOtherPublic));
    gateway.give_pool(kPublic);
    gateway.reload();
    bed.advance(Duration::seconds(15));
    REQUIRE(bed.flows() == 1);
    CHECK(answers(kOtherPublic));
    CHECK(answers(kPublic));
    bed.advance(Duration::seconds(60));  // the flow's time is over
    CHECK(bed.flows() == 0);
    CHECK_FALSE(answers(kOtherPublic));
    CHECK(answers(kPublic));
}

TEST_CASE("reload: a flow is logged as its rule said when it opened", "[packet]") {
    Reloaded gateway;
    const auto use = [&](policy::Logging logging) {
        gateway.config.inside.clear();
        gateway.config.pool.clear();
        config::SnatRule rule;
        rule.inside = {ip("10.1.0.0"), 24};
        rule.addresses = {{ip(kPublic), ip(kPublic)}};
        rule.logging = logging;
        gateway.config.snat = {rule};
        gateway.reload();
    };
    const policy::Logged& logged = gateway.bed.gateway().policies().logged();
    flow::Journal::Reader reader(gateway.bed.gateway().table().journal());
    const auto is_logged = [&](uint16_t port, bool usually) {
        gateway.send(port);
        std::vector<flow::JournalEntry> entries;
        reader.read(entries);
        REQUIRE(entries.size() == 1);
        return logged.tells(entries[0].tuning, usually);
    };
    CHECK(is_logged(5000, true));
    use(policy::Logging::Never);
    CHECK_FALSE(is_logged(5001, true));
    use(policy::Logging::Always);
    CHECK(is_logged(5002, false));
    use(policy::Logging::AsSaid);
    CHECK(is_logged(5003, true));
    CHECK_FALSE(is_logged(5004, false));
    gateway.bed.advance(Duration::seconds(60));
    std::vector<flow::JournalEntry> ends;
    reader.read(ends);
    unsigned told = 0;
    for (const flow::JournalEntry& entry : ends)
        told += entry.event == flow::Event::Ended && logged.tells(entry.tuning, true);
    CHECK(told == 4);
}

}  // namespace reload_test
