// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Input: a fuzzer's bytes, read as the choices that they stand for.
///
/// Shape    Two bytes are a number. Behind the end all numbers are 0, so that any input can be read
///          to the end of a step.

#include "mutate.h"

#include <cstdint>
#include <span>

namespace sluice::test {

class Input {
public:
    Input(const uint8_t* bytes, size_t size) : rest_(bytes, size) {}

    bool is_empty() const { return rest_.empty(); }
    uint64_t number() {
        uint64_t number = 0;
        for (int i = 0; i < 2 && !rest_.empty(); ++i, rest_ = rest_.subspan(1))
            number = number << 8 | rest_.front();
        return number;
    }
    /// Refers to this input.
    Draw draw() {
        return [this] { return number(); };
    }

private:
    std::span<const uint8_t> rest_;
};

}  // namespace sluice::test
