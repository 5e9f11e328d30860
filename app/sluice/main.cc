// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// sluice: the gateway. Reads what it shall be, sets it up, runs until it is told to stop.

#include "sluice/args.h"
#include "sluice/platform.h"
#include "sluice/signals.h"

#include <cstdio>
#include <span>

namespace sluice::app {
namespace {

constexpr int kBadInput = 2;
constexpr int kLinkMilliseconds = 10000;  // a NIC takes a few seconds to find its speed
constexpr int kLinkPollMilliseconds = 50;

int fail(const Error& error) {
    std::fprintf(stderr, "sluice: %s\n", error.message.c_str());
    return kBadInput;
}

/// Waits until the NICs have found their links; false when told to stop meanwhile.
bool wait_for_links(const Ports& ports, StopSignals& signals) {
    for (int waited = 0; !ports.are_links_up(); waited += kLinkPollMilliseconds) {
        if (waited >= kLinkMilliseconds) {
            std::fputs("sluice: a port has no link; going on without\n", stderr);
            return true;
        }
        if (signals.wait(kLinkPollMilliseconds))
            return false;
    }
    return true;
}

int run(const config::Config& config) {
    StopSignals signals;
    Result<std::unique_ptr<Platform>> platform = Platform::start(config);
    if (!platform)
        return fail(platform.error());
    if (!wait_for_links(platform.value()->ports(), signals))
        return 0;
    signals.wait(-1);
    return 0;
}

int start(std::span<const char* const> arguments) {
    const Result<Invocation> invocation = read_arguments(arguments);
    if (!invocation)
        return fail(invocation.error());
    if (const auto& text = invocation.value().text) {
        std::fputs(text->c_str(), stdout);
        return 0;
    }
    return run(invocation.value().config);
}

}  // namespace
}  // namespace sluice::app

int main(int argc, char* argv[]) {
    return sluice::app::start({argv, static_cast<size_t>(argc)});
}
