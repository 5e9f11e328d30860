// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/args.h"
#include "sluicectl/client.h"

#include <csignal>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
    std::signal(SIGPIPE, SIG_IGN);  // a write that fails says so
    return sluicectl::run(sluicectl::parse_args(argc, argv));
} catch (const std::exception& error) {
    std::fprintf(stderr, "sluicectl: %s\n", error.what());
    return 1;
}
