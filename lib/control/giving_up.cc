// SPDX-License-Identifier: BSD-3-Clause
#include "control/giving_up.h"

namespace sluice::control {
namespace {

using flow::Kind;
using net::Direction;

constexpr size_t kGivingUpRounds = 3;

/// What hangs on others goes before them. Blocks of ports are ageing's to end.
size_t round_of(Kind kind) {
    switch (kind) {
        case Kind::Flow:
            return 0;
        case Kind::Expectation:
        case Kind::Contact:
            return 1;
        case Kind::Mapping:
            return 2;
        default:
            return kGivingUpRounds;
    }
}

/// Whatever it is, its public address is where one of its two keys goes.
bool is_lost(const flow::FlowRecord& record, const pool::Holdings& holdings) {
    return holdings.is_lost(record.key(Direction::Original).destination) ||
           holdings.is_lost(record.key(Direction::Reply).destination);
}

}  // namespace

unsigned GivingUp::turn() {
    if (holdings_ == nullptr || (!is_walking_ && !begin()))
        return 0;
    if (period_ && !table_.grace().is_over(*period_))
        return 0;
    period_.reset();
    unsigned ended = 0;
    table_.for_each_live(
        position_, position_ + kRecordsPerTurn, [&](uint32_t index, flow::FlowRecord& record) {
            // Before the rest is read: a record of another use since has another word.
            const flow::LifeWord life = record.life.load(std::memory_order_acquire);
            if (round_of(record.kind()) == round_ && is_lost(record, *holdings_))
                ended += member_.kill(index, life);
        });
    position_ += kRecordsPerTurn;
    if (position_ >= table_.capacity())
        end_round();
    counters_.count[stats::Count::FlowsGivenUp].add(ended);
    return ended + 1;
}

/// False where nothing has changed since the last walk.
bool GivingUp::begin() {
    const uint32_t edition = holdings_->edition();
    if (edition_ == edition)
        return false;
    edition_ = edition;
    settles_ = are_all_somebodys();
    period_ = table_.grace().begin();
    is_walking_ = true;
    round_ = 0;
    position_ = 0;
    return true;
}

/// What has changed since the walk began has another edition, and is walked for anew.
void GivingUp::end_round() {
    position_ = 0;
    is_walking_ = ++round_ < kGivingUpRounds;
    if (!is_walking_ && settles_)
        holdings_->settle(*edition_);
}

bool GivingUp::are_all_somebodys() const {
    for (size_t i = 0; i < holdings_->addresses().size(); ++i)
        if (!holdings_->is_held(i) && !holdings_->is_others(i))
            return false;
    return true;
}

}  // namespace sluice::control
