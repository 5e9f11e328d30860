// SPDX-License-Identifier: BSD-3-Clause
#include "control/giving_up.h"

#include "flow/publics.h"

namespace sluice::control {
namespace {

/// Another gateway has its address; or this one has that of the host outside, too, to whom no
/// packet goes by the outside then.
bool is_lost(const flow::FlowRecord& record, const pool::Holdings& holdings) {
    const auto peer = flow::peer_outside(record.tuple, record.sides);
    return flow::any_public(record.tuple, record.sides,
                            [&](Be32 address) { return holdings.is_lost(address); }) ||
           (peer && holdings.is_ours(*peer));
}

}  // namespace

unsigned GivingUp::turn() {
    if (holdings_ == nullptr || (walk_.is_over() && !begin()))
        return 0;
    if (period_ && !table_.grace().is_over(*period_))
        return 0;
    period_.reset();
    const unsigned ended = walk_.turn(table_, member_, [this](const flow::FlowRecord& record) {
        return is_lost(record, *holdings_);
    });
    // What has changed since the walk began has another edition, and is walked for anew.
    if (walk_.is_over() && settles_)
        holdings_->settle(*edition_);
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
    walk_.begin();
    return true;
}

bool GivingUp::are_all_somebodys() const {
    for (size_t i = 0; i < holdings_->addresses().size(); ++i)
        if (!holdings_->is_held(i) && !holdings_->is_others(i))
            return false;
    return true;
}

}  // namespace sluice::control
