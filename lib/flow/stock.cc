// SPDX-License-Identifier: BSD-3-Clause
#include "flow/stock.h"

#include <algorithm>

namespace sluice::flow {

Stock::Stock(Member& member, uint32_t reserve) : member_(member), most_(reserve) {
    reserve_.reserve(most_);
    while (reserve_.size() < most_) {
        const size_t before = reserve_.size();
        refill();
        if (reserve_.size() == before)
            break;  // a table smaller than its reserves; the rest comes when there is some
    }
}

Stock::~Stock() {
    member_.give_back(reserve_);
    finish();
}

void Stock::refill() {
    std::array<uint32_t, kMaxBulk> fresh;
    const size_t missing = std::min(most_ - reserve_.size(), fresh.size());
    const unsigned taken = member_.take(std::span(fresh).first(missing));
    reserve_.insert(reserve_.end(), fresh.begin(), fresh.begin() + taken);
}

void Stock::prepare(unsigned count) {
    if (reserve_.size() < most_)
        refill();
    const unsigned room = std::min<unsigned>(count, kMaxBulk - count_);
    count_ += member_.take(std::span(spare_).subspan(count_, room));
}

void Stock::finish() {
    if (count_ == 0)
        return;
    member_.give_back(std::span(spare_).first(count_));
    count_ = 0;
}

bool Stock::lend() {
    if (reserve_.empty() || count_ == spare_.size())
        return false;
    spare_[count_++] = reserve_.back();
    reserve_.pop_back();
    return true;
}

}  // namespace sluice::flow
