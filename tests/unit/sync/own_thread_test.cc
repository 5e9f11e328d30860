// SPDX-License-Identifier: BSD-3-Clause
#include "sync/own_thread.h"

#include "catch.h"

#include <atomic>
#include <csignal>
#include <thread>

namespace own_thread_test {

using namespace sluice;
using sync::OwnThread;

TEST_CASE("own thread: it goes on until it is asked to stop") {
    std::atomic<int> turns = 0;
    std::atomic<bool> has_ended = false;
    OwnThread thread;
    CHECK_FALSE(thread.is_started());
    REQUIRE(thread.start("--test", {}, [&] {
        while (!thread.is_asked_to_stop()) {
            ++turns;
            std::this_thread::yield();
        }
        has_ended = true;
    }));
    CHECK(thread.is_started());
    while (turns == 0)
        std::this_thread::yield();
    CHECK_FALSE(has_ended);
    thread.stop();
    CHECK(has_ended);
    CHECK_FALSE(thread.is_started());
}

TEST_CASE("own thread: a connection that breaks ends nothing") {
    std::atomic<bool> is_blocked = false;
    OwnThread thread;
    REQUIRE(thread.start("--test", {}, [&] {
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        is_blocked = sigismember(&mask, SIGPIPE) == 1;
    }));
    thread.stop();
    CHECK(is_blocked);
}

TEST_CASE("own thread: one that never started stops") {
    OwnThread thread;
    thread.stop();
    CHECK(thread.is_asked_to_stop());
}

}  // namespace own_thread_test
