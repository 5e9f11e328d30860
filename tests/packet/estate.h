// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Estate: the records of a gateway's flow table in memory that outlives it, as a state file's
/// does. A copy of it is what a crash at that moment leaves.

#include "gateway/restoration.h"
#include "state/image.h"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace sluice::test {

class Estate {
public:
    /// For a gateway of that shape; an image that another shape's has left is moved first.
    gateway::Inheritance hand_over(const state::Shape& shape, Tick now) {
        gateway::Inheritance inheritance;
        inheritance.now = now;
        inheritance.is_found = !memory_.empty();
        if (memory_.empty() || !(image().header().shape() == shape)) {
            Estate made;
            made.memory_.resize((state::image_bytes(shape) + sizeof(Line) - 1) / sizeof(Line));
            state::begin(made.image().header(), shape, state::read_moment());
            if (!memory_.empty())
                inheritance.without_room = state::move_image(image(), made.image());
            memory_ = std::move(made.memory_);
        }
        inheritance.records = image().records();
        inheritance.numbers = image().numbers();
        inheritance.peers = image().peers();
        return inheritance;
    }

    std::span<flow::FlowRecord> records() { return image().records().records; }
    std::span<std::byte> numbers() { return image().numbers(); }  ///< Of IPv6 hosts.
    std::span<std::byte> peers() { return image().peers(); }      ///< Of those outside.

private:
    struct alignas(64) Line {
        std::array<std::byte, 64> bytes{};
    };

    state::Image image() { return state::Image(std::as_writable_bytes(std::span(memory_))); }

    std::vector<Line> memory_;
};

}  // namespace sluice::test
