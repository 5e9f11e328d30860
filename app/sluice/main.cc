// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// sluice: the gateway. Reads what it shall be, sets it up, runs until it is told to stop.

#include "sluice/args.h"
#include "sluice/cores.h"
#include "sluice/daemon.h"
#include "sluice/exit_code.h"
#include "sluice/memory.h"
#include "sluice/signals.h"

#include <cstdio>
#include <span>
#include <utility>

namespace sluice::app {
namespace {

ExitCode fail(const Error& error, ExitCode code) {
    std::fprintf(stderr, "sluice: %s\n", error.message.c_str());
    return code;
}

/// Of --check.
ExitCode say_good(const config::Sources& sources) {
    const auto& file = sources.file();
    std::printf("sluice: %s is good\n", file ? file->path().c_str() : "the configuration");
    return ExitCode::Stopped;
}

/// Whether the configuration can work on some machine.
Status check(const config::Sources& sources, const config::Config& config) {
    Status status = sources.validate(config, allowed_cpus());
    return status ? check_memory_flag(config) : std::move(status);
}

ExitCode run(const config::Config& config) {
    Signals signals;
    const Result<std::unique_ptr<Daemon>> daemon = Daemon::start(config);
    if (!daemon)
        return fail(daemon.error(), ExitCode::NotReady);
    daemon.value()->run(signals);
    return ExitCode::Stopped;
}

ExitCode start(std::span<const char* const> arguments) {
    const Result<Invocation> invocation = read_arguments(arguments);
    if (!invocation)
        return fail(invocation.error(), ExitCode::BadConfiguration);
    const auto& [sources, config, text, is_check] = invocation.value();
    if (text) {
        std::fputs(text->c_str(), stdout);
        return ExitCode::Stopped;
    }
    if (const Status status = check(sources, config); !status)
        return fail(status.error(), ExitCode::BadConfiguration);
    return is_check ? say_good(sources) : run(config);
}

}  // namespace
}  // namespace sluice::app

int main(int argc, char* argv[]) {
    return static_cast<int>(sluice::app::start({argv, static_cast<size_t>(argc)}));
}
