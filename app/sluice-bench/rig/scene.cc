// SPDX-License-Identifier: BSD-3-Clause
#include "rig/scene.h"

#include <algorithm>
#include <string>

namespace sluice::bench {
namespace {

/// New flows that are over wait for ageing; so many are known at once.
constexpr uint32_t kFreshBook = 1u << 22;

void shorten_timeouts(config::Config& config) {
    using conntrack::TcpState;
    const Duration second = Duration::seconds(1);
    config.tuning.udp = second;
    config.tuning.tcp[TcpState::SynSent] = second;
    config.tuning.tcp[TcpState::TimeWait] = second;
}

}  // namespace

Scene::Scene(const SceneParams& params)
    : standing_(net::Protocol::Tcp, std::max(params.standing, 1u)),
      fresh_(params.fresh, kFreshBook) {}

Result<std::unique_ptr<Scene>> Scene::create(const SceneParams& params, const Options& options) {
    std::unique_ptr<Scene> scene(new Scene(params));
    auto rig = Rig::create({.flows = params.standing + params.room,
                            .workers = params.workers,
                            .pages = options.pages,
                            .addresses = params.addresses,
                            .configure = [&](config::Config& config) {
                                shorten_timeouts(config);
                                params.configure(config);
                            }});
    if (!rig)
        return rig.error();
    scene->rig_ = std::move(rig).value();
    scene->rig_->freeze();  // or what opens first would be over before the last has opened
    Crew crew(*scene->rig_, scene->standing_);
    if (const uint32_t missing = open_flows(crew, params.standing); missing != 0)
        return Error{std::to_string(missing) +
                     " packets of opening flows are lost: " + scene->rig_->drops()};
    scene->crew_ = std::make_unique<Crew>(*scene->rig_, scene->fresh_);
    return scene;
}

std::vector<uint64_t> Scene::next_flows() {
    std::vector<uint64_t> flows(kBatch);
    for (uint64_t& flow : flows)
        flow = next_++;
    return flows;
}

double Scene::send(Lane& lane, std::span<const uint64_t> flows, net::Direction direction,
                   Kind kind) {
    std::vector<Item> items;
    items.reserve(flows.size());
    for (const uint64_t flow : flows)
        items.push_back({flow, direction, kind});
    lane.offer(items);
    const double took = lane.run_worker();
    lost_ += items.size() - lane.collect();
    return took;
}

double Scene::step() {
    double took = 0;
    // It looks at so many flows in a turn and no more, and in service it turns far more often.
    for (int passed = 0; passed < kStep.milliseconds; ++passed) {
        rig_->skip(Duration{1});
        const uint64_t start = cpu_nanoseconds();
        rig_->attend();
        took += static_cast<double>(cpu_nanoseconds() - start);
    }
    return took;
}

}  // namespace sluice::bench
