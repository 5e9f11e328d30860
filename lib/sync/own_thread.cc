// SPDX-License-Identifier: BSD-3-Clause
#include "sync/own_thread.h"

#include <csignal>
#include <system_error>
#include <utility>

namespace sluice::sync {

Status OwnThread::start(const std::string& flag, const listing::Background& background,
                        std::function<void()> run) {
    try {
        thread_ = std::thread([background, run = std::move(run)] {
            background.enter();
            sigset_t broken_pipe;
            sigemptyset(&broken_pipe);
            sigaddset(&broken_pipe, SIGPIPE);
            pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
            run();
        });
    } catch (const std::system_error& error) {
        return Error{flag + ": its thread cannot be started: " + error.what()};
    }
    return Done{};
}

void OwnThread::stop() {
    ask_to_stop();
    if (thread_.joinable())
        thread_.join();
}

}  // namespace sluice::sync
