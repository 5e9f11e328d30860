// SPDX-License-Identifier: BSD-3-Clause
#include "rules.h"

#include "rig/bench.h"
#include "rig/order.h"
#include "rig/scene.h"

#include <algorithm>
#include <string>

namespace sluice::bench {
namespace {

using net::Direction;
using net::Prefix;

constexpr uint32_t kRulesRoom = k1M + k1M / 2;  // for what opens until as much has ended
constexpr unsigned kRulesBatches = 512;         // of new flows
constexpr unsigned kRulesBatchesBefore = 1536;  // until as many end as open

constexpr uint32_t kCounts[] = {1, 100, 10'000};

/// All hosts of a book, and the first of its servers.
constexpr Prefix kHosts{Be32::from_host(0x0a010000), 16};
constexpr uint32_t kServer = 0xcb007100;

Prefix prefix(uint32_t address, uint8_t length) {
    return Prefix{Be32::from_host(address), length}.network();
}

/// One rule serves all hosts; the others stand beside it.
struct Race {
    const char* name;
    void (*add)(uint32_t n, config::Config& config);
};

constexpr Race kKinds[] = {
    // Every server has a rule of its own, and so have networks around them.
    {"--snat to destinations",
     [](uint32_t n, config::Config& config) {
         const Prefix to = n < 256 ? prefix(kServer + n, 32) : prefix(kServer + n * 256, 24);
         config.snat.push_back(
             {.inside = kHosts, .addresses = config.pool, .toward = {.destination = to}});
     }},
    // Every four hosts have one.
    {"--snat of hosts",
     [](uint32_t n, config::Config& config) {
         config.snat.push_back(
             {.inside = prefix(kHosts.address.host() + n * 4, 30), .addresses = config.pool});
     }},
    // Flows to ports beside theirs are refused, at every server and around it.
    {"--deny",
     [](uint32_t n, config::Config& config) {
         const Prefix to = n < 256 ? prefix(kServer + n, 32) : prefix(kServer + n * 256, 24);
         config.deny.push_back(
             {kHosts, {.destination = to, .protocol = net::Protocol::Udp, .ports = {444, 500}}});
     }},
};

/// Cycles for each new flow, in a steady state in which as many end.
double open(Scene& scene, unsigned batches) {
    double took = 0;
    for (unsigned batch = 0; batch < batches; ++batch) {
        took += scene.send(scene.lanes().front(), scene.next_flows(), Direction::Original,
                           bench::Kind::Open);
        scene.step();
    }
    return cycles_in(took / (double{kBatch} * batches));
}

/// Cycles for each packet of flows that stand.
double forward(Lane& lane, Order& order, unsigned batches) {
    double took = 0;
    for (unsigned batch = 0; batch < batches; ++batch) {
        std::vector<Item> items;
        for (unsigned n = 0; n < kBatch; ++n)
            items.push_back({order.next(), Direction::Original, bench::Kind::Data});
        lane.offer(items);
        took += lane.run_worker();
        lane.collect();
    }
    return cycles_in(took / (double{kBatch} * batches));
}

Status run_kind(const Race& kind, uint32_t count, const Options& options, Bench& bench) {
    const uint32_t standing = options.flows.empty() ? k64K : options.flows.front();
    auto made = Scene::create({.standing = standing,
                               .room = kRulesRoom,
                               .configure =
                                   [&](config::Config& config) {
                                       for (uint32_t n = 0; n + 1 < count; ++n)
                                           kind.add(n, config);
                                   }},
                              options);
    if (!made)
        return made.error();
    Scene& scene = *made.value();
    Lane known(scene.rig(), scene.standing(), 0);
    Order order(Order::Kind::Random, standing, 1);
    const unsigned batches = options.quick ? 16 : kRulesBatches;
    open(scene, options.quick ? 16 : kRulesBatchesBefore);
    Samples opened, forwarded;
    for (unsigned i = 0; i < options.rounds; ++i) {
        opened.add(open(scene, batches));
        forwarded.add(forward(known, order, batches));
    }
    const std::string name = std::to_string(count) + ' ' + kind.name;
    bench.add({"udp", name.c_str(), "fresh", worker::kBurstSize, standing, 1}, "cycles/flow",
              opened);
    bench.add({"tcp", name.c_str(), "random", worker::kBurstSize, standing, 1}, "cycles/packet",
              forwarded);
    if (scene.lost() != 0)
        return Error{std::to_string(scene.lost()) +
                     " packets did not come out: " + scene.rig().drops()};
    const std::string fault = scene.crew().fault();
    return fault.empty() ? Status{Done{}} : Status{Error{fault}};
}

}  // namespace

int run_rules(const Options& options) {
    const uint32_t standing = options.flows.empty() ? k64K : options.flows.front();
    auto bench = Bench::start("rules", options, Rig::table_bytes(standing + kRulesRoom));
    if (!bench)
        return fail(bench.error());
    for (const uint32_t count : kCounts)
        for (const Race& kind : kKinds)
            if (Status status = run_kind(kind, count, options, bench.value()); !status)
                return fail(status.error());
    return bench->end();
}

}  // namespace sluice::bench
