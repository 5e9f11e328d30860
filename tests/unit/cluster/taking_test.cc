// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/taking.h"

#include "../flow/flows.h"
#include "catch.h"
#include "cluster/giving.h"
#include "comes_true.h"
#include "free_port.h"
#include "sync/tcp.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <thread>
#include <vector>

namespace taking_test {

using namespace sluice;
using namespace sluice::cluster;
using testing::comes_true;
using testing::kPatience;
using namespace sluice::flow::testing;

namespace {

constexpr uint64_t kTaker = 77;  // the process that is to have the address

std::unique_ptr<sync::Tls> tls_of(uint8_t word) {
    sync::Key key{};
    key.fill(word);
    auto tls = sync::Tls::create(key);
    REQUIRE(tls.ok());
    return std::move(*tls);
}

/// A gateway whose control core takes nothing but notes of it.
struct Taker {
    explicit Taker(uint64_t instance = kTaker) : hello{.instance = instance} {
        auto started =
            Taking::start({place, *tls, hello, inbox,
                           [this](const std::vector<Be32>& addresses) {
                               expected.insert(expected.end(), addresses.begin(), addresses.end());
                           },
                           [this](const std::string& sentence) {
                               const std::lock_guard lock(mutex);
                               notices.push_back(sentence);
                           }});
        REQUIRE(started.ok());
        taking = std::move(*started);
    }
    /// Takes what has come; true when a Complete was there.
    bool take() {
        std::vector<sync::Change> changes;
        if (!inbox.mailbox.take(changes))
            return false;
        bool is_complete = false;
        for (const sync::Change& change : changes) {
            records += change.what == sync::Change::What::Put;
            is_complete |= change.what == sync::Change::What::Complete;
        }
        return is_complete;
    }
    bool has_said(const std::string& words) {
        const std::lock_guard lock(mutex);
        return std::ranges::any_of(notices, [&](const std::string& notice) {
            return notice.find(words) != std::string::npos;
        });
    }

    const net::Endpoint place{Be32::from_host(INADDR_LOOPBACK), test::free_port(INADDR_LOOPBACK)};
    std::unique_ptr<sync::Tls> tls = tls_of(1);
    sync::Hello hello;
    Inbox inbox;
    std::mutex mutex;
    std::vector<std::string> notices;
    std::vector<Be32> expected;  // by the thread that takes, until it is over
    size_t records = 0;
    std::unique_ptr<Taking> taking;
};

struct Giver {
    explicit Giver(uint8_t word = 1) : tls(tls_of(word)) {}

    Status give(const net::Endpoint& to, std::chrono::nanoseconds patience = kPatience) {
        Giving giving({*table, [] { return kNow; }, *tls, hello, Be32::from_host(INADDR_LOOPBACK),
                       [](Be32) { return false; }});
        return giving.give({Be32::from_host(0xc6336401)}, to, kTaker,
                           std::chrono::steady_clock::now() + patience);
    }

    std::unique_ptr<flow::FlowTable> table = make_table(1024);
    std::unique_ptr<sync::Tls> tls;
    sync::Hello hello;
};

}  // namespace

TEST_CASE("taking: who gives has given when the control core has taken all") {
    Taker taker;
    Giver giver;
    std::atomic<bool> is_over = false;
    Status status = Error{"it has not begun"};
    std::thread thread([&] {
        status = giver.give(taker.place);
        is_over = true;
    });
    CHECK(comes_true([&] { return taker.take(); }));
    CHECK_FALSE(is_over);
    taker.inbox.taken.fetch_add(1, std::memory_order_release);
    thread.join();
    CHECK(status.ok());
}

TEST_CASE("taking: nothing is given to another process than is to have the address") {
    Taker taker(kTaker + 1);
    Giver giver;
    const Status status = giver.give(taker.place);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message == "it is another process than the one that is to have them");
}

TEST_CASE("taking: one after the other is heard, the first of whom gives up") {
    Taker taker;
    Giver giver;
    CHECK_FALSE(giver.give(taker.place, std::chrono::milliseconds(200)).ok());
    CHECK(comes_true([&] { return taker.take(); }));
    taker.inbox.taken.fetch_add(1, std::memory_order_release);
    Status status = Error{"it has not begun"};
    std::thread thread([&] { status = giver.give(taker.place); });
    CHECK(comes_true([&] { return taker.take(); }));
    taker.inbox.taken.fetch_add(1, std::memory_order_release);
    thread.join();
    CHECK(status.ok());
}

TEST_CASE("taking: who has another key gets no further than the handshake") {
    Taker taker;
    Giver stranger(2);
    CHECK_FALSE(stranger.give(taker.place).ok());
    CHECK_FALSE(taker.take());
    CHECK(taker.records == 0);
}

TEST_CASE("taking: a build that keeps flows in another form is told so, and told nothing") {
    Taker taker;
    Giver giver;
    giver.hello.tracker_layout = 77;
    CHECK_FALSE(giver.give(taker.place).ok());
    CHECK(comes_true([&] { return taker.has_said("keeps flows in another form"); }));
}

TEST_CASE("taking: who says nothing is left, without a word in the log, and others are heard") {
    Taker taker;
    const Descriptor silent = sync::connect_to(taker.place, Be32::from_host(INADDR_LOOPBACK));
    REQUIRE(silent);
    Giver giver;
    Status status = Error{"it has not begun"};
    std::thread thread([&] { status = giver.give(taker.place); });
    CHECK(comes_true([&] { return taker.take(); }));
    taker.inbox.taken.fetch_add(1, std::memory_order_release);
    thread.join();
    CHECK(status.ok());
    CHECK_FALSE(taker.has_said("--cluster"));
}

TEST_CASE("taking: who is not there is an error at once") {
    Giver giver;
    CHECK_FALSE(
        giver.give({Be32::from_host(INADDR_LOOPBACK), test::free_port(INADDR_LOOPBACK)}).ok());
}

TEST_CASE("taking: a place that another has is refused in a sentence") {
    Taker taker;
    const auto second = Taking::start({taker.place, *taker.tls, taker.hello, taker.inbox,
                                       [](const std::vector<Be32>&) {}, [](const std::string&) {}});
    REQUIRE_FALSE(second);
    CHECK(second.error().message.starts_with("--cluster listen=127.0.0.1:"));
}

}  // namespace taking_test
