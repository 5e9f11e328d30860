// SPDX-License-Identifier: BSD-3-Clause
#include "expire.h"

#include "rig/bench.h"
#include "rig/scene.h"

#include <algorithm>

namespace sluice::bench {
namespace {

using net::Direction;

constexpr double kTarget = 6e6;                   // flows a second
constexpr Duration kOver = Duration::seconds(4);  // of a UDP flow of the scene, and unseen
constexpr Duration kTurn{1};

/// Opens so many flows, and lets them be over.
Status open_and_leave(Scene& scene, uint32_t flows) {
    if (Status status = scene.rig().settle(); !status)
        return status;
    for (uint32_t opened = 0; opened < flows; opened += kBatch)
        scene.send(scene.lanes().front(), scene.next_flows(), Direction::Original, Kind::Open);
    scene.rig().skip(kOver);
    return Done{};
}

/// Nanoseconds of the control core's for each flow that it ends.
double expire_all(Scene& scene, uint32_t flows) {
    gateway::Gateway& gateway = scene.rig().gateway();
    const uint32_t left = gateway.table().size() - flows;
    gateway.worker(0).rest();  // it turns no more meanwhile, and need not be waited for
    const uint64_t start = cpu_nanoseconds();
    while (gateway.table().size() > left) {
        scene.rig().skip(kTurn);
        gateway.control().turn(scene.rig().now());
    }
    const uint64_t took = cpu_nanoseconds() - start;
    gateway.worker(0).resume();
    scene.rig().attend();
    return static_cast<double>(took) / flows;
}

Status run_flows(uint32_t flows, const Options& options, Bench& bench) {
    auto scene = Scene::create({.room = flows + flows / 8 + kBatch}, options);
    if (!scene)
        return scene.error();
    Samples rate, cycles;
    for (unsigned i = 0; i < options.rounds; ++i) {
        if (Status status = open_and_leave(*scene.value(), flows); !status)
            return status;
        const double each = expire_all(*scene.value(), flows);
        rate.add(1e9 / each);
        cycles.add(cycles_in(each));
    }
    if (scene.value()->lost() != 0)
        return Error{std::to_string(scene.value()->lost()) +
                     " flows did not open: " + scene.value()->rig().drops()};
    const Traffic c{"udp", "out", "all at once", 32, flows, 1};
    bench.add(c, "flows ended/s", rate, [&](Figure& figure) {
        if (flows == k1M)
            figure.at_least(kTarget);
    });
    bench.add(c, "cycles/flow", cycles);
    return Done{};
}

/// What the control core spends on flows of which none is over, as a share of a CPU.
Status run_idle(uint32_t flows, const Options& options, Bench& bench) {
    auto scene = Scene::create({.standing = flows, .room = kBatch}, options);
    if (!scene)
        return scene.error();
    constexpr int kSeconds = 4;
    Samples share;
    for (unsigned i = 0; i < options.rounds; ++i) {
        double took = 0;
        for (int passed = 0; passed < kSeconds * 1000; passed += kStep.milliseconds)
            took += scene.value()->step();
        share.add(100 * took / (kSeconds * 1e9));
    }
    bench.add({"tcp", "none", "idle", 32, flows, 1}, "% of a CPU, the control core's", share);
    return Done{};
}

}  // namespace

int run_expire(const Options& options) {
    std::vector<uint32_t> flows = options.flows;
    if (flows.empty())
        flows = options.quick ? std::vector{k64K} : std::vector{k64K, k1M, k8M};
    const uint32_t most = *std::max_element(flows.begin(), flows.end());
    auto bench = Bench::start("expire", options, Rig::table_bytes(most + most / 8 + kBatch));
    if (!bench)
        return fail(bench.error());
    for (const uint32_t count : flows) {
        if (Status status = run_flows(count, options, bench.value()); !status)
            return fail(status.error());
        if (Status status = run_idle(count, options, bench.value()); !status)
            return fail(status.error());
    }
    return bench->end();
}

}  // namespace sluice::bench
