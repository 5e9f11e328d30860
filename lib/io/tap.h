// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tap: frames to the kernel and from it, by an interface that the kernel has. Implemented in
/// drivers/.
///
/// Threads  One, the control core's.
/// Errors   A frame that the kernel does not take is the caller's to count.
/// Cost     A system call a frame.

#include <cstddef>
#include <cstdint>
#include <span>

struct rte_mbuf;

namespace sluice::io {

class Tap {
public:
    virtual ~Tap() = default;

    /// Gives the kernel a copy of the frame; false when it does not take it. Does not wait.
    virtual bool write(const rte_mbuf& frame) = 0;
    /// Takes a frame that the kernel sends, its front if it is longer than `room`. Returns its
    /// bytes there, 0 when there is none. Does not wait.
    virtual size_t read(std::span<uint8_t> room) = 0;
    /// Lets the kernel know whether the link is there, and its MTU.
    virtual void follow(bool has_link, uint16_t mtu) = 0;
};

}  // namespace sluice::io
