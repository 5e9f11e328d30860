// SPDX-License-Identifier: BSD-3-Clause
#include "flow/reading.h"

namespace sluice::flow {

Reading::Reading(FlowTable& table) : table_(table), seat_(table.take_seat()) {
    table_.grace_->begin_reading(seat_);
}

Reading::~Reading() {
    if (is_open_)
        end();
}

bool Reading::end() {
    const bool is_valid = table_.grace_->end_reading(seat_);
    table_.seats_[seat_].taken.store(false, std::memory_order_release);
    is_open_ = false;
    return is_valid;
}

}  // namespace sluice::flow
