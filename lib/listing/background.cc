// SPDX-License-Identifier: BSD-3-Clause
#include "listing/background.h"

#include <pthread.h>
#include <sched.h>

namespace sluice::listing {

void Background::move() const {
    if (!cpus.empty()) {
        cpu_set_t set;
        CPU_ZERO(&set);
        for (const unsigned cpu : cpus)
            if (cpu < CPU_SETSIZE)
                CPU_SET(cpu, &set);
        pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
    }
    if (idle_class) {
        const sched_param parameters{};
        pthread_setschedparam(pthread_self(), SCHED_IDLE, &parameters);
    }
}

}  // namespace sluice::listing
