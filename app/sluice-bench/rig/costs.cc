// SPDX-License-Identifier: BSD-3-Clause
#include "rig/costs.h"

#include "eal.h"
#include "flow/journal.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sluice::bench {
namespace {

using net::Direction;
using net::Side;

constexpr int kSecondsToEnd = 6;     // a second's timeout, two unseen, a pass; and to spare
constexpr int kSecondsOfBlocks = 8;  // four looks at each
constexpr uint16_t kBlockPorts = 64;
constexpr unsigned kBlockAddresses = 16;
constexpr unsigned kBlockBatches = 10;  // of 1024 hosts: the addresses have blocks for 16 128
constexpr unsigned kJourneys = 2000;    // of a line, at once
constexpr unsigned kJourneyRounds = 50;

/// Has the workers send what the control core asks by ARP, and answers.
void answer(Scene& scene) {
    for (Lane& lane : scene.lanes()) {
        scene.rig().gateway().worker(lane.worker()).turn(scene.rig().now());
        lane.collect(std::nullopt);
    }
}

/// Nanoseconds of the control core's, for seconds of the scene's clock.
double control_time(Scene& scene, int seconds) {
    double took = 0;
    for (int second = 0; second < seconds; ++second) {
        for (int passed = 0; passed < 1000; passed += kStep.milliseconds)
            took += scene.step();
        answer(scene);
    }
    return took;
}

double nanoseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start)
        .count();
}

/// Waits for the other side's turn to be over; with one CPU for both it gives that up.
void wait_for(const std::atomic<unsigned>& turn, unsigned wanted) {
    for (unsigned tries = 1; turn.load(std::memory_order_acquire) != wanted; ++tries)
        if (tries % 4096 == 0)
            std::this_thread::yield();
}

}  // namespace

size_t CostProbe::table_bytes(const Options& options) {
    return 2 * Team::table_bytes(Team::flows_of(options)) + Rig::table_bytes(4 * k64K);
}

Result<std::unique_ptr<CostProbe>> CostProbe::create(const Options& options) {
    std::unique_ptr<CostProbe> made(new CostProbe(options));
    for (const unsigned workers : {1u, 2u}) {
        auto team = Team::create(workers, Team::flows_of(options), options);
        if (!team)
            return team.error();
        (workers == 1 ? made->one_ : made->two_) = std::move(team).value();
    }
    auto scene = Scene::create({.standing = 1,
                                .room = k64K,
                                .addresses = kBlockAddresses,
                                .configure =
                                    [](config::Config& config) {
                                        config.holders.blocks = {kBlockPorts, 1};
                                        config.tuning.udp = Duration::seconds(24 * 3600);
                                    }},
                               options);
    if (!scene)
        return scene.error();
    made->blocks_ = std::move(scene).value();
    Scene& blocks = *made->blocks_;
    made->bare_ = control_time(blocks, kSecondsOfBlocks) / kSecondsOfBlocks;
    for (unsigned batch = 0; batch < kBlockBatches; ++batch)  // each flow of a host of its own
        blocks.send(blocks.lanes().front(), blocks.next_flows(), Direction::Original, Kind::Open);
    if (blocks.lost() != 0)
        return Error{std::to_string(blocks.lost()) +
                     " packets of hosts with blocks are lost: " + blocks.rig().drops()};
    made->leased_ = kBlockBatches * kBatch;
    return made;
}

/// What opens in a round ends in it, so that the next begins as this one did.
void CostProbe::measure_flows(Costs& costs) {
    Scene& scene = one_->scene();
    costs.packet = one_->known(false);
    const double idle = control_time(scene, 1);
    costs.idle = idle / one_->capacity();
    const double before = one_->control_time();
    costs.open = one_->opening();
    const auto opened = static_cast<double>(one_->opened_each());
    const double passed = opened / kBatch * kStep.milliseconds / 1000.0 + kSecondsToEnd;
    const double ending =
        one_->control_time() - before + control_time(scene, kSecondsToEnd) - passed * idle;
    costs.end = std::max(0.0, ending / opened);
    const double known = two_->known(false);
    // Half of the packets are replies, all of which change workers.
    costs.handoff = std::max(0.0, 2 * (two_->wrong_core() - known));
}

void CostProbe::measure_blocks(Costs& costs) {
    const double took = control_time(*blocks_, kSecondsOfBlocks) / kSecondsOfBlocks;
    costs.lease = std::max(0.0, (took - bare_) / leased_);
}

/// The least of many tries: what is measured is wall time, in which others have the CPUs too.
void CostProbe::measure_line(Costs& costs) const {
    alignas(64) std::atomic<unsigned> turn = 0;
    const unsigned rounds = options_.quick ? 2 : kJourneyRounds;
    std::thread other([&] {
        pin_to_another_cpu();
        for (unsigned journey = 0; journey < rounds * kJourneys; ++journey) {
            wait_for(turn, 1);
            turn.store(0, std::memory_order_release);
        }
    });
    costs.line = std::numeric_limits<double>::max();
    for (unsigned round = 0; round < rounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (unsigned journey = 0; journey < kJourneys; ++journey) {
            turn.store(1, std::memory_order_release);
            wait_for(turn, 0);
        }
        costs.line = std::min(costs.line, nanoseconds_since(start) / (2.0 * kJourneys));
    }
    other.join();
}

void CostProbe::measure_journal(Costs& costs) const {
    flow::Journal journal(1);
    flow::Journal::Reader reader(journal);
    flow::JournalEntry entry;
    std::vector<flow::JournalEntry> entries;
    entries.reserve(flow::Journal::kEntries);
    uint64_t writing = 0, reading = 0;
    const unsigned times = options_.quick ? 2 : 32;
    for (unsigned i = 0; i <= times; ++i) {
        const uint64_t start = cpu_nanoseconds();
        for (uint64_t n = 0; n < flow::Journal::kEntries; ++n) {
            entry.time = flow::steady_now();
            journal.write(0, entry);
        }
        const uint64_t written = cpu_nanoseconds();
        reader.read(entries);
        if (i > 0) {  // the first takes the pages
            writing += written - start;
            reading += cpu_nanoseconds() - written;
        }
        entries.clear();
    }
    const double count = static_cast<double>(times) * flow::Journal::kEntries;
    costs.event = static_cast<double>(writing) / count;
    costs.reading = static_cast<double>(reading) / count;
}

Result<Costs> CostProbe::round() {
    Costs costs;
    measure_flows(costs);
    measure_blocks(costs);
    measure_line(costs);
    measure_journal(costs);
    if (one_->lost() + two_->lost() != 0)
        return Error{"packets did not come out: " + one_->drops() + "; " + two_->drops()};
    return costs;
}

}  // namespace sluice::bench
