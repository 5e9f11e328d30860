// SPDX-License-Identifier: BSD-3-Clause
#include "rig/crew.h"

#include "eal.h"

#include <rte_lcore.h>

#include <algorithm>
#include <atomic>
#include <initializer_list>
#include <thread>

namespace sluice::bench {
namespace {

using net::Direction;

constexpr Duration kUntilOld = Duration::seconds(5);

/// A packet of every flow.
struct Step {
    Direction direction;
    Kind kind;
};

/// Sends one packet of each flow of [first, last) that is the lane's. Returns how many are lost.
uint32_t send_all(Lane& lane, std::span<const uint64_t> flows, Direction direction, Kind kind) {
    std::vector<Item> items;
    items.reserve(flows.size());
    for (const uint64_t flow : flows)
        items.push_back({flow, direction, kind});
    lane.offer(items);
    lane.run_worker();
    return static_cast<uint32_t>(items.size()) - lane.collect();
}

/// Takes each flow through what `steps` say, some at a time. Returns how many packets are lost.
uint32_t walk(Crew& crew, uint32_t flows, std::initializer_list<Step> steps) {
    uint32_t missing = 0;
    const auto lanes = static_cast<uint32_t>(crew.lanes().size());
    std::vector<uint64_t> some;
    for (Lane& lane : crew.lanes())
        for (uint64_t flow = lane.worker(); flow < flows; flow += lanes) {
            some.push_back(flow);
            if (some.size() < kBatch && flow + lanes < flows)
                continue;
            for (const Step& step : steps)
                missing += send_all(lane, some, step.direction, step.kind);
            some.clear();
            crew.rig().attend();
        }
    return missing;
}

}  // namespace

Crew::Crew(Rig& rig, Book& book) : rig_(rig) {
    for (unsigned worker = 0; worker < rig.workers(); ++worker)
        lanes_.emplace_back(rig, book, worker);
}

void Crew::each(const std::function<void(Lane&)>& work) {
    std::atomic<size_t> missing = lanes_.size();
    const auto begin_together = [&](Lane& lane) {
        --missing;
        while (missing != 0) {
        }
        work(lane);
    };
    std::vector<std::thread> others;
    for (size_t i = 1; i < lanes_.size(); ++i)
        others.emplace_back([&, i] {
            pin_to_another_cpu();
            rte_thread_register();  // for a cache of mbufs, as a worker has
            begin_together(lanes_[i]);
            rte_thread_unregister();
        });
    begin_together(lanes_.front());
    for (std::thread& other : others)
        other.join();
}

std::string Crew::fault() const {
    const auto at = std::find_if(lanes_.begin(), lanes_.end(),
                                 [](const Lane& lane) { return !lane.fault().empty(); });
    return at == lanes_.end() ? std::string() : at->fault();
}

uint32_t open_flows(Crew& crew, uint32_t flows) {
    const bool is_tcp = crew.lanes().front().book().protocol() == net::Protocol::Tcp;
    const Step open{Direction::Original, Kind::Open};
    const Step answer{Direction::Reply, Kind::Open};
    uint32_t missing = is_tcp ? walk(crew, flows, {open, answer, {Direction::Original, Kind::Ack}})
                              : walk(crew, flows, {open, answer});
    crew.rig().skip(kUntilOld);
    crew.rig().attend();
    if (!is_tcp)  // from here on they are streams
        missing += walk(crew, flows, {open});
    return missing;
}

}  // namespace sluice::bench
