// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Order: which flow the next packet belongs to.
///
/// Shape    Random: each as likely as any other. Zipf: the k-th most frequent comes in proportion
///          to k^-1.1; which flows these are is random.
/// Memory   Zipf draws from a million numbers made beforehand.

#include <cstdint>
#include <random>
#include <vector>

namespace sluice::bench {

class Order {
public:
    enum class Kind : uint8_t { Random, Zipf };

    Order(Kind kind, uint32_t flows, uint64_t seed);

    uint32_t next() {
        if (!samples_.empty()) {
            position_ = position_ + 1 == samples_.size() ? 0 : position_ + 1;
            return samples_[position_];
        }
        return static_cast<uint32_t>((random_() >> 32) * flows_ >> 32);
    }

private:
    uint32_t flows_;
    std::mt19937_64 random_;
    std::vector<uint32_t> samples_;
    size_t position_ = 0;
};

const char* name_of(Order::Kind kind);

}  // namespace sluice::bench
