// SPDX-License-Identifier: BSD-3-Clause
#include "rig/order.h"

#include <cmath>
#include <numeric>

namespace sluice::bench {
namespace {

constexpr double kExponent = 1.1;
constexpr size_t kSamples = 1u << 20;

/// The sum of k^-exponent up to rank x, as an integral that rank 1 is counted into, and back.
double weight_up_to(double rank) {
    return 1 + (1 - std::pow(rank, 1 - kExponent)) / (kExponent - 1);
}
double rank_at(double weight) {
    return weight <= 1 ? 1 : std::pow(1 - (weight - 1) * (kExponent - 1), 1 / (1 - kExponent));
}

}  // namespace

Order::Order(Kind kind, uint32_t flows, uint64_t seed) : flows_(flows), random_(seed) {
    if (kind == Kind::Random)
        return;
    // Neighbours in rank are none in memory: an odd stride visits every flow once.
    const uint64_t stride = (flows * uint64_t{618} / 1000) | 1;
    const uint64_t step = std::gcd(stride, uint64_t{flows}) == 1 ? stride : 1;
    std::uniform_real_distribution<double> uniform(0, weight_up_to(flows));
    samples_.reserve(kSamples);
    for (size_t i = 0; i < kSamples; ++i) {
        const auto rank = static_cast<uint64_t>(rank_at(uniform(random_)));
        samples_.push_back(static_cast<uint32_t>(rank * step % flows));
    }
}

const char* name_of(Order::Kind kind) {
    return kind == Order::Kind::Random ? "random" : "zipf";
}

}  // namespace sluice::bench
