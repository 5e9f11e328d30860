// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Bench: EAL, hugepages, a report and a way to fail, for the benchmarks of the whole worker.

#include "eal.h"
#include "huge_pages.h"
#include "report.h"
#include "rig/options.h"
#include "rig/rig.h"

namespace sluice::bench {

/// What a figure is about; every benchmark of the worker has these six.
struct Traffic {
    const char* protocol = "udp";
    const char* direction = "half";
    const char* order = "random";
    unsigned burst = 32;
    uint64_t flows = 0;
    unsigned workers = 1;
};

class Bench {
public:
    /// Reserves `bytes` of hugepages beside what EAL takes for its rigs, and starts EAL.
    static Result<Bench> start(const char* name, const Options& options, size_t bytes,
                               size_t eal_bytes = Rig::eal_bytes());

    /// Prints a figure. `target` sets one: Figure::at_most() or at_least().
    template <typename Target>
    void add(const Traffic& c, const char* unit, const Samples& ours, Target target) {
        Figure figure = figure_of(c, unit, ours);
        target(figure);
        report_.add(figure);
    }
    void add(const Traffic& c, const char* unit, const Samples& ours) {
        add(c, unit, ours, [](Figure&) {});
    }

    /// The last words: returns the exit code.
    int end() const;

private:
    Bench(HugePages pages, Eal eal, Report report)
        : pages_(std::move(pages)), eal_(std::move(eal)), report_(std::move(report)) {}
    static Figure figure_of(const Traffic& c, const char* unit, const Samples& ours);

    HugePages pages_;
    Eal eal_;
    Report report_;
};

/// Says what went wrong; returns the exit code.
int fail(const Error& error);

}  // namespace sluice::bench
