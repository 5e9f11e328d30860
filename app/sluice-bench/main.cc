// SPDX-License-Identifier: BSD-3-Clause
#include "adopt.h"
#include "count.h"
#include "expire.h"
#include "flood.h"
#include "forward.h"
#include "open.h"
#include "rules.h"
#include "scale.h"
#include "table.h"
#include "tracker.h"

#include <CLI/CLI.hpp>
#include <iterator>
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

CLI::App* add_count(CLI::App& app, CountOptions& count) {
    auto* command =
        app.add_subcommand("count", "packets of one kind and no more, for who counts instructions");
    command->add_option("kind", count.kind, "what is sent")
        ->required()
        ->check(CLI::IsMember(
            std::vector<std::string>(std::begin(kCountKinds), std::end(kCountKinds))));
    command->add_option("--batches", count.batches, "of 1024 packets, or flows that open")
        ->check(CLI::Range(1, 40));
    command->add_flag_callback(
        "--no-huge", [&count] { count.pages = sluice::PageKind::Ordinary; }, kNoHuge);
    return command;
}

}  // namespace

int main(int argc, char** argv) {
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

    CountOptions count;
    auto* count_command = add_count(app, count);

    CLI11_PARSE(app, argc, argv);
    if (count_command->parsed())
        return run_count(count);
    if (tracker_command->parsed())
        return run_tracker(tracker);
    for (size_t i = 0; i < worker_commands.size(); ++i)
        if (worker_commands[i]->parsed())
            return kWorkerBenches[i].run(options);
    return run_table(table);
}
