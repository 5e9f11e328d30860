// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/signals.h"

#include "sluice/exit_code.h"

#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <exception>
#include <initializer_list>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string_view>
#include <sys/signalfd.h>
#include <thread>
#include <unistd.h>

namespace sluice::app {
namespace {

sigset_t awaited_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&set, number);
    return set;
}

/// By what signal-safety(7) allows.
void end_now(int) {
    _exit(static_cast<int>(ExitCode::Unfinished));
}

/// Likewise.
void end(int) {
    constexpr std::string_view kWords =
        "sluice: a thread has not ended ten seconds after it was told to; the process ends "
        "without it\n";
    // What stderr is may be what hangs: the next alarm ends the process in the midst of that. By a
    // handler, for the first process of a container ignores signals that have none.
    signal(SIGALRM, end_now);
    alarm(1);
    (void)!write(STDERR_FILENO, kWords.data(), kWords.size());
    _exit(static_cast<int>(ExitCode::Unfinished));
}

/// On a busy CPU a thread of the idle class would take seconds to end. One that has rested goes
/// back there by itself, so this goes on until the process ends.
void lift_threads() {
    constexpr std::chrono::milliseconds kBetweenLooks{20};
    for (;; std::this_thread::sleep_for(kBetweenLooks)) {
        DIR* const tasks = opendir("/proc/self/task");
        if (tasks == nullptr)
            return;
        while (const dirent* task = readdir(tasks)) {
            const pid_t thread = std::atoi(task->d_name);
            const sched_param usual{};
            if (thread > 0 && sched_getscheduler(thread) == SCHED_IDLE)
                sched_setscheduler(thread, SCHED_OTHER, &usual);
        }
        closedir(tasks);
    }
}

}  // namespace

void Signals::limit_end() {
    struct sigaction action {};
    action.sa_handler = end;
    action.sa_flags = SA_NODEFER;
    sigaction(SIGALRM, &action, nullptr);
    sigset_t alarms;  // whoever has started the process may have blocked it
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarms, nullptr);
    alarm(static_cast<unsigned>(kMostToEnd.count()));
    try {
        std::thread(lift_threads).detach();
    } catch (const std::exception&) {  // no thread, or no memory for one: then it takes longer
    }
}

Signals::Signals() {
    const sigset_t set = awaited_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2})
        signal(number, SIG_IGN);
    descriptor_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

Signals::~Signals() {
    close(descriptor_);
}

Signal Signals::wait(int milliseconds) {
    pollfd poll_for{descriptor_, POLLIN, 0};
    signalfd_siginfo info;
    int ready = 0;
    do  // net_tap signals every packet
        ready = poll(&poll_for, 1, milliseconds);
    while (ready < 0 && errno == EINTR && milliseconds < 0);
    if (ready <= 0 || read(descriptor_, &info, sizeof(info)) <= 0)
        return Signal::None;
    if (info.ssi_signo == SIGHUP)
        return Signal::Reload;
    limit_end();
    return Signal::Stop;
}

}  // namespace sluice::app
