// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Steering: whether a flow's replies arrive at the worker that opens it, by the port that is
/// chosen for it.
///
/// Shape    Where the outside port spreads packets by a Toeplitz hash whose key and table are
///          known, and each worker polls the queue of its own number.
/// Threads  Immutable after construction; shared by all workers.
/// Source   RSS of the port; the reply tuple is what the NIC sees.

#include "io/toeplitz.h"
#include "net/tuple.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace sluice::io {

/// Which ports are chosen with an eye to where the replies arrive.
enum class Steer : uint8_t {
    Never,
    Changed,  ///< Those that are not the host's own.
    Always,   ///< Also a host's own port is kept only if its replies arrive where the flow is.
};

class Steering {
public:
    /// `queues` says by the hash's low bits to which queue a packet goes; its size is a power of 2.
    Steering(Steer steer, std::span<const uint8_t, kRssKeyBytes> key, std::vector<uint16_t> queues)
        : steer_(steer), toeplitz_(key), queues_(std::move(queues)) {}

    bool covers(net::Protocol protocol) const {
        return protocol == net::Protocol::Tcp || protocol == net::Protocol::Udp;
    }
    bool covers_own_ports() const { return steer_ == Steer::Always; }

    bool leads_to(uint8_t worker, const net::Tuple& reply) const {
        return queues_[toeplitz_.hash(reply) & (queues_.size() - 1)] == worker;
    }

private:
    Steer steer_;
    Toeplitz toeplitz_;
    std::vector<uint16_t> queues_;
};

}  // namespace sluice::io
