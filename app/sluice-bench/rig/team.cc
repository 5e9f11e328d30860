// SPDX-License-Identifier: BSD-3-Clause
#include "rig/team.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace sluice::bench {
namespace {

using net::Direction;
using net::Side;

constexpr unsigned kTeamBatches = 128;
constexpr unsigned kTeamBatchesWhenQuick = 4;

}  // namespace

size_t Team::table_bytes(uint32_t flows) {
    return Rig::table_bytes(flows + kTeamRoom) + Floor::bytes_needed(flows);
}

Team::Team(unsigned workers, uint32_t flows, const Options& options)
    : workers_(workers),
      flows_(flows),
      batches_(options.quick ? kTeamBatchesWhenQuick : kTeamBatches) {}

Result<std::unique_ptr<Team>> Team::create(unsigned workers, uint32_t flows,
                                           const Options& options) {
    std::unique_ptr<Team> made(new Team(workers, flows, options));
    auto scene = Scene::create({.standing = flows, .room = kTeamRoom, .workers = workers}, options);
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
    const double took = together(
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
    for (Lane& lane : crew_->lanes())
        lane.misdirect_replies(lane.worker());
    return took;
}

}  // namespace sluice::bench
