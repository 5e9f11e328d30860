// SPDX-License-Identifier: BSD-3-Clause
#include "flood.h"

#include "forged.h"
#include "rig/bench.h"
#include "rig/order.h"
#include "rig/scene.h"

#include <algorithm>

namespace sluice::bench {
namespace {

using net::Direction;
using stats::Drop;

constexpr double kFloodTarget = 10e6;  // drops a second
constexpr double kMostLost = 10;       // percent
constexpr unsigned kFloodBatches = 256;

uint64_t dropped(Scene& scene, Drop reason) {
    return scene.rig().gateway().snapshot().drop[reason];
}

/// Nanoseconds a packet of `direction` of flows that are not and cannot be. An Error when not all
/// of them were dropped for `reason`.
Result<double> pour(Scene& scene, Direction direction, Drop reason, unsigned batches) {
    Lane& lane = scene.lanes().front();
    const uint64_t before = dropped(scene, reason);
    double took = 0;
    for (unsigned batch = 0; batch < batches; ++batch) {
        const std::vector<uint64_t> flows = scene.next_flows();
        if (direction == Direction::Reply)
            for (const uint64_t flow : flows)  // to an address of the pool, where nobody is
                scene.fresh().learn(flow, Be32::from_host(0xc6336410 + (flow & 15)),
                                    Be16::from_host(static_cast<uint16_t>(1024 + (flow & 0x7fff))));
        took += scene.send(lane, flows, direction, Kind::Open);
        scene.rig().attend();
    }
    if (dropped(scene, reason) - before != uint64_t{batches} * kBatch)
        return Error{"not all were dropped as " + std::string(stats::drop_name(reason)) + ": " +
                     scene.rig().drops()};
    return took / (double{kBatch} * batches);
}

struct Flood {
    const char* name;
    Direction direction;
    Drop reason;
    SceneParams scene;
    double target;
};

Status run_flood(const Flood& kind, const Options& options, Bench& bench) {
    auto scene = Scene::create(kind.scene, options);
    if (!scene)
        return scene.error();
    Samples rate, cycles;
    for (unsigned i = 0; i < options.rounds; ++i) {
        auto took =
            pour(*scene.value(), kind.direction, kind.reason, options.quick ? 4 : kFloodBatches);
        if (!took)
            return took.error();
        rate.add(1e9 / took.value());
        cycles.add(cycles_in(took.value()));
    }
    const Traffic c{"udp", kind.name, "fresh", worker::kBurstSize, kind.scene.standing, 1};
    bench.add(c, "drops/s", rate, [&](Figure& figure) {
        if (kind.target != 0)
            figure.at_least(kind.target);
    });
    bench.add(c, "cycles/packet", cycles);
    return Done{};
}

/// One of each of the next flows, from outside, to addresses of the pool where nobody is.
std::vector<Item> fresh_replies(Scene& scene) {
    std::vector<Item> items;
    for (const uint64_t flow : scene.next_flows()) {
        scene.fresh().learn(flow, Be32::from_host(0xc6336410 + (flow & 15)), Be16::from_host(1024));
        items.push_back({flow, Direction::Reply, Kind::Open});
    }
    return items;
}

/// Packets of known flows from inside, and in each turn as many from outside that have none.
Status run_beside(uint32_t standing, const Options& options, Bench& bench) {
    auto scene = Scene::create({.standing = standing, .room = kBatch}, options);
    if (!scene)
        return scene.error();
    Rig& rig = scene.value()->rig();
    Lane known(rig, scene.value()->standing(), 0);
    Lane unknown(rig, scene.value()->fresh(), 0);
    Order order(Order::Kind::Random, standing, 1);
    Samples lost, alone, beside;
    const unsigned batches = options.quick ? 4 : kFloodBatches;
    for (unsigned i = 0; i < 2 * options.rounds; ++i) {
        double took = 0;
        uint64_t out = 0;
        for (unsigned batch = 0; batch < batches; ++batch) {
            std::vector<Item> items;
            for (unsigned n = 0; n < kBatch; ++n)
                items.push_back({order.next(), Direction::Original, Kind::Data});
            known.offer(items);
            if (const std::vector<Item> others = fresh_replies(*scene.value()); i % 2 == 1)
                unknown.offer(others);
            took += known.run_worker();
            out += known.collect();
            rig.attend();
        }
        const double count = double{kBatch} * batches;
        (i % 2 == 1 ? beside : alone).add(cycles_in(took / count));
        if (i % 2 == 1)
            lost.add(100 * (count - static_cast<double>(out)) / count);
    }
    const Traffic c{"tcp", "out, flood from outside", "random", worker::kBurstSize, standing, 1};
    bench.add(c, "% of known flows' packets lost", lost,
              [](Figure& figure) { figure.at_most(kMostLost); });
    bench.add(c, "cycles/packet of both", beside);
    bench.add(c, "cycles/packet without the flood", alone);
    return Done{};
}

}  // namespace

int run_flood(const Options& options) {
    const uint32_t standing = options.flows.empty() ? k64K : options.flows.front();
    const Flood kinds[] = {
        {"back, no flow",
         Direction::Reply,
         Drop::NoMapping,
         {.standing = standing, .room = kBatch},
         kFloodTarget},
        {"out, table full", Direction::Original, Drop::TableFull, {.standing = standing}, 0},
    };
    auto bench =
        Bench::start("flood", options, Rig::table_bytes(std::max(standing + k64K, 5 * k64K)));
    if (!bench)
        return fail(bench.error());
    for (const Flood& kind : kinds)
        if (Status status = run_flood(kind, options, bench.value()); !status)
            return fail(status.error());
    if (Status status = run_beside(standing, options, bench.value()); !status)
        return fail(status.error());
    if (Status status = run_forged(options, bench.value()); !status)
        return fail(status.error());
    return bench->end();
}

}  // namespace sluice::bench
