// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// A gateway whose workers, control core and operator go on in any order of their atomic
/// operations, as an interleaver draws it: another gateway, other packets and another order for
/// each seed. Whatever the order, the testbed's promises hold, and no two flows have one key. Most
/// of them are killed before some operation, and another goes on with what is left.
///
///     interleaved ROUNDS [FIRST-SEED]
///
/// A seed that fails is named; alone it fails again.

#include "catch.h"
#include "eal.h"
#include "estate.h"
#include "interleaver.h"
#include "table_check.h"
#include "testbed.h"
#include "wire.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>

using namespace sluice;
using namespace sluice::test;
using net::Side;

namespace {

constexpr int kBursts = 32;
constexpr int kMostFrames = 8;

volatile uint32_t playing = 0;  // this seed
uint64_t changes = 0;
uint64_t opened = 0;
uint64_t handed_over = 0;
uint64_t deleted = 0;
uint64_t crashes = 0;
uint64_t adopted = 0;

/// One who deletes a flow now and then, as `sluicectl flows --delete` does.
class Operator {
public:
    explicit Operator(gateway::Gateway& gateway, const Draw& draw)
        : gateway_(gateway), member_(gateway.table()), draw_(draw) {}

    void turn() {
        flow::FlowTable& table = gateway_.table();
        table.for_each_live(0, table.capacity(), [&](uint32_t index, flow::FlowRecord& record) {
            const flow::LifeWord life = record.life.load();
            if (draw_() % 64 == 0 && life.life() == flow::Life::Live && member_.kill(index, life))
                gateway_.operator_counters().count[stats::Count::FlowsDeleted].add(1);
        });
        member_.quiescent();
    }

private:
    gateway::Gateway& gateway_;
    flow::Member member_;
    const Draw& draw_;
};

/// The same few packets come to all workers at once: hosts that have the same ports, and one
/// server.
void send_twins(Testbed& bed, const Draw& draw) {
    constexpr uint8_t kFlags[] = {kSyn, kSyn, kSyn | kAck, kAck, kAck | kPsh, kFin | kAck, kRst};
    for (auto packets = 1 + draw() % 4; packets > 0; --packets) {
        const Side side = draw() % 4 == 0 ? Side::Outside : Side::Inside;
        const bool is_inside = side == Side::Inside;
        const std::string host = "10.1.0." + std::to_string(2 + draw() % 3);
        const auto port = static_cast<uint16_t>(40000 + draw() % 2);
        Frame frame =
            Frame().ether(mac_of(ip(is_inside ? host.c_str() : kRouter)), bed.port(side).mac());
        if (is_inside)
            frame.ipv4(host.c_str(), kServer);
        else
            frame.ipv4(kServer, kPublic);
        if (draw() % 2 == 0)
            frame.udp(is_inside ? port : 53, is_inside ? 53 : port);
        else
            frame.tcp(is_inside ? port : 80, is_inside ? 80 : port,
                      kFlags[draw() % std::size(kFlags)]);
        for (auto copies = 1 + draw() % 4; copies > 0; --copies)
            bed.inject(side, frame.bytes());
    }
    bed.tick(Duration{static_cast<int32_t>(draw() % 8 == 0 ? draw() % 60'000 : draw() % 500)});
    bed.take_frames(Side::Inside);
    bed.take_frames(Side::Outside);
}

void check(Testbed& bed) {
    TableCheck table;
    table.show(ip(kPublic));
    if (const std::string fault = table.fault(bed.gateway().table(), bed.now()); !fault.empty())
        FAIL(fault);
}

/// What a gateway leaves that is killed before an atomic operation: its records as they are.
class Crash {
public:
    /// Before its operation number `at`.
    Crash(const Estate& estate, uint64_t at) : estate_(estate), at_(at) {}

    void look(const Testbed* bed) {
        if (++operations_ != at_ || bed == nullptr)
            return;
        left_ = estate_;
        when_ = bed->now();
    }
    std::optional<Estate>& left() { return left_; }
    Tick when() const { return when_; }

private:
    const Estate& estate_;
    uint64_t at_;
    uint64_t operations_ = 0;
    std::optional<Estate> left_;
    Tick when_;
};

/// The next gateway takes over all that a crash has left, but for what is past its time, and goes
/// on: a record becomes live last, so that what a thread had in hand is none yet.
void take_over(TestbedOptions options, Crash& crash, const Draw& draw) {
    options.estate = &*crash.left();
    options.start = crash.when();
    ++options.secret;
    Testbed bed(options);
    const auto& fates = bed.gateway().restored().tally.fates;
    uint64_t lost = 0;
    for (size_t fate = 0; fate < flow::kFateCount; ++fate)
        lost += fates[static_cast<flow::Fate>(fate)];
    lost -= fates[flow::Fate::Adopted] + fates[flow::Fate::Expired];
    if (lost != 0)
        FAIL("of what was live " << lost << " records are not taken over");
    for (int burst = 0; burst < kBursts / 4; ++burst) {
        send_twins(bed, draw);
        check(bed);
    }
    adopted += fates[flow::Fate::Adopted];
    ++crashes;
}

void play(uint32_t seed) {
    constexpr uint32_t kMostOperations = 50'000;
    std::mt19937 random(seed);
    const Draw draw = [&random] { return uint64_t{random()}; };
    Estate estate;
    Crash crash(estate, random() % kMostOperations);
    const Testbed* crashing = nullptr;
    const Interleaver::Draw order = [&] {
        crash.look(crashing);
        return static_cast<uint32_t>(random());
    };
    constexpr unsigned kRates[] = {1, 8, 64, 128};
    Interleaver interleaver(order, kRates[random() % std::size(kRates)]);

    TestbedOptions options = small_options(random());
    options.workers = 2 + random() % 2;
    options.rx_queues = 0;
    options.flows = random() % 2 == 0 ? 16 : 64;
    Operator* deleter = nullptr;
    options.turn = [&](std::vector<std::function<void()>>& turns) {
        if (deleter != nullptr)
            turns.emplace_back([&] { deleter->turn(); });
        interleaver.run(turns);
    };
    options.estate = &estate;
    std::optional<Testbed> before(options);
    Testbed& bed = *before;
    crashing = &bed;
    {
        Operator one(bed.gateway(), draw);
        deleter = random() % 2 == 0 ? &one : nullptr;
        for (int burst = 0; burst < kBursts; ++burst) {
            if (random() % 4 == 0)
                send_burst(bed, draw, 1 + static_cast<int>(random() % kMostFrames));
            else
                send_twins(bed, draw);
            check(bed);
        }
        deleter = nullptr;
    }
    crashing = nullptr;
    changes += interleaver.changes();
    opened += bed.count(stats::Count::FlowsOpened);
    handed_over += bed.count(stats::Count::Handoff);
    deleted += bed.count(stats::Count::FlowsDeleted);
    before.reset();
    if (crash.left())
        take_over(options, crash, draw);
}

}  // namespace

int main(int argc, char* argv[]) {
    const auto argument = [&](int i, unsigned otherwise) {
        return argc > i ? static_cast<uint32_t>(std::strtoul(argv[i], nullptr, 10)) : otherwise;
    };
    const uint32_t rounds = argument(1, 1);
    const uint32_t first = argument(2, 1);
    start_eal();
    std::signal(SIGABRT, [](int) { std::fprintf(stderr, "interleaved: seed %u\n", playing); });
    for (uint32_t seed = first; seed < first + rounds; ++seed) {
        playing = seed;
        play(seed);
    }
    std::printf(
        "%u gateways, %lu changes from one to another, %lu flows opened, %lu deleted, "
        "%lu packets handed over; %lu crashed, of which %lu records were taken over\n",
        rounds, changes, opened, deleted, handed_over, crashes, adopted);
    const bool is_enough =
        rounds < 100 || (changes > 100'000 && opened > rounds && deleted > rounds / 10 &&
                         handed_over > rounds / 4 && crashes > rounds / 4 && adopted > rounds / 4);
    if (!is_enough)
        std::fprintf(stderr, "too little has happened\n");
    return is_enough ? 0 : 1;
}
