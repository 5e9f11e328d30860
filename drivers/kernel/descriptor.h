// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Descriptor: a file or socket of the kernel that is closed when its owner goes.

#include <unistd.h>
#include <utility>

namespace sluice::kernel {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ >= 0)
            close(number_);
    }

    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }

private:
    int number_ = -1;
};

}  // namespace sluice::kernel
