// SPDX-License-Identifier: BSD-3-Clause
#include "scale.h"

#include "rig/bench.h"
#include "rig/team.h"

namespace sluice::bench {
namespace {

constexpr double kEstablished = 1.9;
constexpr double kOfFloor = 0.95;
constexpr double kOpening = 1.8;
constexpr double kWrongCore = 1.4;

/// How many times as much two workers do in the same time as one.
double gain(double one, double two) {
    return 2 * one / two;
}

Status measure(Team& one, Team& two, const Options& options, Bench& bench) {
    Samples known, of_floor, opening, control;
    for (unsigned i = 0; i < options.rounds; ++i) {
        const double by_floor = gain(one.known(true), two.known(true));
        known.add(gain(one.known(false), two.known(false)));
        of_floor.add(known.values.back() / by_floor);
        opening.add(gain(one.opening(), two.opening()));
        control.add(two.control_share());
    }
    Samples wrong;
    for (unsigned i = 0; i < options.rounds; ++i)
        wrong.add(gain(one.known(false), two.wrong_core()));
    if (one.lost() + two.lost() != 0)
        return Error{"packets did not come out: " + one.drops() + "; " + two.drops()};

    const Traffic c{"tcp", "half", "random", worker::kBurstSize, Team::flows_of(options), 2};
    const bool as_floor = of_floor.median() >= kOfFloor;
    bench.add(c, "times one worker", known, [&](Figure& figure) {
        figure.at_least(kEstablished);
        figure.reached = figure.reached || as_floor;
    });
    bench.add(c, "times how the floor probe scales", of_floor,
              [](Figure& figure) { figure.at_least(kOfFloor); });
    bench.add({"udp first packets", "out", "fresh", c.burst, c.flows, 2}, "times one worker",
              opening, [](Figure& figure) { figure.at_least(kOpening); });
    bench.add({"tcp", "half, every reply on the wrong core", "random", c.burst, c.flows, 2},
              "times one worker", wrong, [](Figure& figure) { figure.at_least(kWrongCore); });
    bench.add(c, "% of the CPU time is the control core's", control);
    return Done{};
}

}  // namespace

int run_scale(const Options& options) {
    const uint32_t flows = Team::flows_of(options);
    auto bench = Bench::start("scale", options, 2 * Team::table_bytes(flows), 2 * Rig::eal_bytes());
    if (!bench)
        return fail(bench.error());
    auto one = Team::create(1, flows, options);
    if (!one)
        return fail(one.error());
    auto two = Team::create(2, flows, options);
    if (!two)
        return fail(two.error());
    if (Status status = measure(*one.value(), *two.value(), options, bench.value()); !status)
        return fail(status.error());
    return bench->end();
}

}  // namespace sluice::bench
