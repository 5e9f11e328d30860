// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Port: where packets come from and go to. Implemented in drivers/.
///
/// Shape    The VLAN tag of a received packet is in its frame, or beside it: in vlan_tci, with
///          RTE_MBUF_F_RX_VLAN_STRIPPED.
/// Threads  One caller per RX queue. A TX queue may be shared when the port has fewer than there
///          are workers: the driver then takes a lock, and only then. has_link() and mtu() change
///          while packets pass; the value stands alone, so relaxed loads and stores do.
/// Errors   A burst cannot fail, it is short. The caller keeps what transmit() did not take.
/// Cost     One virtual call per burst.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

struct rte_mbuf;

namespace sluice::io {

using MacAddress = std::array<uint8_t, 6>;

inline constexpr size_t kRssKeyBytes = 40;

/// How a port spreads TCP and UDP over its queues: by the Toeplitz hash of addresses and ports.
struct Rss {
    std::array<uint8_t, kRssKeyBytes> key{};
    std::vector<uint16_t> queues;  ///< By the low bits of the hash; its size is a power of 2.
};

class Port {
public:
    virtual ~Port() = default;

    /// Fills the front of `packets`; returns how many.
    virtual unsigned receive(uint16_t queue, std::span<rte_mbuf*> packets) = 0;
    /// Sends the front of `packets`; returns how many were taken.
    virtual unsigned transmit(uint16_t queue, std::span<rte_mbuf*> packets) = 0;

    /// Null when it is not known, or not so.
    virtual const Rss* rss() const { return nullptr; }

    virtual uint16_t rx_queues() const = 0;
    virtual uint16_t tx_queues() const = 0;
    virtual MacAddress mac() const = 0;
    virtual uint16_t mtu() const = 0;  ///< Bytes of IP packet.

    /// What is sent can arrive: the device is there and up, and its link too.
    bool has_link() const { return has_link_.load(std::memory_order_relaxed); }
    void set_link(bool is_up) { has_link_.store(is_up, std::memory_order_relaxed); }

    /// The tag of a packet is put into its frame by the port, from vlan_tci where
    /// RTE_MBUF_F_TX_VLAN is set; otherwise by who sends it.
    virtual bool inserts_tags() const { return false; }

    /// The NIC has looked at checksums and says so in every mbuf's flags.
    virtual bool verifies_checksums() const = 0;

private:
    std::atomic<bool> has_link_{true};
};

}  // namespace sluice::io
