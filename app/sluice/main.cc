// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// sluice: the gateway. Reads what it shall be, sets it up, runs until it is told to stop.

#include "sluice/args.h"
#include "sluice/check.h"
#include "sluice/cores.h"
#include "sluice/daemon.h"
#include "sluice/exit_code.h"
#include "sluice/memory.h"
#include "sluice/signals.h"

#include <algorithm>
#include <cstdio>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::app {
namespace {

ExitCode fail(const Error& error, ExitCode code) {
    std::fprintf(stderr, "sluice: %s\n", error.message.c_str());
    return code;
}

/// As fail(), where there may be no memory for a sentence either.
ExitCode fail_for_memory() {
    std::fputs(
        "sluice: there is not enough memory to start; choose fewer --flows, or raise what "
        "limits this process (ulimit -d and -v, MemoryMax= of a unit)\n",
        stderr);
    return ExitCode::NotReady;
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

ExitCode run(const config::Sources& sources, const config::Config& config) {
    Signals signals;
    const Result<std::unique_ptr<Daemon>> daemon = Daemon::start(sources, config);
    if (!daemon)
        return fail(daemon.error(), ExitCode::NotReady);
    return daemon.value()->run(signals);
}

/// Of `sluice check`.
ExitCode say_findings(const config::Config& config, bool as_json) {
    const std::vector<Finding> findings = check_machine(config);
    std::fputs((as_json ? findings_json(findings) : findings_text(findings)).c_str(), stdout);
    const bool is_ready = std::none_of(findings.begin(), findings.end(), [](const auto& finding) {
        return finding.kind == Finding::Kind::Problem;
    });
    return is_ready ? ExitCode::Stopped : ExitCode::NotReady;
}

/// `sluice check [--json] FLAG...`: the machine is looked at for a start with these flags.
struct MachineCheck {
    bool is_asked = false;
    bool as_json = false;
};
MachineCheck take_machine_check(std::vector<const char*>& arguments) {
    const auto take = [&](const char* word) {
        const bool is_there = arguments.size() > 1 && std::string_view(arguments[1]) == word;
        if (is_there)
            arguments.erase(arguments.begin() + 1);
        return is_there;
    };
    const bool is_asked = take("check");
    return {is_asked, is_asked && take("--json")};
}

ExitCode start(std::vector<const char*> arguments) {
    const MachineCheck machine_check = take_machine_check(arguments);
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
    if (machine_check.is_asked)
        return say_findings(config, machine_check.as_json);
    return is_check ? say_good(sources) : run(sources, config);
}

}  // namespace
}  // namespace sluice::app

int main(int argc, char* argv[]) try {
    return static_cast<int>(sluice::app::start({argv, argv + argc}));
} catch (const std::bad_alloc&) {
    return static_cast<int>(sluice::app::fail_for_memory());
}
