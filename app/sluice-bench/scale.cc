// SPDX-License-Identifier: BSD-3-Clause
#include "scale.h"

#include "rig/bench.h"
#include "rig/floor.h"
#include "rig/scene.h"

#include <algorithm>
#include <numeric>

namespace sluice::bench {
namespace {

using net::Direction;
using net::Side;

constexpr uint32_t kFlows = k1M;
constexpr unsigned kScaleBatches = 128;
constexpr double kEstablished = 1.9;
constexpr double kOfFloor = 0.95;
constexpr double kOpening = 1.8;
constexpr double kWrongCore = 1.4;

/// A rig with known flows, of one worker or two, that sees the same traffic as the other.
class Team {
public:
    static Result<std::unique_ptr<Team>> create(unsigned workers, uint32_t flows,
                                                const Options& options) {
        std::unique_ptr<Team> made(new Team(workers, flows, options));
        auto scene =
            Scene::create({.standing = flows, .room = k1M + k1M / 2, .workers = workers}, options);
        if (!scene)
            return scene.error();
        made->scene_ = std::move(scene).value();
        made->crew_ = std::make_unique<Crew>(made->scene_->rig(), made->scene_->standing());
        auto floor = Floor::create(made->scene_->standing(), flows, options.pages);
        if (!floor)
            return floor.error();
        made->floor_ = std::move(floor).value();
        return made;
    }

    /// Nanoseconds of all workers' CPU time a packet of known flows, both ways.
    double known(bool through_floor);
    /// Likewise a flow that opens.
    double opening();
    /// Likewise a packet, every reply of which arrives at another worker than its flow's.
    double wrong_core();

    uint64_t lost() const { return lost_; }
    double control_share() const { return 100 * control_ / (control_ + workers_time_); }
    std::string drops() { return scene_->rig().drops(); }

private:
    Team(unsigned workers, uint32_t flows, const Options& options)
        : workers_(workers), flows_(flows), batches_(options.quick ? 4 : kScaleBatches) {}

    std::vector<Item> some(unsigned lane, bool with_replies, Kind kind);
    template <typename Fill, typename Run>
    double together(Crew& crew, Fill fill, Run run);

    unsigned workers_;
    uint32_t flows_;
    unsigned batches_;
    std::unique_ptr<Scene> scene_;
    std::unique_ptr<Crew> crew_;
    std::unique_ptr<Floor> floor_;
    uint32_t steps_ = 0;
    uint64_t lost_ = 0;
    double control_ = 0;
    double workers_time_ = 0;
};

/// A batch of a lane's flows, by bursts out and back.
std::vector<Item> Team::some(unsigned lane, bool with_replies, Kind kind) {
    std::vector<Item> items(kBatch);
    for (unsigned i = 0; i < kBatch; ++i) {
        const bool back = with_replies && i / worker::kBurstSize % 2 == 1;
        // Odd steps round a power of two: no flow comes twice in a batch, in which replies that
        // take the long way would overtake what they answer.
        const uint32_t nth = steps_++ * 0x9e3779b1 % (flows_ / workers_);
        items[i] = {uint64_t{nth} * workers_ + lane, back ? Direction::Reply : Direction::Original,
                    kind};
    }
    return items;
}

/// All lanes at once, a batch each: fill(lane) makes its packets, run(lane) takes them through and
/// returns nanoseconds. The packets are made and looked at by this thread alone.
template <typename Fill, typename Run>
double Team::together(Crew& crew, Fill fill, Run run) {
    double sum = 0;
    for (unsigned batch = 0; batch < batches_; ++batch) {
        for (Lane& lane : crew.lanes())
            lane.offer(fill(lane));
        std::vector<double> took(workers_);
        crew.each([&](Lane& lane) { took[lane.worker()] = run(lane); });
        unsigned out = 0;
        for (Lane& lane : crew.lanes())
            out += lane.collect(std::nullopt);
        lost_ += workers_ * kBatch - out;
        sum += std::accumulate(took.begin(), took.end(), 0.0);
        control_ += scene_->step();
    }
    workers_time_ += sum;
    return sum / (double{kBatch} * batches_ * workers_);
}

double Team::known(bool through_floor) {
    Rig& rig = scene_->rig();
    return together(
        *crew_,
        [&](Lane& lane) {
            return some(lane.worker(), true, through_floor ? Kind::Other : Kind::Data);
        },
        [&](Lane& lane) {
            if (!through_floor)
                return lane.run_worker();
            const auto queue = static_cast<uint16_t>(lane.worker());
            return lane.run([&] {
                floor_->forward(rig.port(Side::Inside), rig.port(Side::Outside), queue);
                floor_->forward(rig.port(Side::Outside), rig.port(Side::Inside), queue);
            });
        });
}

double Team::opening() {
    return together(
        scene_->crew(),
        [&](Lane&) {
            std::vector<Item> items;
            for (const uint64_t flow : scene_->next_flows())
                items.push_back({flow, Direction::Original, Kind::Open});
            return items;
        },
        [](Lane& lane) { return lane.run_worker(); });
}

double Team::wrong_core() {
    gateway::Gateway& gateway = scene_->rig().gateway();
    for (Lane& lane : crew_->lanes())
        lane.misdirect_replies((lane.worker() + 1) % workers_);
    const auto transmitted = [&] {
        uint64_t sum = 0;
        for (unsigned worker = 0; worker < workers_; ++worker)
            sum += gateway.worker(worker).counters().count[stats::Count::Transmitted].read();
        return sum;
    };
    uint64_t goal = 0;
    return together(
        *crew_,
        [&](Lane& lane) {
            goal = transmitted() + workers_ * kBatch;
            return some(lane.worker(), true, Kind::Data);
        },
        [&](Lane& lane) {
            worker::Worker& worker = gateway.worker(lane.worker());
            const uint64_t start = cpu_nanoseconds();
            while (transmitted() < goal)
                worker.turn(scene_->rig().now());
            return static_cast<double>(cpu_nanoseconds() - start);
        });
}

/// How many times as much two workers do in the same time as one.
double gain(double one, double two) {
    return 2 * one / two;
}

Status measure(Team& one, Team& two, const Options& options, Bench& bench) {
    Samples known, of_floor, opening, control;
    for (unsigned i = 0; i < options.rounds; ++i) {
        const double by_floor = gain(one.known(true), two.known(true));
        known.add(gain(one.known(false), two.known(false)));
        of_floor.add(known.values.back() / by_floor);
        opening.add(gain(one.opening(), two.opening()));
        control.add(two.control_share());
    }
    Samples wrong;  // at the end: it leaves the lanes so
    for (unsigned i = 0; i < options.rounds; ++i)
        wrong.add(gain(one.known(false), two.wrong_core()));
    if (one.lost() + two.lost() != 0)
        return Error{"packets did not come out: " + one.drops() + "; " + two.drops()};

    const Traffic c{"tcp", "half", "random", worker::kBurstSize, options.quick ? k64K : kFlows, 2};
    const bool as_floor = of_floor.median() >= kOfFloor;
    bench.add(c, "times one worker", known, [&](Figure& figure) {
        figure.at_least(kEstablished);
        figure.reached = figure.reached || as_floor;
    });
    bench.add(c, "times how the floor probe scales", of_floor,
              [](Figure& figure) { figure.at_least(kOfFloor); });
    bench.add({"udp first packets", "out", "fresh", c.burst, c.flows, 2}, "times one worker",
              opening, [](Figure& figure) { figure.at_least(kOpening); });
    bench.add({"tcp", "half, every reply on the wrong core", "random", c.burst, c.flows, 2},
              "times one worker", wrong, [](Figure& figure) { figure.at_least(kWrongCore); });
    bench.add(c, "% of the CPU time is the control core's", control);
    return Done{};
}

}  // namespace

int run_scale(const Options& options) {
    const uint32_t flows = options.quick ? k64K : kFlows;
    const size_t each = Rig::table_bytes(flows + k1M + k1M / 2) + Floor::bytes_needed(flows);
    auto bench = Bench::start("scale", options, 2 * each, 2 * Rig::eal_bytes());
    if (!bench)
        return fail(bench.error());
    auto one = Team::create(1, flows, options);
    if (!one)
        return fail(one.error());
    auto two = Team::create(2, flows, options);
    if (!two)
        return fail(two.error());
    if (Status status = measure(*one.value(), *two.value(), options, bench.value()); !status)
        return fail(status.error());
    return bench->end();
}

}  // namespace sluice::bench
