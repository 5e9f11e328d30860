// SPDX-License-Identifier: BSD-3-Clause
#include "listing/background.h"

#include <algorithm>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

namespace sluice::listing {
namespace {

constexpr rlim_t kOfAllOthers = 20;  // as getrlimit(2) counts a nice value of 0

void set_class(int policy) {
    const sched_param parameters{};
    pthread_setschedparam(pthread_self(), policy, &parameters);
}

}  // namespace

void Background::enter() const {
    if (!cpus.empty()) {
        cpu_set_t set;
        CPU_ZERO(&set);
        for (const unsigned cpu : cpus)
            if (cpu < CPU_SETSIZE)
                CPU_SET(cpu, &set);
        pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
    }
    if (idle_class)
        set_class(SCHED_IDLE);
    else if (nice != 0)
        setpriority(PRIO_PROCESS, 0, nice);  // on Linux of the calling thread alone
    on_entry();
}

AtWork::AtWork(const Background& background) : is_idle_(background.idle_class) {
    if (is_idle_)
        set_class(SCHED_IDLE);
}

AtWork::~AtWork() {
    if (is_idle_)
        set_class(SCHED_OTHER);
}

AtRest::AtRest() : was_idle_(sched_getscheduler(0) == SCHED_IDLE) {
    if (was_idle_)
        set_class(SCHED_OTHER);
}

AtRest::~AtRest() {
    if (was_idle_)
        set_class(SCHED_IDLE);
}

bool permit_rest() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NICE, &limit) != 0)
        return false;
    if (limit.rlim_cur >= kOfAllOthers)
        return true;
    limit = {kOfAllOthers, std::max(limit.rlim_max, kOfAllOthers)};
    return setrlimit(RLIMIT_NICE, &limit) == 0;
}

}  // namespace sluice::listing
