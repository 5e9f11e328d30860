// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// A gateway's part in a cluster, without a gateway: what tests/cluster/etcd_test.py starts.
///
///   agent NAME URL COUNT    holds what it may of COUNT addresses from 198.51.100.1 on, and says
///   so:
///                           "MOMENT + ADDRESS" where it begins to use one, and "MOMENT - ADDRESS"
///                           with the moment at which it last did; seconds of the steady clock
///
/// It leaves at SIGTERM.

#include "cluster/agent.h"

#include "net/text.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace sluice;

double now() {
    const auto time = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(time).count();
}

void say(double moment, char what, Be32 address) {
    std::printf("%.6f %c %s\n", moment, what, net::to_string(address).c_str());
    std::fflush(stdout);
}

/// As a worker looks at it, once a turn.
class User {
public:
    explicit User(const pool::Holdings& holdings)
        : holdings_(holdings), used_(holdings.addresses().size()) {}

    void turn() {
        const double moment = now();
        const bool is_valid = moment < std::chrono::duration<double>(holdings_.until()).count();
        for (size_t i = 0; i < used_.size(); ++i) {
            const Be32 address = holdings_.addresses()[i];
            const bool uses = is_valid && holdings_.is_held(i);
            if (uses != used_[i])
                say(uses ? moment : last_, uses ? '+' : '-', address);
            used_[i] = uses;
        }
        last_ = moment;
    }

private:
    const pool::Holdings& holdings_;
    std::vector<bool> used_;
    double last_ = 0;
};

bool is_told_to_leave(const sigset_t& signals) {
    const timespec turn{0, 1'000'000};
    return sigtimedwait(&signals, nullptr, &turn) > 0;
}

std::vector<Be32> addresses(uint32_t count) {
    std::vector<Be32> all;
    for (uint32_t i = 1; i <= count; ++i)
        all.push_back(Be32::from_host(0xc6336400 + i));
    return all;
}

}  // namespace

int main(int argc, char* argv[]) {
    if (argc != 4)
        return EXIT_FAILURE;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // of all threads to come
    pool::Holdings holdings(addresses(static_cast<uint32_t>(std::atoi(argv[3]))));
    cluster::AgentParams params{
        .urls = {argv[2]},
        .name = argv[1],
        .holdings = holdings,
        .notice = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); },
        .background = {{}, false, 0}};
    auto agent = cluster::Agent::start(std::move(params));
    if (!agent)
        return EXIT_FAILURE;
    User user(holdings);
    while (!is_told_to_leave(signals))
        user.turn();
    std::atomic<bool> has_left{false};
    std::jthread leaving([&] {
        agent->reset();
        has_left.store(true);
    });
    while (!has_left.load())
        user.turn();
    user.turn();
    return EXIT_SUCCESS;
}
