// SPDX-License-Identifier: BSD-3-Clause
#include "adopt.h"

#include "base/memory.h"
#include "eal.h"
#include "rig/bench.h"
#include "rig/scene.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <string>

namespace sluice::bench {
namespace {

constexpr double kMostSeconds = 3;  // for k10M flows

/// What a gateway with so many connections has left in its state file, and when.
struct Left {
    Pages records;
    Pages copy;  ///< For a gateway, which changes it.
    size_t capacity = 0;
    Tick at{};

    gateway::Inheritance inheritance() const {
        const std::span<std::byte> memory = copy.memory();
        std::memcpy(memory.data(), records.memory().data(), memory.size());
        auto* const first = reinterpret_cast<flow::FlowRecord*>(memory.data());
        return {.records = {{first, capacity}, {}}, .is_found = true, .now = at};
    }
};

Result<Left> leave(uint32_t flows, const Options& options) {
    const auto scene = Scene::create({.standing = flows, .room = flows / 8 + kBatch}, options);
    if (!scene)
        return scene.error();
    const flow::FlowTable& table = (*scene)->rig().gateway().table();
    Left left{{}, {}, table.capacity(), (*scene)->rig().now()};
    const size_t bytes = flow::RecordMemory::bytes_needed(table.capacity(), false);
    for (Pages* pages : {&left.records, &left.copy}) {
        auto mapped = Pages::map(bytes, PageKind::Ordinary, -1);
        if (!mapped)
            return mapped.error();
        *pages = std::move(mapped).value();
    }
    std::memcpy(left.records.memory().data(), static_cast<const void*>(&table.record(0)), bytes);
    return left;
}

Status adopt_flows(uint32_t flows, const Options& options, Bench& bench) {
    auto left = leave(flows, options);
    if (!left)
        return left.error();
    Samples seconds, rate, worked;
    for (unsigned i = 0; i < options.rounds; ++i) {
        auto rig = Rig::create({.flows = flows + flows / 8 + kBatch,
                                .pages = options.pages,
                                .inheritance = (*left).inheritance()});
        if (!rig)
            return rig.error();
        const gateway::Restored& restored = (*rig)->gateway().restored();
        if (restored.tally.flows != flows)
            return Error{std::to_string(flows - restored.tally.flows) +
                         " flows are not taken over"};
        const double took = std::chrono::duration<double>(restored.took).count();
        seconds.add(took);
        rate.add(flows / took);
        worked.add(std::chrono::duration<double>(restored.worked).count());
    }
    const Traffic c{"tcp", "none", "taken over", 32, flows, 1};
    bench.add(c, "flows taken over/s", rate);
    const auto aim = [&](Figure& figure) {
        if (flows == k10M)
            figure.at_most(kMostSeconds);
    };
    bench.add(c, "seconds", seconds, aim);
    bench.add(c, "seconds of CPU", worked, aim);
    return Done{};
}

}  // namespace

int run_adopt(const Options& options) {
    std::vector<uint32_t> flows = options.flows;
    if (flows.empty())
        flows = options.quick ? std::vector{k64K} : std::vector{k1M, k10M};
    const uint32_t most = *std::max_element(flows.begin(), flows.end());
    auto bench = Bench::start("adopt", options, Rig::table_bytes(most + most / 8 + kBatch));
    if (!bench)
        return fail(bench.error());
    for (const uint32_t count : flows)
        if (Status status = adopt_flows(count, options, bench.value()); !status)
            return fail(status.error());
    return bench->end();
}

}  // namespace sluice::bench
