// SPDX-License-Identifier: BSD-3-Clause
#include "answer/budgets.h"

#include <algorithm>

namespace sluice::answer {
namespace {

constexpr Rate kErrorsOfEach{10, 10};
constexpr uint32_t kResetBurst = 500;
constexpr uint32_t kResetBurstOfEach = 50;

SipKey key_of(const SipKey& key, uint64_t budget) {
    return {sip_hash(key, budget, 0), sip_hash(key, budget, 1)};
}

BudgetParams errors(const BudgetsParams& params, uint64_t budget) {
    return {Rate{params.icmp_rate, params.icmp_rate}, kErrorsOfEach, key_of(params.key, budget)};
}

BudgetParams too_big(const BudgetsParams& params, uint64_t budget) {
    return {{}, Rate{params.icmp_rate, params.icmp_rate}, key_of(params.key, budget)};
}

BudgetParams resets(const BudgetsParams& params, uint64_t budget) {
    const Rate each{std::max(1u, params.reset_rate / 10), kResetBurstOfEach};
    return {Rate{params.reset_rate, kResetBurst}, each, key_of(params.key, budget)};
}

}  // namespace

Budgets::Budgets(const BudgetsParams& params)
    : errors_{Budget(errors(params, 0)), Budget(errors(params, 1))},
      too_big_{Budget(too_big(params, 2)), Budget(too_big(params, 3))},
      resets_(resets(params, 4)) {}

}  // namespace sluice::answer
