// SPDX-License-Identifier: BSD-3-Clause
#include "listing/background.h"

#include "catch.h"

#include <sched.h>
#include <sys/resource.h>
#include <thread>

namespace background_test {

using namespace sluice::listing;

namespace {

/// Runs work(background) on a thread of its own, which has entered.
template <typename Work>
void in_background(bool idle_class, const Work& work) {
    std::thread([&] {
        const Background background{.idle_class = idle_class};
        background.enter();
        work(background);
    }).join();
}

/// Where the kernel lets no thread of this process out of the idle class, they stay there.
int class_at_rest() {
    permit_rest();
    int left = -1;
    std::thread([&] {
        const sched_param parameters{};
        sched_setscheduler(0, SCHED_IDLE, &parameters);
        left = sched_setscheduler(0, SCHED_OTHER, &parameters);
    }).join();
    return left == 0 ? SCHED_OTHER : SCHED_IDLE;
}

}  // namespace

TEST_CASE("a background thread: in the idle class while it works, in that of all at rest",
          "[listing]") {
    int working = -1;
    int resting = -1;
    int working_again = -1;
    in_background(true, [&](const Background&) {
        working = sched_getscheduler(0);
        {
            const AtRest rest;
            resting = sched_getscheduler(0);
        }
        working_again = sched_getscheduler(0);
    });
    CHECK(working == SCHED_IDLE);
    CHECK(resting == class_at_rest());
    CHECK(working_again == SCHED_IDLE);
}

TEST_CASE("a background thread: one that it makes at rest works in the idle class", "[listing]") {
    int made = -1;
    int working = -1;
    int done = -1;
    in_background(true, [&](const Background& background) {
        const AtRest rest;
        std::thread([&] {
            made = sched_getscheduler(0);
            {
                const AtWork work(background);
                working = sched_getscheduler(0);
            }
            done = sched_getscheduler(0);
        }).join();
    });
    CHECK(made == class_at_rest());
    CHECK(working == SCHED_IDLE);
    CHECK(done == class_at_rest());
}

TEST_CASE("a background thread: without the idle class it never gets there", "[listing]") {
    int after_rest = -1;
    in_background(false, [&](const Background&) {
        { const AtRest rest; }
        { const AtWork work(Background{.idle_class = false}); }
        after_rest = sched_getscheduler(0);
    });
    CHECK(after_rest == SCHED_OTHER);
}

TEST_CASE("a background thread: outside of the idle class it is as nice as it is told",
          "[listing]") {
    int nice = 0;
    int policy = -1;
    std::thread([&] {
        Background{.idle_class = false, .nice = 19}.enter();
        { const AtRest rest; }
        nice = getpriority(PRIO_PROCESS, 0);
        policy = sched_getscheduler(0);
    }).join();
    CHECK(nice == 19);
    CHECK(policy == SCHED_OTHER);
    CHECK(getpriority(PRIO_PROCESS, 0) != 19);  // that thread alone
}

TEST_CASE("permit_rest: what is permitted stays so", "[listing]") {
    const bool is_permitted = permit_rest();
    CHECK(permit_rest() == is_permitted);
    rlimit limit{};
    REQUIRE(getrlimit(RLIMIT_NICE, &limit) == 0);
    CHECK((limit.rlim_cur >= 20) == is_permitted);
}

}  // namespace background_test
