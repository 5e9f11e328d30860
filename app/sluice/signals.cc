// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/signals.h"

#include <cerrno>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace sluice::app {
namespace {

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

}  // namespace

StopSignals::StopSignals() {
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
    descriptor_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

StopSignals::~StopSignals() {
    close(descriptor_);
}

bool StopSignals::wait(int milliseconds) {
    pollfd poll_for{descriptor_, POLLIN, 0};
    signalfd_siginfo info;
    int ready = 0;
    do  // net_tap signals every packet
        ready = poll(&poll_for, 1, milliseconds);
    while (ready < 0 && errno == EINTR && milliseconds < 0);
    return ready > 0 && read(descriptor_, &info, sizeof(info)) > 0;
}

}  // namespace sluice::app
