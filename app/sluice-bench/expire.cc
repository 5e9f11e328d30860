// SPDX-License-Identifier: BSD-3-Clause
#include "expire.h"

#include "eal.h"
#include "rig/bench.h"
#include "rig/order.h"
#include "rig/scene.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace sluice::bench {
namespace {

using net::Direction;

constexpr double kExpireTarget = 6e6;             // flows a second
constexpr double kMostIdle = 1;                   // percent of a CPU
constexpr double kMostDent = 5;                   // percent of a worker's throughput
constexpr Duration kOver = Duration::seconds(4);  // of a UDP flow of the scene, and unseen
constexpr Duration kTurn{1};

/// Opens so many flows, and lets them be over.
Status open_and_leave(Scene& scene, uint32_t flows) {
    if (Status status = scene.rig().find_routers(); !status)
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

Status expire_flows(uint32_t flows, const Options& options, Bench& bench) {
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
            figure.at_least(kExpireTarget);
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
    bench.add({"tcp", "none", "idle", 32, flows, 1}, "% of a CPU, the control core's", share,
              [&](Figure& figure) {
                  if (flows == k8M)
                      figure.at_most(kMostIdle);
              });
    return Done{};
}

/// The control core on a thread of its own, as in service: it rests when it finds nothing to do.
class Control {
public:
    explicit Control(Rig& rig) : rig_(rig), thread_([this] { run(); }) {}
    ~Control() {
        stop_ = true;
        thread_.join();
    }

private:
    void run() {
        pin_to_another_cpu();
        while (!stop_)
            if (rig_.gateway().control().turn(rig_.now()) == 0)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    Rig& rig_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

/// A worker with packets of known flows, beside a control core on another thread.
class Beside {
public:
    Beside(Scene& scene, uint32_t standing)
        : scene_(scene),
          known_(scene.rig(), scene.standing(), 0),
          order_(Order::Kind::Random, standing, 1) {}

    /// Nanoseconds of the worker's for a packet, until `is_over`; the clock runs meanwhile.
    double run(const std::function<bool()>& is_over) {
        scene_.rig().thaw();
        double took = 0;
        uint64_t packets = 0;
        {
            Control control(scene_.rig());
            for (; packets == 0 || !is_over(); packets += kBatch) {
                std::vector<Item> items(kBatch);
                for (unsigned n = 0; n < kBatch; ++n)
                    items[n] = {order_.next(), n / worker::kBurstSize % 2 == 0 ? Direction::Original
                                                                               : Direction::Reply};
                known_.offer(items);
                took += known_.run_worker();
                lost_ += kBatch - known_.collect();
            }
        }
        scene_.rig().freeze();
        return took / static_cast<double>(packets);
    }
    uint64_t lost() const { return lost_; }

private:
    Scene& scene_;
    Lane known_;
    Order order_;
    uint64_t lost_ = 0;
};

/// What it costs a worker that very many flows of one second end beside it.
Status run_dent(uint32_t flows, const Options& options, Bench& bench) {
    auto made = Scene::create({.standing = flows, .room = flows + flows / 8 + kBatch}, options);
    if (!made)
        return made.error();
    Scene& scene = *made.value();
    Beside worker(scene, flows);
    const flow::FlowTable& table = scene.rig().gateway().table();
    const auto quiet = [&] {
        const Tick end = scene.rig().now() + Duration{options.quick ? 10 : 1000};
        return worker.run([&] { return !end.is_after(scene.rig().now()); });
    };
    Samples dent, ending, seconds, alone;
    double before = quiet();
    for (unsigned i = 0; i < options.rounds; ++i) {
        if (Status status = open_and_leave(scene, flows); !status)
            return status;
        const Tick start = scene.rig().now();
        const double meanwhile = worker.run([&] { return table.size() <= flows; });
        seconds.add((scene.rig().now() - start).milliseconds / 1e3);
        const double after = quiet();
        const double usual = (before + after) / 2;
        before = after;
        dent.add(100 * (meanwhile - usual) / meanwhile);
        ending.add(cycles_in(meanwhile));
        alone.add(cycles_in(usual));
    }
    if (scene.lost() + worker.lost() != 0)
        return Error{"packets did not come out: " + scene.rig().drops()};
    const Traffic c{"tcp", "half, while as many udp flows end", "random", worker::kBurstSize, flows,
                    1};
    bench.add(c, "% of the worker's throughput lost", dent, [&](Figure& figure) {
        if (flows == k1M)
            figure.at_most(kMostDent);
    });
    bench.add(c, "cycles/packet", ending);
    bench.add(c, "cycles/packet before and after", alone);
    bench.add(c, "seconds until the last has ended", seconds);
    return Done{};
}

}  // namespace

int run_expire(const Options& options) {
    std::vector<uint32_t> flows = options.flows;
    if (flows.empty())
        flows = options.quick ? std::vector{k64K} : std::vector{k64K, k1M, k8M};
    const uint32_t most = *std::max_element(flows.begin(), flows.end());
    const uint32_t beside = std::min(most, k1M);  // that end, and as many that stand
    auto bench =
        Bench::start("expire", options,
                     Rig::table_bytes(std::max(most + most / 8, 2 * beside + beside / 8) + kBatch));
    if (!bench)
        return fail(bench.error());
    for (const uint32_t count : flows) {
        if (Status status = expire_flows(count, options, bench.value()); !status)
            return fail(status.error());
        if (Status status = run_idle(count, options, bench.value()); !status)
            return fail(status.error());
    }
    if (Status status = run_dent(beside, options, bench.value()); !status)
        return fail(status.error());
    return bench->end();
}

}  // namespace sluice::bench
