// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Three workers, the control core and a list over a small host table whose clock runs so fast that
/// entries end as soon as they may: no flow counted for a host that is not its own, no host twice,
/// no entry lost. Built with the thread sanitizer where it can be, which then fails the program at
/// its first report.
///
/// A worker keeps some of its flows over many quiescent states and hands others to whoever comes
/// next, as flows are ended by any thread. Hosts are in two zones, by two the same address.
///
/// Then three threads meet at flows that one answers, one chooses to go, and one ends: each is
/// taken off its host's half-open ones once, and off its flows once.

#include "conntrack/status.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"

#include <array>
#include <atomic>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::hosts;

namespace {

constexpr unsigned kWorkers = 3;
constexpr unsigned kOperations = 300'000;  // of each
constexpr uint32_t kCapacity = 24;
constexpr uint32_t kHosts = 60;  // more than entries: they come and go
constexpr uint32_t kHot = 2;     // of them, every other flow's
constexpr net::Sides kInward{net::Side::Outside, net::Side::Inside};
constexpr size_t kKept = 12;
constexpr Limits kLimits{.flows = 8};
constexpr Duration kStep{300};  // of the clock, each turn of the control core

void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "host-stress: %s\n", what);
    std::abort();
}

/// A flow: its host's number and entry, and whether it was opened from outside.
struct Flow {
    uint16_t number = 0;
    uint16_t entry = 0;  // kNoHost: none
    uint32_t inward = 0;
};

struct Stage {
    std::unique_ptr<HostTable> hosts =
        std::move(HostTable::create({.capacity = kCapacity, .flows = 1, .secret = 3}).value());
    std::unique_ptr<flow::FlowTable> table = make_table();
    std::atomic<Tick> now{Tick{~uint32_t{0} - 1'000'000}};  // it wraps on the way
    std::atomic<bool> stop{false};
    std::array<std::atomic<Flow>, 16> handed{};
    std::array<std::atomic<uint64_t>, 3> answers{};
    std::atomic<uint64_t> without{0};

    static std::unique_ptr<flow::FlowTable> make_table() {
        flow::FlowTableParams params;
        params.capacity = 1;
        return std::move(flow::FlowTable::create(params).value());
    }
};

net::InsideAddress host_of(uint32_t number) {
    return {Be32::from_host(0x0a000000 + number / 2), static_cast<uint16_t>(number % 2)};
}

class Worker {
public:
    Worker(Stage& stage, unsigned seed) : stage_(stage), random_(seed), member_(*stage.table) {}

    void run() {
        for (unsigned i = 0; i < kOperations; ++i) {
            open();
            Flow& kept = kept_[random_() % kKept];
            if (random_() % 4 == 0)
                kept = stage_.handed[random_() % stage_.handed.size()].exchange(kept);
            end(kept);
            if (i % 8 == 0)
                member_.quiescent();
        }
        member_.offline();
    }

    void end(Flow& flow) {
        if (flow.entry != kNoHost)
            stage_.hosts->withdraw(flow.entry, sides(flow));
        flow = {};
    }
    std::array<Flow, kKept>& kept() { return kept_; }

private:
    static net::Sides sides(const Flow& flow) { return flow.inward ? kInward : net::Sides{}; }

    void open() {
        const bool is_hot = random_() % 2 == 0;
        const auto number = static_cast<uint16_t>(random_() % (is_hot ? kHot : kHosts));
        const bool is_inward = random_() % 8 == 0;
        const Tick now = stage_.now.load(std::memory_order_relaxed);
        const Counted admitted = is_inward
                                     ? stage_.hosts->admit_freely(host_of(number), kInward, now)
                                     : stage_.hosts->admit(host_of(number), kLimits, now);
        ++stage_.answers[static_cast<size_t>(admitted.answer)];
        stage_.without += admitted.host == kNoHost;
        if (admitted.answer != Answer::Admitted || admitted.host == kNoHost)
            return;
        bool is_there = false;
        stage_.hosts->for_each(admitted.host - 1, admitted.host, now, [&](const Host& host) {
            is_there =
                net::InsideAddress(host.address, host.zone) == host_of(number) && host.flows > 0;
        });
        require(is_there, "a flow is counted for an entry that is not its host's");
        Flow& place = kept_[random_() % kKept];
        end(place);
        place = {number, static_cast<uint16_t>(admitted.host), is_inward};
    }

    Stage& stage_;
    std::mt19937 random_;
    flow::Member member_;
    std::array<Flow, kKept> kept_{};
};

void control(Stage& stage) {
    flow::Member member(*stage.table);
    while (!stage.stop) {
        stage.now = stage.now.load() + kStep;
        stage.hosts->turn(stage.now, stage.table->grace());
        member.quiescent();
    }
}

void list(Stage& stage) {
    while (!stage.stop) {
        uint64_t flows = 0;
        stage.hosts->for_each(0, kCapacity, stage.now,
                              [&](const Host& host) { flows += host.flows; });
        require(flows <= 2 * (kWorkers * (kKept + 1) + stage.handed.size()), "too many flows");
    }
}

/// With all threads gone, each host has the flows that were kept, by one entry.
void check_quiet(Stage& stage, std::span<const std::unique_ptr<Worker>> workers) {
    std::map<uint64_t, uint32_t> kept;
    const auto add = [&](const Flow& flow) {
        if (flow.entry != kNoHost)
            ++kept[host_of(flow.number).bits()];
    };
    for (const auto& worker : workers)
        for (const Flow& flow : worker->kept())
            add(flow);
    for (const auto& flow : stage.handed)
        add(flow.load());
    stage.hosts->for_each(0, kCapacity, stage.now, [&](const Host& host) {
        const uint64_t key = net::InsideAddress(host.address, host.zone).bits();
        require(kept[key] == host.flows, "a host's count of flows is wrong");
        require(host.half_open == host.flows, "a host's count of half-open flows is wrong");
        kept.erase(key);
    });
    std::erase_if(kept, [](const auto& host) { return host.second == 0; });
    require(kept.empty(), "a host with flows has no entry");
}

void check_empty(Stage& stage, std::span<const std::unique_ptr<Worker>> workers) {
    for (const auto& worker : workers)
        for (Flow& flow : worker->kept())
            worker->end(flow);
    for (auto& handed : stage.handed) {
        Flow flow = handed.load();
        workers[0]->end(flow);
    }
    flow::Member member(*stage.table);
    for (int i = 0; i < 100; ++i) {
        stage.now = stage.now.load() + kReclaimPass;
        stage.hosts->turn(stage.now, stage.table->grace());
        member.quiescent();
    }
    for (uint32_t n = 0; n < kCapacity; ++n)
        require(stage.hosts->admit(host_of(1000 + n), {}, stage.now).host != kNoHost,
                "an entry is lost");
}

constexpr uint32_t kContested = 8192;  // flows of a round
constexpr unsigned kRounds = 50;

struct Contest {
    std::unique_ptr<HostTable> hosts =
        std::move(HostTable::create({.capacity = 4, .flows = kContested, .secret = 5}).value());
    std::array<flow::FlowRecord, kContested> records{};
    std::array<std::atomic<bool>, kContested> alive{};
    std::barrier<> meeting{3};
    std::atomic<unsigned> chosen{0};
    std::atomic<unsigned> spared{0};

    void open() {
        for (uint32_t i = 0; i < kContested; ++i) {
            hosts->set_host(i, hosts->admit(host_of(i % 2), {}, Tick{1000}).host);
            records[i].status = 0;
            alive[i] = true;
        }
    }
    void answer(uint32_t i) { hosts->add_status(i, records[i], conntrack::kSeenReply); }
    void choose(uint32_t i) {
        const bool may_go = hosts->condemn(i, records[i], conntrack::kSeenReply);
        ++(may_go ? chosen : spared);
        if (may_go)
            end(i);
    }
    void end(uint32_t i) {
        if (alive[i].exchange(false))  // as the swap of its life word
            hosts->ended(i, records[i]);
    }
    void check() const {
        for (const uint32_t number : {0, 1}) {
            require(hosts->flow_count(host_of(number)) == 0, "a flow has ended, and is counted");
            require(hosts->half_open(hosts->host_of(number)) == 0,
                    "a flow has ended, and is half-open");
        }
    }
};

void take_part(Contest& contest, unsigned role) {
    static constexpr std::array kActs{&Contest::answer, &Contest::choose, &Contest::end};
    for (unsigned round = 0; round < kRounds; ++round) {
        if (role == 0)
            contest.open();
        contest.meeting.arrive_and_wait();
        for (uint32_t i = 0; i < kContested; ++i)  // they come past each other
            (contest.*kActs[role])((i + round * role * 100) % kContested);
        contest.meeting.arrive_and_wait();
        if (role == 0)
            contest.check();
    }
}

void contest_flows() {
    const auto contest = std::make_unique<Contest>();
    std::vector<std::thread> threads;
    for (unsigned role = 0; role < 3; ++role)
        threads.emplace_back(take_part, std::ref(*contest), role);
    for (auto& thread : threads)
        thread.join();
    std::printf("host-stress: %u flows chosen to go, %u spared\n", contest->chosen.load(),
                contest->spared.load());
    require(contest->chosen > 0 && contest->spared > 0, "flows were not contested");
}

}  // namespace

int main() {
    Stage stage;
    std::vector<std::unique_ptr<Worker>> workers;
    for (unsigned i = 0; i < kWorkers; ++i)
        workers.push_back(std::make_unique<Worker>(stage, i + 1));
    std::thread control_core(control, std::ref(stage));
    std::thread lister(list, std::ref(stage));
    std::vector<std::thread> threads;
    for (auto& worker : workers)
        threads.emplace_back([&worker] { worker->run(); });
    for (auto& thread : threads)
        thread.join();
    stage.stop = true;
    control_core.join();
    lister.join();
    check_quiet(stage, workers);
    check_empty(stage, workers);

    const auto answers = [&](Answer answer) {
        return static_cast<unsigned long>(stage.answers[static_cast<size_t>(answer)].load());
    };
    std::printf("host-stress: %lu admitted, of them %lu without an entry, %lu too many\n",
                answers(Answer::Admitted), static_cast<unsigned long>(stage.without.load()),
                answers(Answer::TooManyFlows));
    require(answers(Answer::TooManyFlows) > 0 && stage.without > 0 &&
                answers(Answer::Admitted) > 100'000,
            "the table was not hot enough to prove anything");
    contest_flows();
    return 0;
}
