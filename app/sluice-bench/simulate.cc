// SPDX-License-Identifier: BSD-3-Clause
#include "simulate.h"

#include "rig/bench.h"
#include "rig/costs.h"

#include <string>
#include <vector>

namespace sluice::bench {
namespace {

constexpr unsigned kWorkers[] = {1, 2, 16, 32, 64};
constexpr uint32_t kFlows[] = {1'000'000, 10'000'000, 100'000'000};

/// A cost, how it is called, and how it is given.
struct Step {
    double Costs::*cost;
    std::optional<double> GivenCosts::*given;
    const char* unit;
};

constexpr Step kSteps[] = {
    {&Costs::packet, &GivenCosts::packet, "ns/packet, known flow, with I/O"},
    {&Costs::open, &GivenCosts::open, "ns/flow that opens, of its worker"},
    {&Costs::handoff, &GivenCosts::handoff, "ns/packet more on the wrong core"},
    {&Costs::line, &GivenCosts::line, "ns/line from another core"},
    {&Costs::idle, &GivenCosts::idle, "ns/record each second, the control core's"},
    {&Costs::end, &GivenCosts::end, "ns/flow that ends, the control core's"},
    {&Costs::lease, &GivenCosts::lease, "ns/block each second, the control core's"},
    {&Costs::event, &GivenCosts::event, "ns/entry of the journal, written"},
    {&Costs::reading, &GivenCosts::reading, "ns/entry of the journal, read"},
};

bool has_all(const GivenCosts& given) {
    for (const Step& step : kSteps)
        if (!(given.*step.given))
            return false;
    return true;
}

void replace(Costs& costs, const GivenCosts& given) {
    for (const Step& step : kSteps)
        costs.*step.cost = (given.*step.given).value_or(costs.*step.cost);
}

/// One for each round, or one that was given.
Result<std::vector<Costs>> costs_of(const Options& options, const GivenCosts& given) {
    std::vector<Costs> rounds;
    if (has_all(given)) {
        replace(rounds.emplace_back(), given);
        return rounds;
    }
    auto probe = CostProbe::create(options);
    if (!probe)
        return probe.error();
    for (unsigned i = 0; i < options.rounds; ++i) {
        auto costs = probe.value()->round();
        if (!costs)
            return costs.error();
        replace(rounds.emplace_back(costs.value()), given);
    }
    return rounds;
}

void print_costs(const std::vector<Costs>& rounds, const Options& options, Bench& bench) {
    for (const Step& step : kSteps) {
        Samples samples;
        for (const Costs& costs : rounds)
            samples.add(costs.*step.cost);
        bench.add({"costs", "half", "random", worker::kBurstSize, Team::flows_of(options), 2},
                  step.unit, samples);
    }
}

/// By the medians.
Costs middle(const std::vector<Costs>& rounds) {
    Costs costs;
    for (const Step& step : kSteps) {
        Samples samples;
        for (const Costs& each : rounds)
            samples.add(each.*step.cost);
        costs.*step.cost = samples.median();
    }
    return costs;
}

void print_case(const std::vector<Costs>& rounds, const Crowd& crowd, Bench& bench) {
    const Traffic c{"simulated", "half", "zipf", 32, crowd.flows, crowd.workers};
    std::array<Samples, kPartCount> packets;
    Samples most, busiest, idle;
    for (const Costs& costs : rounds) {
        const Forecast made = forecast(costs, crowd);
        for (size_t part = 0; part < kPartCount; ++part)
            packets[part].add(made.packets[part]);
        most.add(made.most());
        busiest.add(made.busiest * crowd.workers);
        idle.add(100 * made.control_idle);
    }
    const Part first = forecast(middle(rounds), crowd).first();
    bench.add(c, (std::string("packets/s, then is full: ") + name_of(first)).c_str(), most);
    for (size_t part = 0; part < kPartCount; ++part)
        bench.add(
            c, (std::string("packets/s until full: ") + name_of(static_cast<Part>(part))).c_str(),
            packets[part]);
    bench.add(c, "times the mean, the busiest worker's packets", busiest);
    bench.add(c, "% of the control core for flows that stand", idle);
    Samples memory;
    memory.add(static_cast<double>(Rig::table_bytes(static_cast<uint32_t>(crowd.flows))) / 1e9);
    bench.add(c, "GB of memory", memory);
}

}  // namespace

int run_simulation(const Options& options, const SimulateOptions& simulate) {
    const bool measures = !has_all(simulate.given);
    auto bench = Bench::start("simulate", options, measures ? CostProbe::table_bytes(options) : 0,
                              measures ? CostProbe::eal_bytes() : Rig::eal_bytes());
    if (!bench)
        return fail(bench.error());
    auto rounds = costs_of(options, simulate.given);
    if (!rounds)
        return fail(rounds.error());
    print_costs(rounds.value(), options, bench.value());
    std::vector<uint32_t> flows = options.flows;
    if (flows.empty())
        flows.assign(std::begin(kFlows), std::end(kFlows));
    for (const uint32_t count : flows)
        for (const unsigned workers : kWorkers) {
            Crowd crowd = simulate.crowd;
            crowd.flows = count;
            crowd.workers = workers;
            print_case(rounds.value(), crowd, bench.value());
        }
    return bench->end();
}

}  // namespace sluice::bench
