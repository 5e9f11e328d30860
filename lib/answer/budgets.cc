// SPDX-License-Identifier: BSD-3-Clause
#include "answer/budgets.h"

#include <algorithm>

namespace sluice::answer {
namespace {

constexpr uint32_t kMostErrorsOfEach = 10;
constexpr uint32_t kPartOfEach = 100;
constexpr Rate kChallengesOfEach{50, 50};
constexpr uint32_t kResetBurst = 500;
constexpr uint32_t kResetBurstOfEach = 50;

SipKey key_of(const SipKey& key, uint64_t budget) {
    return {sip_hash(key, budget, 0), sip_hash(key, budget, 1)};
}

/// So small a part of all that it cannot be told from chance.
Rate errors_of_each(uint32_t all) {
    const uint32_t errors = std::clamp(all / kPartOfEach, uint32_t{1}, kMostErrorsOfEach);
    return {errors, errors};
}

}  // namespace

Budgets::Budgets(const SipKey& key)
    : errors_{Budget(key_of(key, 0)), Budget(key_of(key, 1))},
      too_big_{Budget(key_of(key, 2)), Budget(key_of(key, 3))},
      resets_(key_of(key, 4)),
      challenges_{Budget(key_of(key, 5)), Budget(key_of(key, 6))} {}

void Budgets::turn(Tick now) {
    const std::array all{&errors_[0], &errors_[1],     &too_big_[0],   &too_big_[1],
                         &resets_,    &challenges_[0], &challenges_[1]};
    all[next_]->turn(now);
    next_ = (next_ + 1) % all.size();
}

Limits Budgets::limits_of(const Rates& rates, Kind kind) {
    const Rate icmp{rates.icmp, rates.icmp};
    switch (kind) {
        case Kind::Error:
            return {icmp, errors_of_each(rates.icmp)};
        case Kind::TooBig:
            return {{}, icmp};
        case Kind::Challenge:
            return {{}, kChallengesOfEach};
        case Kind::Reset:
            break;
    }
    return {Rate{rates.reset, kResetBurst},
            Rate{std::max(1u, rates.reset / 10), kResetBurstOfEach}};
}

}  // namespace sluice::answer
