// SPDX-License-Identifier: BSD-3-Clause
#include "open.h"

#include "eal.h"
#include "rig/bench.h"
#include "rig/life.h"
#include "rig/machine.h"
#include "rig/scene.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

namespace sluice::bench {
namespace {

using net::Direction;
using net::Protocol;

/// Room for what opens in five seconds of the rig's clock: after one it is over, after two more it
/// is erased, and ageing takes a second to come round.
constexpr uint32_t kOpenRoom = k1M + k1M / 2;
constexpr unsigned kOpenBatches = 512;         // two seconds of that clock, so that 7 are 14
constexpr unsigned kOpenBatchesBefore = 1536;  // until as many end as open
constexpr double kMillion = 1e6;
constexpr const char* kEndsUnit = "flows/s that end meanwhile, by the clock on the wall";

struct Cost {
    double worker = 0;   ///< Nanoseconds a flow.
    double control = 0;  ///< Likewise, of the control core.
};

/// The control core on a CPU of its own, as in service: while the worker opens a batch it ends as
/// many flows, at its own pace. The clock is its own too. `beside` is called there after each
/// batch.
class ControlCore {
public:
    ControlCore(Scene& scene, std::function<void()> beside)
        : scene_(scene),
          beside_(std::move(beside)),
          clock_(scene.rig().now().milliseconds),
          thread_([this] { run(); }) {}
    ~ControlCore() {
        is_over_ = true;
        thread_.join();
    }
    ControlCore(const ControlCore&) = delete;

    Tick now() const { return {clock_.load(std::memory_order_relaxed)}; }
    /// Has it do another batch's work; waits while it is too far behind for the table's room.
    void begin_batch() {
        ++begun_;
        while (begun_ - done_ > kMostBehind)
            std::this_thread::yield();
    }

private:
    static constexpr unsigned kMostBehind = 64;

    void run() {
        pin_to_another_cpu();
        while (!is_over_) {
            if (done_ == begun_) {
                std::this_thread::yield();
                continue;
            }
            scene_.step();
            beside_();
            clock_.store(scene_.rig().now().milliseconds, std::memory_order_relaxed);
            ++done_;
        }
    }

    Scene& scene_;
    std::function<void()> beside_;
    std::atomic<uint32_t> clock_;
    std::atomic<unsigned> begun_ = 0;
    std::atomic<unsigned> done_ = 0;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

class Opening {
public:
    Opening(Scene& scene, Life life) : scene_(scene), life_(life) {}

    Cost round(unsigned batches) {
        Cost sum;
        for (unsigned batch = 0; batch < batches; ++batch) {
            const std::vector<uint64_t> flows = scene_.next_flows();
            for (const Sending& packet : packets_of(life_))
                sum.worker +=
                    scene_.send(scene_.lanes().front(), flows, packet.direction, packet.kind);
            sum.control += scene_.step();
            listen();
        }
        const double count = double{kBatch} * batches;
        return {sum.worker / count, sum.control / count};
    }

    /// Whether somebody listens to the journal, and reads what it says of a batch behind it: where
    /// turns are timed, beside the control core.
    void set_heard(bool is_heard) {
        listener_.reset();
        if (is_heard)
            listener_.emplace(scene_.rig().gateway().table().journal());
    }
    uint64_t heard() const { return heard_; }
    /// What was written faster than it was read, since the last call.
    uint64_t take_lost() { return listener_ ? listener_->take_lost() : 0; }

    /// Every turn of the worker by itself, in microseconds of CPU time, sorted.
    std::vector<double> time_turns(unsigned batches) {
        ControlCore control(scene_, [this] { listen(); });
        std::vector<double> turns;
        worker::Worker& worker = scene_.rig().gateway().worker(0);
        Lane& lane = scene_.lanes().front();
        for (unsigned batch = 0; batch < batches; ++batch) {
            control.begin_batch();
            std::vector<Item> items;
            for (const uint64_t flow : scene_.next_flows())
                items.push_back({flow, Direction::Original, Kind::Open});
            lane.offer(items);
            while (!lane.is_drained()) {
                const uint64_t start = cpu_nanoseconds();
                worker.turn(control.now());
                turns.push_back(static_cast<double>(cpu_nanoseconds() - start) / 1000);
            }
            lane.collect();
        }
        std::sort(turns.begin(), turns.end());
        return turns;
    }

private:
    void listen() {
        if (!listener_)
            return;
        entries_.clear();
        listener_->read(entries_);
        heard_ += entries_.size();
    }

    Scene& scene_;
    Life life_;
    std::optional<flow::Journal::Reader> listener_;
    std::vector<flow::JournalEntry> entries_;
    uint64_t heard_ = 0;
};

double target_of(Life life, uint32_t standing) {
    if (standing != k1M || life == Life::TcpSyn)
        return 0;
    return life == Life::UdpFirst ? 3 * kMillion : kMillion;
}

/// Flows that the gateway has ended so far, for their time was over.
uint64_t expired(Scene& scene) {
    return scene.rig().gateway().snapshot().count[stats::Count::FlowsExpired];
}

/// Computes, and touches no memory.
uint64_t compute(uint64_t steps) {
    uint64_t value = 1;
    for (uint64_t i = 0; i < steps; ++i)
        value = value * 0x9e3779b97f4a7c15 + 1;
    return value;
}

double late_of(const std::vector<double>& sorted) {
    return sorted[sorted.size() * 999 / 1000];
}

/// As time_turns(), of so many loops of such a length that only compute: they are as late as the
/// machine's interrupts and its other guests make anybody.
std::vector<double> time_loops(double microseconds, size_t count) {
    constexpr uint64_t kMany = 1'000'000;
    std::atomic<uint64_t> sink;  // or nobody would have it computed
    std::vector<double> loops;
    uint64_t start = cpu_nanoseconds();
    sink = compute(kMany);
    const double each = static_cast<double>(cpu_nanoseconds() - start) / 1000 / kMany;
    for (size_t i = 0; i < count; ++i) {
        start = cpu_nanoseconds();
        sink = compute(static_cast<uint64_t>(microseconds / each));
        loops.push_back(static_cast<double>(cpu_nanoseconds() - start) / 1000);
    }
    std::sort(loops.begin(), loops.end());
    return loops;
}

struct Turns {
    std::vector<double> microseconds;
    double ends = 0;  ///< Flows that end in a second of the clock on the wall.
};

Turns time_turns(Scene& scene, Opening& opening, const Options& options) {
    const uint64_t ended = expired(scene);
    const auto start = std::chrono::steady_clock::now();
    auto turns = opening.time_turns(options.quick ? 8 : kOpenBatches);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return {std::move(turns), static_cast<double>(expired(scene) - ended) / took.count()};
}

/// A worker's turns while flows open as fast as they can, and as many end.
void add_turns(Scene& scene, Opening& opening, const Traffic& c, const Options& options,
               Bench& bench) {
    Samples usual, late, longest, stolen, ends, noise;
    for (unsigned i = 0; i < options.rounds; ++i) {
        const MachineTime before = machine_time();
        const auto [turns, ended] = time_turns(scene, opening, options);
        ends.add(ended);
        usual.add(turns[turns.size() / 2]);
        late.add(late_of(turns));
        longest.add(turns.back());
        stolen.add(machine_time().stolen_ms - before.stolen_ms);
        noise.add(late_of(time_loops(turns[turns.size() / 2], turns.size())));
    }
    bench.add(c, "us, 99.9th percentile of turns", late,
              [](Figure& figure) { figure.at_most(50); });
    bench.add(c, "us, longest turn", longest);
    bench.add(c, "us, median of turns", usual);
    bench.add(c, "us, 99.9th percentile of loops as long that only compute", noise);
    bench.add(c, kEndsUnit, ends);
    bench.add(c, "ms stolen from the machine", stolen);
}

/// What the journal costs a worker that opens flows: round by round beside one that nobody hears.
void add_heard(Opening& opening, Traffic c, const Options& options, Bench& bench) {
    Samples unheard, heard;
    for (unsigned i = 0; i < options.rounds; ++i)
        for (Samples* samples : {&unheard, &heard}) {
            opening.set_heard(samples == &heard);
            samples->add(cycles_in(opening.round(options.quick ? 16 : kOpenBatches).worker));
        }
    opening.set_heard(false);
    c.protocol = "udp, journal heard";
    bench.add(c, "cycles/flow", heard, [&](Figure& figure) {
        figure.peer = Peer{"unheard", unheard.median(), unheard.median() / heard.median()};
    });
}

/// How many ends somebody hears of, while packets open as many flows and none is lost.
void add_heard_ends(Scene& scene, Opening& opening, Traffic c, const Options& options,
                    Bench& bench) {
    Samples ends, lost;
    opening.set_heard(true);
    for (unsigned i = 0; i < options.rounds; ++i) {
        ends.add(time_turns(scene, opening, options).ends);
        lost.add(static_cast<double>(opening.take_lost()));
    }
    opening.set_heard(false);
    c.protocol = "udp, journal heard";
    bench.add(c, kEndsUnit, ends, [](Figure& figure) { figure.at_least(kMillion); });
    bench.add(c, "events lost", lost, [](Figure& figure) { figure.at_most(0); });
}

Status run_life(Life life, uint32_t standing, const Options& options, Bench& bench) {
    const SceneParams params{.fresh = life == Life::UdpFirst ? Protocol::Udp : Protocol::Tcp,
                             .standing = standing,
                             .room = kOpenRoom};
    auto scene = Scene::create(params, options);
    if (!scene)
        return scene.error();
    scene.value()->rig().port(net::Side::Inside).limit_burst(32);
    scene.value()->rig().port(net::Side::Outside).limit_burst(32);
    Opening opening(*scene.value(), life);
    opening.round(options.quick ? 16 : kOpenBatchesBefore);
    Samples rate, cycles, control;
    for (unsigned i = 0; i < options.rounds; ++i) {
        const Cost cost = opening.round(options.quick ? 16 : kOpenBatches);
        rate.add(1e9 / cost.worker);
        cycles.add(cycles_in(cost.worker));
        control.add(100 * cost.control / (cost.control + cost.worker));
    }
    const Traffic c{name_of(life), "out", "fresh", 32, standing, 1};
    bench.add(c, "flows/s", rate, [&](Figure& figure) {
        if (const double target = target_of(life, standing); target != 0)
            figure.at_least(target);
    });
    bench.add(c, "cycles/flow", cycles);
    bench.add(c, "% of the CPU time is the control core's", control);
    if (life == Life::UdpFirst && (standing == k1M || options.quick)) {
        add_turns(*scene.value(), opening, c, options, bench);
        add_heard(opening, c, options, bench);
        add_heard_ends(*scene.value(), opening, c, options, bench);
        if (opening.heard() == 0)
            return Error{"the journal has said nothing"};
    }
    if (scene.value()->lost() != 0)
        return Error{std::to_string(scene.value()->lost()) +
                     " packets did not come out: " + scene.value()->rig().drops()};
    const std::string fault = scene.value()->crew().fault();
    return fault.empty() ? Status{Done{}} : Status{Error{fault}};
}

}  // namespace

int run_open(const Options& options) {
    std::vector<uint32_t> standing = options.flows;
    if (standing.empty())
        standing = options.quick ? std::vector<uint32_t>{0} : std::vector<uint32_t>{0, k1M, k8M};
    const uint32_t most = *std::max_element(standing.begin(), standing.end());
    auto bench = Bench::start("open", options, Rig::table_bytes(most + kOpenRoom));
    if (!bench)
        return fail(bench.error());
    for (const uint32_t count : standing)
        for (const Life life : {Life::UdpFirst, Life::TcpSyn, Life::TcpWhole})
            if (Status status = run_life(life, count, options, bench.value()); !status)
                return fail(status.error());
    return bench->end();
}

}  // namespace sluice::bench
