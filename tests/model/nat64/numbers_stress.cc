// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Three workers, the control core and a list over the numbers of more IPv6 hosts than there are,
/// on a clock so fast that a number is taken back as soon as it may be: no host has two, nobody
/// loses one between two quiescent states, nor while he has a flow, and addresses are read whole.
/// Built with the thread sanitizer where it can be, which then fails the program at its first
/// report.

#include "nat64/numbers.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::nat64;

namespace {

constexpr unsigned kWorkers = 3;
constexpr unsigned kOperations = 200'000;  // of each
constexpr uint32_t kHosts = 400;           // and 239 numbers
constexpr uint32_t kCapacity = 1 << kLeastNumberBits;
constexpr size_t kKept = 24;    // flows of a worker
constexpr Duration kStep{500};  // of the clock, each turn of the control core
constexpr uint64_t kTwist = 0x20010db800010000;

void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "numbers-stress: %s\n", what);
    std::abort();
}

/// Both halves of an address say the same, so one that is read while it changes shows it.
net::Ipv6Address host(uint32_t number) {
    return net::Ipv6Address::of_words(kTwist ^ number, number);
}
bool is_whole(const net::Ipv6Address& address) {
    return (address.high() ^ kTwist) == address.low();
}

struct Flow {
    net::Ipv6Address host;
    uint32_t number = 0;
};

struct Stage {
    std::unique_ptr<Numbers> numbers =
        std::move(Numbers::create({.plan = NumberPlan({{}, 32 - kLeastNumberBits}), .key = {1, 2}}))
            .value();
    Grace grace{kWorkers};
    std::array<std::atomic<uint32_t>, kCapacity> flows{};   // by number
    std::atomic<Tick> now{Tick{~uint32_t{0} - 1'000'000}};  // it wraps on the way
    std::atomic<bool> stop{false};
    std::atomic<uint32_t> asked{0};
    std::atomic<uint64_t> given{0};
    std::atomic<uint64_t> refused{0};
    std::atomic<uint64_t> read{0};

    void turn() {
        const Tick next = now.load() + kStep;
        now = next;
        // Acquire: what was looked at while a flow stood comes before its number is another's.
        numbers->turn(next, grace, [this](uint32_t number) {
            return flows[number].load(std::memory_order_acquire) != 0;
        });
    }
};

class Worker {
public:
    Worker(Stage& stage, unsigned seat) : stage_(stage), seat_(seat), random_(seat + 1) {}

    void run() {
        stage_.grace.join(seat_);
        for (unsigned i = 0; i < kOperations; ++i) {
            // Every second time the others ask for the same host just then.
            hear(host(1 + (i % 2 == 0 ? random_() : stage_.asked++ / 4) % kHosts));
            if (i % 8 == 0)
                be_quiescent();
        }
        for (auto& flow : kept_)
            end(flow);
        be_quiescent();
        stage_.grace.leave(seat_);
    }

private:
    void hear(const net::Ipv6Address& host) {
        const auto number = stage_.numbers->find_or_add(host, stage_.now.load());
        ++(number ? stage_.given : stage_.refused);
        if (!number)
            return;
        turn_.push_back({host, *number});
        if (random_() % 4 != 0)
            return;
        auto& flow = kept_[random_() % kKept];
        end(flow);
        stage_.flows[*number].fetch_add(1, std::memory_order_relaxed);
        flow = {host, *number};
    }
    void end(std::optional<Flow>& flow) {
        if (!flow)
            return;
        require(stage_.numbers->find(flow->host) == flow->number,
                "a host with a flow has lost its number");
        stage_.flows[flow->number].fetch_sub(1, std::memory_order_release);
        flow.reset();
    }
    void be_quiescent() {
        for (const Flow& heard : turn_)
            require(stage_.numbers->find(heard.host) == heard.number,
                    "a host has lost its number within a turn");
        turn_.clear();
        stage_.grace.quiescent(seat_);
    }

    Stage& stage_;
    unsigned seat_;
    std::mt19937 random_;
    std::array<std::optional<Flow>, kKept> kept_;
    std::vector<Flow> turn_;  // what was told in this turn
};

void list(Stage& stage) {
    const auto look = [&](const net::Ipv6Address& address) {
        require(is_whole(address), "an address is half another's");
        ++stage.read;
    };
    while (!stage.stop) {
        stage.numbers->for_each([&](uint32_t, const net::Ipv6Address& address) { look(address); });
        for (uint32_t number = kFirstNumber; number < kCapacity; ++number)
            if (const auto address = stage.numbers->holder(number))
                look(*address);
    }
}

/// Nobody has a flow, or is in a turn: all numbers come back.
void check_quiet(Stage& stage) {
    for (uint32_t number = 0; number < kCapacity; ++number)
        require(stage.flows[number] == 0, "a flow is left");
    for (uint32_t i = 1; i <= kHosts; ++i)
        if (const auto number = stage.numbers->find(host(i)))
            require(stage.numbers->address(*number) == host(i), "a number is another host's");
    for (int i = 0; i < 10; ++i) {
        stage.now = stage.now.load() + kIdle;
        stage.turn();
    }
    require(stage.numbers->count() == 0, "a number is lost");
}

}  // namespace

int main() {
    Stage stage;
    std::vector<std::unique_ptr<Worker>> workers;
    for (unsigned i = 0; i < kWorkers; ++i)
        workers.push_back(std::make_unique<Worker>(stage, i));
    std::vector<std::thread> threads;
    for (auto& worker : workers)
        threads.emplace_back([&worker] { worker->run(); });
    std::thread control_core([&] {
        while (!stage.stop)
            stage.turn();
    });
    std::thread lister(list, std::ref(stage));
    for (auto& thread : threads)
        thread.join();
    stage.stop = true;
    control_core.join();
    lister.join();
    check_quiet(stage);
    std::printf("numbers-stress: %lu told their number, %lu refused, %lu addresses read\n",
                static_cast<unsigned long>(stage.given.load()),
                static_cast<unsigned long>(stage.refused.load()),
                static_cast<unsigned long>(stage.read.load()));
    require(stage.given > 100'000 && stage.refused > 1000 && stage.read > 0,
            "numbers were not contested");
    return 0;
}
