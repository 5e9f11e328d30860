// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Device: a port as who starts it knows it, before and around the passing of packets.
///
/// Threads  For the thread that started EAL, which later is the control core's; losses() for any.

#include "base/result.h"
#include "io/losses.h"
#include "io/port.h"

#include <cstdint>
#include <string>

struct rte_mempool;

namespace sluice::io {

/// What an operator would see of a link.
struct LinkState {
    bool is_there = true;  ///< The device exists, and can be used.
    bool is_up = false;
    uint16_t mtu = 0;
    std::string trouble = {};  ///< Why one that exists cannot be used.
    /// It is there for a process that starts anew, and for this one it is lost.
    bool needs_new_process = false;

    bool operator==(const LinkState&) const = default;
};

/// What a device leaves to sluice of what NICs do. Drivers of the kernel's interfaces, whose kernel
/// does it, and of no NIC at all leave nothing.
struct SoftwareWork {
    bool checksums = false;  ///< Those of what arrives.
    bool tags = false;       ///< VLAN tags into the frames that need one.
    bool joining = false;    ///< Frames of several buffers, before they are sent.

    bool operator==(const SoftwareWork&) const = default;
};

class Device : public Port {
public:
    /// Lets packets in, into mbufs of `pool`, which outlives the device. What it says of queues is
    /// true from here on.
    virtual Status start(rte_mempool* pool) = 0;

    virtual uint32_t frame_bytes() const = 0;  ///< Room that the pool's mbufs must have.
    virtual int numa_node() const = 0;         ///< -1 where it does not matter.
    virtual SoftwareWork software_work() const { return {}; }  ///< Of a started device.
    /// Looks at the device again: its link, its MTU, its losses; takes an interface that was made
    /// anew in the place of the old one. To be called a few times a second.
    virtual LinkState look() = 0;

    /// As they were when look() looked last.
    const Losses& losses() const { return losses_; }

protected:
    Losses losses_;
};

}  // namespace sluice::io
