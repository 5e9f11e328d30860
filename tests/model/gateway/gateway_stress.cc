// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The whole gateway on threads as it runs for users: two workers, the control core, an operator
/// who reads the flows and deletes some, and one who reloads some rules and takes them back, again
/// and again. Traffic opens, closes, resets and reuses flows, most replies arrive at the wrong
/// worker, and the clock runs fast, so that flows expire. Built with the thread sanitizer where it
/// can be, which then fails the program at its first report: also where somebody looks at a policy
/// that is freed, or not whole yet (docs/adr/0008-policy-and-reload.md).
///
/// At the end every packet is accounted for, no mbuf is lost, nothing inside was seen outside, no
/// two flows have the same reply tuple, and no policy is kept that nobody goes by.

#include "config/config.h"
#include "conntrack/timeouts.h"
#include "gateway/gateway.h"
#include "net/text.h"
#include "on_threads.h"
#include "wire.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <thread>

using namespace sluice;
using namespace sluice::test;
using stats::Count;
using stats::Drop;

namespace {

constexpr unsigned kPacketsPerWorker = 25'000;
constexpr unsigned kFlowsPerDelete = 4000;
constexpr auto kBetweenReloads = std::chrono::milliseconds(3);

/// What the reloads bring: a denial, a rule with a timeout of its own, a forward of a port that
/// flows have, and a route.
config::Config other_configuration() {
    config::Config config = configuration();
    config.deny = {{{ip("10.1.0.10"), 32}, {}}};
    config.snat = {{.inside = {ip("10.1.0.11"), 32}, .addresses = {{ip(kPublic), ip(kPublic)}}}};
    config.snat[0].timeouts[*conntrack::timeout_place("udp")] = Duration::seconds(5);
    config.forwards = {{.protocol = net::Protocol::Tcp,
                        .external = {ip(kPublic), Be16::from_host(40003)},
                        .internal = {ip("10.1.0.12"), Be16::from_host(40003)},
                        .door = {.max_flows = 3}}};
    config.routes = {{{ip("192.0.2.0"), 24}, ip("198.51.100.253")}};
    return config;
}

/// Reads all flows again and again, and deletes a few.
void operate(const std::atomic<bool>& stop, gateway::Gateway& gateway) {
    flow::FlowTable& table = gateway.table();
    flow::Member member(table);
    unsigned seen = 0;
    while (!stop) {
        table.for_each_live(0, table.capacity(), [&](uint32_t index, flow::FlowRecord& record) {
            const flow::LifeWord life = record.life.load();
            if (++seen % kFlowsPerDelete == 0 && life.life() == flow::Life::Live &&
                member.kill(index, life))
                gateway.operator_counters().count[Count::FlowsDeleted].add(1);
        });
        member.quiescent();
        std::this_thread::yield();
    }
}

/// Lets one configuration hold and then the other, each time until nobody goes by the one before.
void reload(const std::atomic<bool>& stop, gateway::Gateway& gateway) {
    const std::array<config::Config, 2> configurations{configuration(), other_configuration()};
    unsigned reloads = 0;
    while (!stop) {
        const auto policy = gateway.policies().compile(configurations[++reloads % 2]);
        require(policy.ok(), "a policy is refused");
        gateway.use(*policy);
        std::this_thread::sleep_for(kBetweenReloads);
    }
    std::printf("gateway-stress: %u reloads\n", reloads);
}

void run(Wire& wire, gateway::Gateway& gateway) {
    gateway.control().start(clock_now());
    Threads threads;
    turn_all(threads, gateway);
    threads.add([&](const std::atomic<bool>& stop) { operate(stop, gateway); });
    threads.add([&](const std::atomic<bool>& stop) { reload(stop, gateway); });
    const bool finished = becomes_still(wire, gateway);
    threads.end();
    require(finished, "packets are still on their way");
}

void check(const Wire& wire, gateway::Gateway& gateway) {
    const stats::Snapshot sum = gateway.snapshot();
    check_accounts(sum);
    require(sum.held() == 0, "something is held after the end");
    require(wire.leaked() == 0, "a frame left with an inside source or a wrong checksum");
    require(wire.answered() > kPacketsPerWorker / 4, "hardly anything was forwarded");
    require(sum.count[Count::Handoff] > 0, "no packet was handed over");
    require(sum.count[Count::FlowsDeleted] > 0, "no flow was deleted");
    require(sum.count[Count::FlowsExpired] > 0, "no flow expired");
    require(sum.drop[Drop::Denied] > 0, "no policy was used but the first");
    require(gateway.policies().free_waiting() == 0, "a policy is kept that nobody goes by");

    std::set<std::string> replies;
    gateway.table().for_each_live(0, kFlows, [&](uint32_t, const flow::FlowRecord& record) {
        const auto* bytes = reinterpret_cast<const char*>(&record.key(net::Direction::Reply));
        require(replies.emplace(bytes, sizeof(net::Tuple)).second,
                "two flows have one reply tuple");
    });
    std::printf(
        "gateway-stress: %lu packets, %lu handed over, %lu flows, %lu deleted, %lu expired\n",
        sum.count[Count::Received], sum.count[Count::Handoff], sum.count[Count::FlowsOpened],
        sum.count[Count::FlowsDeleted], sum.count[Count::FlowsExpired]);
}

}  // namespace

int main() {
    stress(kPacketsPerWorker, run, check);
}
