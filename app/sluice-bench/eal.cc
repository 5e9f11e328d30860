// SPDX-License-Identifier: BSD-3-Clause
#include "eal.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <filesystem>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace sluice::bench {
namespace {

cpu_set_t allowed;  // as it was before EAL bound this thread to one

int nth_allowed(int n) {
    int last = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &allowed)) {
            last = cpu;
            if (n-- == 0)
                break;
        }
    return last;
}

}  // namespace

Eal::~Eal() {
    if (is_started_)
        rte_eal_cleanup();
}

Result<Eal> Eal::start(size_t bytes, PageKind pages) {
    sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<std::string> arguments{"sluice-bench",
                                       "--no-pci",
                                       "--no-telemetry",
                                       "--log-level=error",
                                       "--file-prefix=sluice-bench-" + std::to_string(getpid()),
                                       "-l",
                                       std::to_string(nth_allowed(0)),
                                       "-m",
                                       std::to_string((bytes >> 20) + 1)};
    // Neither leaves a file behind; the two exclude each other.
    if (pages == PageKind::Ordinary)
        arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
    else
        arguments.emplace_back("--in-memory");
    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0)
        return Error{"EAL does not start with " + std::to_string(bytes >> 20) +
                     " MB: " + rte_strerror(rte_errno)};
    std::error_code ignored;  // the directory is made even when nothing is put there
    std::filesystem::remove(rte_eal_get_runtime_dir(), ignored);
    return Eal();
}

void pin_to_another_cpu() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(nth_allowed(1), &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

}  // namespace sluice::bench
