// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/args.h"
#include "sluicectl/check_file.h"
#include "sluicectl/client.h"
#include "sluicectl/replay_file.h"
#include "sluicectl/top.h"
#include "sluicectl/who_file.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

int main(int argc, char** argv) try {
    std::signal(SIGPIPE, SIG_IGN);  // a write that fails says so
    const sluicectl::Request request = sluicectl::parse_args(argc, argv);
    if (request.replay)
        return sluicectl::replay_file(request);
    if (request.top)
        return sluicectl::top(request);
    if (request.past)
        return sluicectl::who_file(*request.past);
    if (request.packets)
        return sluicectl::ask(request);
    if (request.capture)
        return sluicectl::capture(request);
    return request.file ? sluicectl::check_file(*request.file) : sluicectl::run(request);
} catch (const std::bad_alloc&) {
    std::fputs("sluicectl: there is not enough memory for this\n", stderr);
    return 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "sluicectl: %s\n", error.what());
    return 1;
}
