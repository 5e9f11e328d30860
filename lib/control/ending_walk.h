// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ending walk: ends some of all records of the flow table, a slice each turn: flows first, then
/// what hangs on mappings, then these.
///
/// Shape    Blocks of ports are ageing's to end. What is opened behind the walk is not met.
/// Threads  The control core's.
/// Cost     kRecordsPerTurn records a turn, three times over.

#include "control/rerouting.h"
#include "flow/flow_table.h"

#include <cstddef>
#include <cstdint>

namespace sluice::control {

class EndingWalk {
public:
    void begin() {
        round_ = 0;
        position_ = 0;
    }
    bool is_over() const { return round_ == kRounds; }

    /// Ends those of a slice of which `is_meant` says so; returns how many.
    template <typename IsMeant>
    unsigned turn(flow::FlowTable& table, flow::Member& member, IsMeant is_meant) {
        unsigned ended = 0;
        table.for_each_live(
            position_, position_ + kRecordsPerTurn, [&](uint32_t index, flow::FlowRecord& record) {
                // Before the rest is read: a record of another use since has another word.
                const flow::LifeWord life = record.life.load(std::memory_order_acquire);
                if (round_of(record.kind()) == round_ && is_meant(record))
                    ended += member.kill(index, life);
            });
        position_ += kRecordsPerTurn;
        if (position_ >= table.capacity()) {
            position_ = 0;
            ++round_;
        }
        return ended;
    }

private:
    static constexpr size_t kRounds = 3;

    static size_t round_of(flow::Kind kind) {
        switch (kind) {
            case flow::Kind::Flow:
                return 0;
            case flow::Kind::Expectation:
            case flow::Kind::Contact:
                return 1;
            case flow::Kind::Mapping:
                return 2;
            default:
                return kRounds;
        }
    }

    size_t round_ = kRounds;
    uint32_t position_ = 0;
};

}  // namespace sluice::control
