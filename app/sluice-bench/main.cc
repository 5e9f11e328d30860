// SPDX-License-Identifier: BSD-3-Clause
#include "adopt.h"
#include "count.h"
#include "expire.h"
#include "flood.h"
#include "forward.h"
#include "open.h"
#include "rules.h"
#include "scale.h"
#include "simulate.h"
#include "table.h"
#include "tracker.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace sluice::bench;

constexpr const char* kNoHuge = "ordinary pages: for a try, not for figures";

/// A benchmark of the whole worker.
struct WorkerBench {
    const char* name;
    const char* description;
    int (*run)(const Options& options);
};

constexpr WorkerBench kWorkerBenches[] = {
    {"forward", "packets of known flows through the whole worker; runs all cases", run_forward},
    {"nat64", "packets of IPv6 hosts beside those of IPv4 hosts; runs all cases", run_nat64},
    {"open", "new flows, as many of which end as open; runs all cases", run_open},
    {"expire", "flows that are all over at once; runs all cases", run_expire},
    {"flood", "packets that cannot go on; runs all cases", run_flood},
    {"rules", "new flows and known ones beside many rules; runs all cases", run_rules},
    {"adopt", "flows of a gateway before, taken over; runs all cases", run_adopt},
    {"scale", "two workers beside one; runs all cases", run_scale},
};

CLI::App* add_worker_bench(CLI::App& app, const WorkerBench& bench, Options& options) {
    auto* command = app.add_subcommand(bench.name, bench.description);
    command->add_flag("--json", options.json, "one JSON object a line");
    command->add_flag("--quick", options.quick, "short rounds and few flows: for a try");
    command->add_option("--flows", options.flows, "only with so many flows");
    command->add_option("--rounds", options.rounds, "rounds of each case")
        ->check(CLI::Range(1, 1000));
    command->add_flag_callback(
        "--no-huge", [&options] { options.pages = sluice::PageKind::Ordinary; }, kNoHuge);
    return command;
}

/// Where nobody has said them the simulation measures what it begins with.
struct CostFlag {
    const char* name;
    std::optional<double> GivenCosts::*cost;
    const char* description;
};

constexpr CostFlag kCostFlags[] = {
    {"--packet-ns", &GivenCosts::packet, "of a known flow's packet, with I/O"},
    {"--open-ns", &GivenCosts::open, "of a flow that opens, the worker's"},
    {"--handoff-ns", &GivenCosts::handoff, "more, of a packet on the wrong core"},
    {"--line-ns", &GivenCosts::line, "until a line comes from another core"},
    {"--idle-ns", &GivenCosts::idle, "of the control core a second, each record"},
    {"--end-ns", &GivenCosts::end, "of a flow that ends, the control core's"},
    {"--lease-ns", &GivenCosts::lease, "of the control core a second, each block of ports"},
    {"--event-ns", &GivenCosts::event, "of an entry of the journal, who writes it"},
    {"--reading-ns", &GivenCosts::reading, "of an entry of the journal, who reads it"},
};

void add_simulation(CLI::App& command, SimulateOptions& simulate) {
    auto* flag = command.add_flag("--simulate", simulate.is_wanted,
                                  "what up to 64 workers would come to, and which part is full "
                                  "first, by costs that are measured now, or given");
    const auto of_simulation = [&](CLI::Option* option) { return option->needs(flag); };
    for (const CostFlag& cost : kCostFlags)
        of_simulation(command.add_option(cost.name, simulate.given.*cost.cost, cost.description))
            ->check(CLI::PositiveNumber);
    Crowd& crowd = simulate.crowd;
    of_simulation(command.add_option("--seed", crowd.seed, "of the hash that RSS is"));
    of_simulation(command.add_option("--zipf", crowd.exponent, "how uneven flows and hosts are"))
        ->check(CLI::Range(0.0, 4.0));
    of_simulation(command.add_option("--packets-per-flow", crowd.packets_per_flow, "both ways"))
        ->check(CLI::Range(1.0, 1e9));
    of_simulation(command.add_option("--flows-per-host", crowd.flows_per_host, "that stand"))
        ->check(CLI::Range(1.0, 1e9));
    of_simulation(command.add_option("--flows-per-block", crowd.flows_per_block, "0: no blocks"))
        ->check(CLI::Range(0.0, 1e9));
    of_simulation(
        command.add_flag("--steered", crowd.is_steered, "replies arrive at their flow's worker"));
}

CLI::App* add_count(CLI::App& app, CountOptions& count) {
    auto* command =
        app.add_subcommand("count", "packets of one kind and no more, for who counts instructions");
    command->add_option("kind", count.kind, "what is sent")
        ->required()
        ->check(CLI::IsMember(
            std::vector<std::string>(std::begin(kCountKinds), std::end(kCountKinds))));
    command->add_option("--batches", count.batches, "of 1024 packets, or flows that open")
        ->check(CLI::Range(1, 40));
    command->add_option("--burst", count.burst, "packets that the worker takes at once")
        ->check(CLI::Range(1, 32));
    command->add_flag_callback(
        "--no-huge", [&count] { count.pages = sluice::PageKind::Ordinary; }, kNoHuge);
    return command;
}

}  // namespace

int main(int argc, char** argv) try {
    CLI::App app("sluice-bench: what sluice costs, and its parts beside those of others");
    app.require_subcommand(1);

    TableOptions table;
    auto* table_command = app.add_subcommand(
        "table", "the flow table beside rte_hash and tbb::concurrent_hash_map; runs all cases");
    table_command->add_flag("--json", table.json, "one JSON object a line");
    table_command->add_option("--flows", table.flows,
                              "only tables of so many flows: 65536, 1048576, 8388608, 10000000");
    table_command->add_option("--load", table.loads, "only at this percentage: 50, 80, 85, 95, 97");
    table_command->add_option("--rounds", table.rounds, "rounds of each case")
        ->check(CLI::Range(7, 1000));
    table_command->add_flag_callback(
        "--no-huge", [&table] { table.pages = sluice::PageKind::Ordinary; }, kNoHuge);

    TrackerOptions tracker;
    auto* tracker_command =
        app.add_subcommand("tracker", "the TCP tracker, segment by segment; runs all cases");
    tracker_command->add_flag("--json", tracker.json, "one JSON object a line");
    tracker_command->add_option("--rounds", tracker.rounds, "rounds of each case")
        ->check(CLI::Range(7, 1000));

    Options options;
    std::vector<CLI::App*> worker_commands;
    for (const WorkerBench& bench : kWorkerBenches)
        worker_commands.push_back(add_worker_bench(app, bench, options));

    SimulateOptions simulate;
    add_simulation(*app.get_subcommand("scale"), simulate);

    CountOptions count;
    auto* count_command = add_count(app, count);

    CLI11_PARSE(app, argc, argv);
    if (count_command->parsed())
        return run_count(count);
    if (tracker_command->parsed())
        return run_tracker(tracker);
    if (simulate.is_wanted)
        return run_simulation(options, simulate);
    for (size_t i = 0; i < worker_commands.size(); ++i)
        if (worker_commands[i]->parsed())
            return kWorkerBenches[i].run(options);
    return run_table(table);
} catch (const std::bad_alloc&) {
    std::fputs("sluice-bench: there is not enough memory for this; choose fewer --flows\n", stderr);
    return 2;
}
