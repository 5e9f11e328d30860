// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Costs, measured: one round of each step that the simulation counts with.
///
/// Shape    Two teams see the same traffic: what a packet, an opening and an end cost is of one
///          worker, a handoff of two. Blocks of ports have a rig of their own, in which each flow
///          has one; a line goes back and forth between two threads; a journal is written and read.
/// Threads  The caller's, and one more where two are wanted.

#include "rig/team.h"
#include "simulation.h"

namespace sluice::bench {

class CostProbe {
public:
    static Result<std::unique_ptr<CostProbe>> create(const Options& options);
    /// Pages and EAL's memory for it.
    static size_t table_bytes(const Options& options);
    static size_t eal_bytes() { return 3 * Rig::eal_bytes(); }

    /// Each step once. An Error when packets were lost.
    Result<Costs> round();

private:
    explicit CostProbe(const Options& options) : options_(options) {}

    void measure_flows(Costs& costs);
    void measure_blocks(Costs& costs);
    void measure_line(Costs& costs) const;
    void measure_journal(Costs& costs) const;

    Options options_;
    std::unique_ptr<Team> one_;
    std::unique_ptr<Team> two_;
    std::unique_ptr<Scene> blocks_;
    double bare_ = 0;  ///< Nanoseconds of a second of the control core's, before there were blocks.
    uint32_t leased_ = 0;
};

}  // namespace sluice::bench
