// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Four threads over a small, hot, nearly full flow table, beside an oracle: a million operations,
/// no lost key, no double claim, no record lost. Built with the thread sanitizer where it can be,
/// which then fails the program at its first report.
///
/// The oracle is an array of holders, one per tuple, and a word per record, all of them atomic: a
/// tuple is written down after its insert and crossed out before its kill, so that a tuple with a
/// holder has that holder in the table, and no insert of it may succeed.
///
/// Beside them stand a few records that are no flows. Each flow hangs on one of them, on two or on
/// none, and all try in vain to end them meanwhile; when no flow is left, nothing hangs on them.

#include "flow/flow_table.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <random>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::flow;
using net::Direction;

namespace {

constexpr unsigned kThreads = 4;
constexpr unsigned kOperations = 1'000'000 / kThreads;
constexpr uint32_t kCapacity = 4000;  // records, most of them waiting for a grace period
constexpr unsigned kLoad = 800;       // percent: slots for an eighth of the records
constexpr uint32_t kTuples = 2000;    // per direction
constexpr uint32_t kHot = 12;         // of them, used by every other operation
constexpr uint32_t kMappings = 4;     // that flows hang on
constexpr Tick kNow{1000};
constexpr Tick kFar{2'000'000};

void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "flow-stress: %s\n", what);
    std::abort();
}

net::Tuple tuple(uint32_t n) {
    return {Be32::from_host(0x0a000000 + n),
            Be32::from_host(1),
            Be16::from_host(7),
            Be16::from_host(9),
            net::Protocol::Udp,
            {}};
}

/// Records that flows hang on, each of which one record holds that is never put into the table.
class Mappings {
public:
    explicit Mappings(FlowTable& table) : table_(table), member_(table) {
        require(member_.take(index_) == kMappings && member_.take(anchor_) == kMappings, "no room");
        for (uint32_t n = 0; n < kMappings; ++n) {
            FlowRecord& record = table.record(index_[n]);
            for (net::Tuple& key : record.tuple) {
                key = tuple(&key == &record.tuple[0] ? n : kTuples + n);
                key.kind = static_cast<uint8_t>(Kind::Mapping);
            }
            record.deadline.store(kFar, std::memory_order_relaxed);
            new (record.tracker.data()) Holding;
            require(member_.insert(index_[n], kNow).outcome == InsertOutcome::Inserted &&
                        member_.hang(anchor_[n], index_[n]),
                    "a mapping was not made");
        }
        member_.offline();
    }

    uint32_t index(uint32_t n) const { return index_[n % kMappings]; }
    bool contain(uint32_t index) const {
        return std::find(index_.begin(), index_.end(), index) != index_.end();
    }
    /// When nothing else hangs on them.
    void end() {
        member_.online();
        member_.give_back(anchor_);
        for (const uint32_t index : index_) {
            require(table_.record(index).holding().dependents.load() == 0, "a link was lost");
            require(member_.kill(index, table_.record(index).life.load()), "a mapping stays");
        }
    }

private:
    FlowTable& table_;
    Member member_;
    std::array<uint32_t, kMappings> index_{};
    std::array<uint32_t, kMappings> anchor_{};
};

/// What the oracle knows of a record: its generation, and whether its flow may still be counted on.
struct Known {
    enum State : uint64_t { None, Alive, Crossing, Doomed };

    std::atomic<uint64_t> state{None};  ///< Life word of the flow, then State.
    std::atomic<uint32_t> original{0};
    std::atomic<uint32_t> reply{0};

    static uint64_t word(LifeWord life, State state) { return uint64_t{life.bits} << 8 | state; }
    static State state_of(uint64_t word) { return static_cast<State>(word & 0xff); }
    static LifeWord life_of(uint64_t word) { return {static_cast<uint32_t>(word >> 8)}; }
};

struct Oracle {
    std::vector<std::atomic<uint32_t>> holder = std::vector<std::atomic<uint32_t>>(2 * kTuples);
    std::vector<Known> known = std::vector<Known>(kCapacity);
    std::atomic<uint64_t> doomed{0};
    std::atomic<uint64_t> killed{0};
    std::array<std::atomic<uint64_t>, 4> outcomes{};
};

class Actor {
public:
    Actor(FlowTable& table, Oracle& oracle, const Mappings& mappings, unsigned seed)
        : table_(table), oracle_(oracle), mappings_(mappings), member_(table), random_(seed) {}

    void run() {
        for (unsigned i = 0; i < kOperations; ++i) {
            const auto dice = random_() % 16;
            if (dice < 6)
                open();
            else if (dice < 10)
                kill_holder_of(number());
            else if (dice < 13)
                look();
            else
                look_at_burst();
            if (i % 8 == 0)
                member_.quiescent();
            if (i % 1000 == 0) {
                member_.offline();
                member_.online();
            }
        }
    }

    void kill(uint32_t index) {
        Known& known = oracle_.known[index];
        uint64_t word = known.state.load();
        const LifeWord life = Known::life_of(word);
        if (Known::state_of(word) == Known::Alive &&
            known.state.compare_exchange_strong(word, Known::word(life, Known::Crossing))) {
            oracle_.holder[known.original].store(0);
            oracle_.holder[kTuples + known.reply].store(0);
            ++oracle_.doomed;
            word = Known::word(life, Known::Doomed);
            known.state.store(word);
        }
        // Of all who try, one succeeds.
        if (Known::state_of(word) == Known::Doomed && member_.kill(index, life))
            ++oracle_.killed;
    }

    Member& member() { return member_; }

private:
    uint32_t number() {
        const auto hot = random_() % 2 == 0;
        return static_cast<uint32_t>(random_() % (hot ? kHot : kTuples));
    }

    void kill_holder_of(uint32_t number) {
        if (const uint32_t holder = oracle_.holder[number].load(); holder != 0)
            kill(holder - 1);
    }

    void open() {
        std::array<uint32_t, 1> index{};
        if (member_.take(index) == 0) {
            std::this_thread::yield();  // the others are to be quiescent
            return;
        }
        FlowRecord& record = table_.record(index[0]);
        const uint32_t original = number();
        const uint32_t reply = number();
        record.tuple = {tuple(original), tuple(kTuples + reply)};
        record.owner = static_cast<uint8_t>(index[0]);
        record.deadline.store(kFar, std::memory_order_relaxed);
        const LifeWord life = record.life.load().with(Life::Live);
        const auto first = static_cast<uint32_t>(random_());
        for (uint32_t n = first; n < first + first / 256 % 3; ++n)
            require(member_.hang(index[0], mappings_.index(n)), "a mapping has ended");
        const Insertion insertion = member_.insert(index[0], kNow);
        ++oracle_.outcomes[static_cast<size_t>(insertion.outcome)];
        if (insertion.holder)
            require(table_.record(insertion.holder).owner ==
                        static_cast<uint8_t>(insertion.holder.index()),
                    "a holder whose owner cannot be read");
        if (insertion.outcome != InsertOutcome::Inserted)
            return;
        for (const uint32_t key : {original, kTuples + reply}) {
            uint32_t nobody = 0;
            require(oracle_.holder[key].compare_exchange_strong(nobody, index[0] + 1),
                    "two flows hold one tuple");
        }
        Known& known = oracle_.known[index[0]];
        known.original.store(original);
        known.reply.store(reply);
        known.state.store(Known::word(life, Known::Alive));
    }

    /// The tuples of some flow that was alive a moment ago.
    struct Expected {
        uint32_t index;
        uint64_t word;
        std::array<net::Tuple, 2> tuple;
    };
    Expected some_flow() {
        Expected flow;
        flow.index = static_cast<uint32_t>(random_() % kCapacity);
        const Known& known = oracle_.known[flow.index];
        flow.word = known.state.load();
        flow.tuple = {tuple(known.original), tuple(kTuples + known.reply)};
        return flow;
    }

    /// A flow that was alive before and after a lookup was found by it.
    void check(const Expected& flow, Direction direction, FlowRef found) {
        if (Known::state_of(flow.word) != Known::Alive ||
            oracle_.known[flow.index].state.load() != flow.word)
            return;
        require(found == FlowRef(flow.index, direction), "a key that is present was not found");
    }

    /// Whatever has become of the flow meanwhile.
    void check_holders(uint32_t flow) {
        table_.record(flow).for_each_holder([&](uint32_t holder) {
            require(mappings_.contain(holder), "a flow hangs on what is no mapping");
        });
    }
    void shake_mapping() {
        const uint32_t index = mappings_.index(static_cast<uint32_t>(random_()));
        require(!member_.kill(index, table_.record(index).life.load()),
                "a mapping has ended while something hangs on it");
    }

    void look() {
        const Expected flow = some_flow();
        for (const Direction direction : {Direction::Original, Direction::Reply})
            check(flow, direction, table_.find(flow.tuple[index(direction)], kNow));
        check_holders(flow.index);
        shake_mapping();
    }

    void look_at_burst() {
        std::array<Expected, 16> flows;
        std::array<net::Tuple, 16> tuples;
        std::array<FlowRef, 16> refs;
        for (size_t i = 0; i < flows.size(); ++i) {
            flows[i] = some_flow();
            tuples[i] = flows[i].tuple[i % 2];
        }
        table_.find_bulk(tuples, kNow, refs);
        for (size_t i = 0; i < flows.size(); ++i)
            check(flows[i], static_cast<Direction>(i % 2), refs[i]);
    }

    FlowTable& table_;
    Oracle& oracle_;
    const Mappings& mappings_;
    Member member_;
    std::mt19937 random_;
};

/// With all threads gone, the table holds what the oracle holds and nothing else.
void check_quiet(FlowTable& table, Oracle& oracle) {
    uint32_t held = 0;
    for (uint32_t n = 0; n < 2 * kTuples; ++n) {
        const FlowRef ref = table.find(tuple(n), kNow);
        const uint32_t holder = oracle.holder[n].load();
        held += holder != 0;
        require(holder == (ref ? ref.index() + 1 : 0), "the table and the oracle differ");
    }
    require(table.used_slots() == held + 2 * kMappings, "a key is left behind, or is there twice");
    require(table.size() * 2 == held + 2 * kMappings, "the count of flows is wrong");
    require(oracle.killed == oracle.doomed, "a kill was lost, or counted twice");
}

void check_empty(FlowTable& table, Oracle& oracle, std::optional<Mappings>& mappings) {
    Actor last(table, oracle, *mappings, 0);
    for (uint32_t index = 0; index < kCapacity; ++index)
        last.kill(index);
    mappings->end();
    mappings.reset();
    require(table.size() == 0 && table.used_slots() == 0, "a killed flow has left a key");
    for (int i = 0; i < 4; ++i)
        last.member().quiescent();
    std::vector<uint32_t> all(kCapacity);
    require(last.member().take(all) == kCapacity, "a record is lost");
}

}  // namespace

int main() {
    FlowTableParams params;
    params.capacity = kCapacity;
    params.index_load = kLoad;
    params.secret = {1, 2, 3, 4};
    auto table = std::move(FlowTable::create(params).value());
    Oracle oracle;
    std::optional<Mappings> mappings(std::in_place, *table);
    {
        std::vector<std::unique_ptr<Actor>> actors;
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < kThreads; ++i)
            actors.push_back(std::make_unique<Actor>(*table, oracle, *mappings, i + 1));
        for (auto& actor : actors)
            threads.emplace_back([&actor] { actor->run(); });
        for (auto& thread : threads)
            thread.join();
    }
    check_quiet(*table, oracle);
    check_empty(*table, oracle, mappings);

    const IndexCounters counters = table->counters();
    uint64_t moved = 0;
    for (unsigned moves = 1; moves <= kMostMoves; ++moves)
        moved += counters.keys_by_moves[moves];
    const auto outcome = [&](InsertOutcome o) {
        return static_cast<unsigned long>(oracle.outcomes[static_cast<size_t>(o)].load());
    };
    std::printf(
        "flow-stress: %u operations, %lu inserted, %lu originals taken, %lu replies taken, "
        "%lu without room, %lu killed, %lu keys after moves\n",
        kThreads * kOperations, outcome(InsertOutcome::Inserted),
        outcome(InsertOutcome::OriginalTaken), outcome(InsertOutcome::ReplyTaken),
        outcome(InsertOutcome::NoSpace), static_cast<unsigned long>(oracle.killed.load()),
        static_cast<unsigned long>(moved));
    require(moved > 1000 && outcome(InsertOutcome::OriginalTaken) > 1000 &&
                outcome(InsertOutcome::ReplyTaken) > 1000,
            "the table was not hot enough to prove anything");
    return 0;
}
