// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/interrupt.h"

#include <csignal>
#include <pthread.h>
#include <utility>

namespace sluicectl {
namespace {

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

}  // namespace

Interrupt::Interrupt(std::function<void()> stop) : stop_(std::move(stop)) {
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    thread_ = std::thread([this] { wait(); });
}

Interrupt::~Interrupt() {
    ended_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);  // it waits for one
    thread_.join();
}

void Interrupt::wait() {
    const sigset_t signals = ending_signals();
    int signal = 0;
    sigwait(&signals, &signal);
    if (ended_)
        return;
    has_come_ = true;
    stop_();
}

}  // namespace sluicectl
