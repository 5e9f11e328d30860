// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/cores.h"

#include <algorithm>
#include <sched.h>
#include <set>

namespace sluice::app {
namespace {

bool contains(std::span<const unsigned> cpus, unsigned cpu) {
    return std::find(cpus.begin(), cpus.end(), cpu) != cpus.end();
}

unsigned choose_control(const config::Config& config, std::span<const unsigned> allowed) {
    if (config.control_core)
        return *config.control_core;
    const auto free = std::find_if(allowed.begin(), allowed.end(), [&](unsigned cpu) {
        return !contains(config.worker_cores, cpu);
    });
    return free == allowed.end() ? allowed.front() : *free;
}

std::vector<unsigned> choose_workers(unsigned count, unsigned control,
                                     std::span<const unsigned> allowed) {
    std::vector<unsigned> order;
    for (const unsigned cpu : allowed)
        if (cpu != control)
            order.push_back(cpu);
    order.push_back(control);  // the last resort: it is shared with the control core
    std::vector<unsigned> workers;
    for (unsigned i = 0; i < count; ++i)
        workers.push_back(order[i % order.size()]);
    return workers;
}

}  // namespace

bool CorePlan::is_shared() const {
    std::set<unsigned> seen{control};
    return std::any_of(workers.begin(), workers.end(),
                       [&](unsigned cpu) { return !seen.insert(cpu).second; });
}

std::string CorePlan::lcores() const {
    std::string text = "0@" + std::to_string(control);
    for (size_t i = 0; i < workers.size(); ++i)
        text += ',' + std::to_string(i + 1) + '@' + std::to_string(workers[i]);
    return text;
}

std::vector<unsigned> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<unsigned> cpus;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return {0};
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set))
            cpus.push_back(cpu);
    return cpus;
}

CorePlan plan_cores(const config::Config& config, std::span<const unsigned> allowed) {
    CorePlan plan;
    plan.control = choose_control(config, allowed);
    plan.workers = config.worker_cores.empty()
                       ? choose_workers(config.workers, plan.control, allowed)
                       : config.worker_cores;
    for (const unsigned cpu : allowed)
        if (!contains(plan.workers, cpu))
            plan.listing.push_back(cpu);
    if (plan.listing.empty())
        plan.listing.push_back(plan.control);
    plan.idle = config.idle.value_or(plan.is_shared() ? config::Idle::Sleep : config::Idle::Busy);
    return plan;
}

}  // namespace sluice::app
