// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/cores.h"

#include "catch.h"

#include <algorithm>
#include <pthread.h>
#include <sched.h>
#include <thread>
#include <vector>

namespace cores_test {

using namespace sluice;
using namespace sluice::app;
using Cpus = std::vector<unsigned>;

namespace {

CorePlan plan(unsigned workers, const Cpus& allowed) {
    config::Config config;
    config.workers = workers;
    return plan_cores(config, allowed);
}

}  // namespace

TEST_CASE("cores: the control core takes the first allowed CPU, workers the next", "[sluice]") {
    const CorePlan cores = plan(2, {3, 5, 8, 9});
    CHECK(cores.control == 3);
    CHECK(cores.workers == Cpus{5, 8});
    CHECK(cores.listing == Cpus{3, 9});
    CHECK(cores.lcores() == "0@3,1@5,2@8");
    CHECK_FALSE(cores.is_shared());
    CHECK(cores.idle == config::Idle::Busy);
}

TEST_CASE("cores: with too few CPUs threads share them and sleep when idle", "[sluice]") {
    const CorePlan two = plan(2, {0, 1});
    CHECK(two.workers == Cpus{1, 0});
    CHECK(two.listing == Cpus{0});
    CHECK(two.is_shared());
    CHECK(two.idle == config::Idle::Sleep);

    const CorePlan one = plan(3, {6});
    CHECK(one.workers == Cpus{6, 6, 6});
    CHECK(one.lcores() == "0@6,1@6,2@6,3@6");
    CHECK(one.listing == Cpus{6});
}

TEST_CASE("cores: what the operator names is taken", "[sluice]") {
    config::Config config;
    SECTION("the control core") {
        config.control_core = 2;
        config.workers = 2;
        const CorePlan cores = plan_cores(config, Cpus{0, 1, 2, 3});
        CHECK(cores.control == 2);
        CHECK(cores.workers == Cpus{0, 1});
        CHECK(cores.listing == Cpus{2, 3});
    }
    SECTION("worker cores: the control core keeps out of their way") {
        config.worker_cores = {0, 2};
        config.workers = 2;
        const CorePlan cores = plan_cores(config, Cpus{0, 1, 2, 3});
        CHECK(cores.control == 1);
        CHECK(cores.workers == Cpus{0, 2});
    }
    SECTION("all CPUs for workers: the control core shares the first") {
        config.worker_cores = {0, 1};
        config.workers = 2;
        const CorePlan cores = plan_cores(config, Cpus{0, 1});
        CHECK(cores.control == 0);
        CHECK(cores.is_shared());
        CHECK(cores.listing == Cpus{0});
    }
    SECTION("how to be idle") {
        config.idle = config::Idle::Busy;
        CHECK(plan_cores(config, Cpus{0}).idle == config::Idle::Busy);
    }
}

TEST_CASE("cores: the allowed CPUs are those that the caller may run on, in order", "[sluice]") {
    const Cpus all = allowed_cpus();
    REQUIRE_FALSE(all.empty());
    CHECK(std::is_sorted(all.begin(), all.end()));
    Cpus seen;
    for (const unsigned cpu : all)
        std::thread([&seen, cpu] {  // which alone is bound
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            if (pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0)
                for (const unsigned allowed : allowed_cpus())
                    seen.push_back(allowed);
        })
            .join();
    CHECK(seen == all);
}

}  // namespace cores_test
