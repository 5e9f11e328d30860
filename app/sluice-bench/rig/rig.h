// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Rig: a whole gateway between two synthetic ports, with a router on each side that answers ARP.
///
///     10.0.0.0/8 ── router .2 ── 192.168.0.0/24 ── sluice ── 198.51.100.0/24 ── router .254 ── all
///
/// Shape    The gateway is the one that the daemon runs; what a benchmark brings is the ports.
/// Threads  Queue i of both ports belongs to who turns worker i; attend() and skip() to one thread,
///          freeze() and thaw() to one while no other looks at the clock.

#include "base/memory.h"
#include "base/monotonic.h"
#include "config/config.h"
#include "gateway/gateway.h"
#include "rig/frame.h"
#include "synthetic/synthetic_port.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sluice::bench {

inline constexpr unsigned kBatch = 1024;  ///< Packets made at once for a worker.

/// The mbufs that packets come in.
struct Ring {
    unsigned mbufs = 16383;         ///< Batches, what waits in rings, and the mempool's caches.
    uint16_t frame_bytes = 128;     ///< That each has room for.
    unsigned waiting = 4 * kBatch;  ///< That may wait before a queue of a port, and behind it.
};

struct RigParams {
    uint32_t flows = 0;  ///< That the table has room for.
    unsigned workers = 1;
    PageKind pages = PageKind::Huge;
    uint32_t addresses = 16;  ///< Of the pool.
    std::function<void(config::Config&)> configure = [](config::Config&) {};
    std::optional<gateway::Inheritance> inheritance = {};  ///< Its records outlive the rig.
    Ring ring = {};
    bool is_ipv6 = false;  ///< Inside hosts have IPv6 alone: rig/ipv6.h.
};

class Rig {
public:
    static Result<std::unique_ptr<Rig>> create(const RigParams& params);
    ~Rig();
    Rig(const Rig&) = delete;

    /// Memory of EAL's that a rig takes, and of pages besides, with accounts.
    static size_t eal_bytes(const Ring& ring = {});
    static size_t table_bytes(uint32_t flows);

    gateway::Gateway& gateway() { return *gateway_; }
    synthetic::SyntheticPort& port(net::Side side) { return *ports_[index(side)]; }
    unsigned workers() const { return gateway_->workers(); }
    bool is_ipv6() const { return is_ipv6_; }
    rte_mempool* packets() { return packets_.get(); }
    /// Of a packet that arrives at this side.
    Addressing addressing(net::Side side) const;

    Tick now() const { return (frozen_ ? *frozen_ : clock_.now()) + skipped_; }
    /// Puts the clock forward.
    void skip(Duration duration) { skipped_.milliseconds += duration.milliseconds; }
    /// From now on only skip() moves the clock.
    void freeze() { frozen_ = frozen_.value_or(clock_.now()); }
    /// The clock runs again, from where it stood.
    void thaw() {
        if (frozen_)
            skip(*frozen_ - clock_.now());
        frozen_.reset();
    }
    /// One turn of the control core.
    void attend() { gateway_->control().turn(now()); }

    /// Turns everybody, seconds of the rig's clock long, until both routers have answered: at
    /// first, and after a jump of that clock.
    Status find_routers();

    /// A frame of the gateway's own that has left by a side: ARP is answered, all else ignored.
    void take_own(net::Side side, uint16_t queue, rte_mbuf* mbuf);
    void take_own(net::Side side, uint16_t queue);

    /// "3 no_mapping, 1 fragment": what the gateway has dropped so far.
    std::string drops() const;

private:
    struct FreePool {
        void operator()(rte_mempool* pool) const;
    };
    using Pool = std::unique_ptr<rte_mempool, FreePool>;

    Rig() = default;
    static Pool make_pool(const char* name, const Ring& ring);

    Pool packets_;
    Pool own_packets_;  ///< The gateway's.
    std::array<std::unique_ptr<synthetic::SyntheticPort>, 2> ports_;
    std::unique_ptr<gateway::Gateway> gateway_;
    bool is_ipv6_ = false;
    MonotonicClock clock_;
    std::optional<Tick> frozen_;
    Duration skipped_ = Duration::seconds(10);
};

}  // namespace sluice::bench
