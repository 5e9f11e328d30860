// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// sluice: the gateway. Reads what it shall be, sets it up, runs until it is told to stop.

#include "sluice/args.h"
#include "sluice/cores.h"
#include "sluice/daemon.h"
#include "sluice/signals.h"

#include <cstdio>
#include <span>

namespace sluice::app {
namespace {

constexpr int kBadInput = 2;

int fail(const Error& error) {
    std::fprintf(stderr, "sluice: %s\n", error.message.c_str());
    return kBadInput;
}

/// Of --check.
int say_good(const config::Sources& sources) {
    const auto& file = sources.file();
    std::printf("sluice: %s is good\n", file ? file->path().c_str() : "the configuration");
    return 0;
}

int run(const config::Config& config) {
    StopSignals signals;
    const Result<std::unique_ptr<Daemon>> daemon = Daemon::start(config);
    if (!daemon)
        return fail(daemon.error());
    daemon.value()->run(signals);
    return 0;
}

int start(std::span<const char* const> arguments) {
    const Result<Invocation> invocation = read_arguments(arguments);
    if (!invocation)
        return fail(invocation.error());
    const auto& [sources, config, text, check] = invocation.value();
    if (text) {
        std::fputs(text->c_str(), stdout);
        return 0;
    }
    if (Status status = sources.validate(config, allowed_cpus()); !status)
        return fail(status.error());
    return check ? say_good(sources) : run(config);
}

}  // namespace
}  // namespace sluice::app

int main(int argc, char* argv[]) {
    return sluice::app::start({argv, static_cast<size_t>(argc)});
}
