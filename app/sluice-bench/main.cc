// SPDX-License-Identifier: BSD-3-Clause
#include "table.h"
#include "tracker.h"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
    CLI::App app("sluice-bench: what sluice's parts cost, beside those of others");
    app.require_subcommand(1);

    sluice::bench::TableOptions table;
    bool no_huge = false;
    auto* command = app.add_subcommand(
        "table", "the flow table beside rte_hash and tbb::concurrent_hash_map; runs all cases");
    command->add_flag("--json", table.json, "one JSON object a line");
    command->add_option("--flows", table.flows,
                        "only tables of so many flows: 65536, 1048576, 8388608");
    command->add_option("--load", table.loads, "only at this percentage: 50, 80, 85, 95, 97");
    command->add_option("--rounds", table.rounds, "rounds of each case")
        ->check(CLI::Range(7, 1000));
    command->add_flag("--no-huge", no_huge, "ordinary pages: for a try, not for figures");

    sluice::bench::TrackerOptions tracker;
    auto* tracker_command =
        app.add_subcommand("tracker", "the TCP tracker, segment by segment; runs all cases");
    tracker_command->add_flag("--json", tracker.json, "one JSON object a line");
    tracker_command->add_option("--rounds", tracker.rounds, "rounds of each case")
        ->check(CLI::Range(7, 1000));

    CLI11_PARSE(app, argc, argv);
    if (tracker_command->parsed())
        return sluice::bench::run_tracker(tracker);
    if (no_huge)
        table.pages = sluice::PageKind::Ordinary;
    return sluice::bench::run_table(table);
}
