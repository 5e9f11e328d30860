// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Memory tap: a tap whose kernel is two queues in memory, for tests.
///
/// Threads  One, which is also the kernel.

#include "io/tap.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace sluice::memory {

class MemoryTap : public io::Tap {
public:
    using Frame = std::vector<uint8_t>;

    // The kernel.
    void send(const Frame& frame) { sent_.push_back(frame); }
    /// Takes what it has received so far.
    std::vector<Frame> take_received();
    /// From now on it takes nothing, or takes all again.
    void refuse(bool refuses) { refuses_ = refuses; }
    bool has_link() const { return has_link_; }
    uint16_t mtu() const { return mtu_; }

    // The tap.
    bool write(const rte_mbuf& frame) override;
    size_t read(std::span<uint8_t> room) override;
    void follow(bool has_link, uint16_t mtu) override;

private:
    std::deque<Frame> sent_;
    std::vector<Frame> received_;
    bool refuses_ = false;
    bool has_link_ = false;
    uint16_t mtu_ = 0;
};

}  // namespace sluice::memory
