// SPDX-License-Identifier: BSD-3-Clause
#include "eal.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sched.h>
#include <string>
#include <unistd.h>

namespace sluice::test {
namespace {

/// The CPUs that the program may use, as EAL wants them: "0@(0,1)", so that it pins nobody.
std::string lcores() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    std::string list;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &allowed))
            list += (list.empty() ? "" : ",") + std::to_string(cpu);
    return "0@(" + list + ")";
}

/// EAL makes its directory even when it has nothing to put there; a test that aborts must not leave
/// it behind.
void remove_directory() {
    std::error_code ignored;
    std::filesystem::remove(rte_eal_get_runtime_dir(), ignored);
}

void stop_eal() {
    rte_eal_cleanup();
}

}  // namespace

void start_eal() {
    static bool started = false;
    if (started)
        return;
    std::array arguments{std::string("test"),
                         "--lcores=" + lcores(),
                         std::string("--no-huge"),
                         std::string("-m"),
                         std::string("256"),
                         std::string("--no-pci"),
                         std::string("--no-telemetry"),
                         std::string("--no-shconf"),
                         std::string("--log-level=error"),
                         "--file-prefix=sluice-test-" + std::to_string(getpid())};
    std::array<char*, arguments.size() + 1> argv{};
    for (size_t i = 0; i < arguments.size(); ++i)
        argv[i] = arguments[i].data();
    if (rte_eal_init(static_cast<int>(arguments.size()), argv.data()) < 0) {
        std::fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
        std::exit(1);
    }
    remove_directory();
    std::atexit(stop_eal);
    started = true;
}

}  // namespace sluice::test
