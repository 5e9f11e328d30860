// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The flow table beside an oracle that is too simple to be wrong: a map of tuples.

#include "catch.h"
#include "flow/flow_table.h"

#include <cstring>
#include <random>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace flow_table_model_test {

using namespace sluice;
using namespace sluice::flow;
using enum InsertOutcome;
using net::Direction;

namespace {

struct HashTuple {
    size_t operator()(const net::Tuple& tuple) const {
        std::array<char, sizeof tuple> bytes;
        std::memcpy(bytes.data(), &tuple, sizeof tuple);
        return std::hash<std::string_view>{}({bytes.data(), bytes.size()});
    }
};

struct Held {
    FlowRef ref;
    Tick deadline;
};

/// A table and its oracle; every operation is done to both and compared.
class Twins {
public:
    Twins(uint32_t capacity, unsigned load, uint32_t tuples, uint64_t seed)
        : table_(make(capacity, load, seed)), member_(*table_), tuples_(tuples), random_(seed) {}

    void step() {
        switch (random_() % 16) {
            case 0:
                member_.quiescent();
                break;
            case 1:
                now_ = now_ + Duration{static_cast<int32_t>(random_() % 50)};
                break;
            case 2:
            case 3:
                kill();
                break;
            case 4:
            case 5:
                look_at_burst();
                break;
            case 6:
                refresh();
                break;
            case 7:
            case 8:
                REQUIRE(table_->find(look_, now_) == expected(look_));
                break;
            default:
                open();
        }
        look_ = tuple();
    }

    /// The whole table against the whole oracle.
    void compare() {
        uint32_t live = 0;
        table_->for_each_live(0, table_->capacity(), [&](uint32_t index, const FlowRecord& record) {
            ++live;
            const auto held = held_.find(record.key(Direction::Original));
            REQUIRE(held != held_.end());
            REQUIRE(held->second.ref == FlowRef(index, Direction::Original));
        });
        REQUIRE(live * 2 == held_.size());
        REQUIRE(table_->size() == live);
        REQUIRE(table_->used_slots() == held_.size());
        for (uint32_t n = 0; n < tuples_; ++n)
            REQUIRE(table_->find(tuple(n), now_) == expected(tuple(n)));
    }

    uint64_t outcomes(InsertOutcome outcome) const { return outcomes_[index(outcome)]; }
    IndexCounters counters() const { return table_->counters(); }

private:
    static std::unique_ptr<FlowTable> make(uint32_t capacity, unsigned load, uint64_t seed) {
        FlowTableParams params;
        params.capacity = capacity;
        params.index_load = load;
        params.secret = {seed, seed + 1, 5, 7};
        return std::move(FlowTable::create(params).value());
    }

    static net::Tuple tuple(uint32_t n) {
        return {Be32::from_host(n), Be32::from_host(9), Be16::from_host(1),
                Be16::from_host(2), net::Protocol::Tcp, {}};
    }
    net::Tuple tuple() { return tuple(static_cast<uint32_t>(random_() % tuples_)); }

    FlowRef expected(const net::Tuple& tuple) const {
        const auto held = held_.find(tuple);
        const bool is_hit = held != held_.end() && held->second.deadline.is_after(now_);
        return is_hit ? held->second.ref : FlowRef();
    }

    /// What the oracle says to a flow under these tuples; an expired holder makes way first.
    InsertOutcome answer(const net::Tuple& original, const net::Tuple& reply) {
        if (expected(original))
            return OriginalTaken;
        forget(original);
        if (expected(reply) || reply == original)
            return ReplyTaken;
        forget(reply);
        return Inserted;
    }

    void forget(const net::Tuple& tuple) {
        const auto held = held_.find(tuple);
        if (held == held_.end())
            return;
        const FlowRecord& record = table_->record(held->second.ref);
        held_.erase(record.key(Direction::Reply));
        held_.erase(record.key(Direction::Original));
    }

    void open() {
        std::array<uint32_t, 3> indexes{};
        const unsigned taken = member_.take(indexes);
        if (taken == 0) {
            member_.quiescent();
            return;
        }
        member_.give_back(std::span(indexes).subspan(1, taken - 1));
        FlowRecord& record = table_->record(indexes[0]);
        const Tick deadline = now_ + Duration{static_cast<int32_t>(random_() % 20'000)};
        record.tuple = {tuple(), tuple()};
        record.deadline.store(deadline);
        const InsertOutcome expected_outcome = answer(record.tuple[0], record.tuple[1]);
        const Insertion insertion = member_.insert(indexes[0], now_);
        ++outcomes_[index(insertion.outcome)];
        if (insertion.outcome == NoSpace)  // the table may be full; whether it was is not the
            return;                        // oracle's to say
        REQUIRE(insertion.outcome == expected_outcome);
        if (insertion.outcome == Inserted)
            for (const Direction direction : {Direction::Original, Direction::Reply})
                held_[record.key(direction)] = {FlowRef(indexes[0], direction), deadline};
        else
            REQUIRE((insertion.holder == expected(record.key(Direction::Original)) ||
                     insertion.holder == expected(record.key(Direction::Reply)) ||
                     insertion.holder.index() == indexes[0]));
    }

    void kill() {
        const auto held = held_.find(look_);
        if (held == held_.end())
            return;
        const FlowRef ref = held->second.ref;
        const LifeWord life = table_->record(ref).life.load();
        forget(look_);
        REQUIRE_FALSE(member_.kill(ref.index(), LifeWord{life.bits - 4}));
        REQUIRE(member_.kill(ref.index(), life));
        REQUIRE_FALSE(member_.kill(ref.index(), life));
    }

    void refresh() {
        const auto held = held_.find(look_);
        if (held == held_.end())
            return;
        FlowRecord& record = table_->record(held->second.ref);
        const Tick deadline = now_ + Duration{static_cast<int32_t>(random_() % 30'000)};
        record.deadline.store(deadline);
        for (const net::Tuple& key : record.tuple)
            held_[key].deadline = deadline;
    }

    void look_at_burst() {
        std::vector<net::Tuple> tuples(random_() % (kMaxBulk + 1));
        for (net::Tuple& t : tuples)
            t = tuple();
        std::vector<FlowRef> refs(tuples.size());
        table_->find_bulk(tuples, now_, refs);
        for (size_t i = 0; i < tuples.size(); ++i)
            REQUIRE(refs[i] == expected(tuples[i]));
    }

    std::unique_ptr<FlowTable> table_;
    Member member_;
    uint32_t tuples_;
    std::mt19937_64 random_;
    Tick now_{~uint32_t{0} - 100'000};  // it wraps on the way
    net::Tuple look_;
    std::unordered_map<net::Tuple, Held, HashTuple> held_;
    std::array<uint64_t, 4> outcomes_{};
};

}  // namespace

TEST_CASE("flow table: it agrees with a map over random operations", "[flow][model]") {
    struct Case {
        uint32_t capacity;
        unsigned load;
        uint32_t tuples;
    };
    // Tiny and always full; a hot one that displaces; one with room.
    const auto c = GENERATE(Case{7, 100, 40}, Case{700, 100, 2000}, Case{3000, 50, 4000});
    const auto seed = GENERATE(1u, 2u, 3u);
    Twins twins(c.capacity, c.load, c.tuples, seed);
    for (unsigned round = 0; round < 40; ++round) {
        for (unsigned i = 0; i < 2500; ++i)
            twins.step();
        twins.compare();
    }
    CHECK(twins.outcomes(Inserted) > 1000);
    CHECK(twins.outcomes(OriginalTaken) > 1000);
    CHECK(twins.outcomes(ReplyTaken) > 1000);
    if (c.capacity == 700)
        CHECK(twins.counters().keys_by_moves[1] > 0);
}

}  // namespace flow_table_model_test
