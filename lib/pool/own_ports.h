// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Own ports: the ports of the gateway's own addresses that are its kernel's. Where such an address
/// is also one that flows are given, no flow is given these, and what comes for them and is of no
/// flow is for the gateway itself.
///
/// Shape    A bit for each port of each address, by protocol; of a protocol without ports one bit.
///          An ICMP query's identifier stands for its port. Some are given by the operator and
///          stay; others are added while the kernel sends from them.
/// Threads  add() and remove() are one thread's, contains() is for any.
/// Memory   At construction: 41 KB an address.
/// Cost     contains() is a comparison for each address, and a bit. It is asked off the fast path
///          only: of what meets no flow, and while a port is looked for.

#include "base/big_endian.h"
#include "net/tuple.h"
#include "pool/port_range.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice::pool {

class OwnPorts {
public:
    /// None.
    OwnPorts() = default;
    /// Those of `ranges`, of every protocol that has ports, at each of the addresses; and UDP 68,
    /// by which a DHCP client is answered.
    OwnPorts(std::span<const Be32> addresses, std::span<const PortRange> ranges);
    OwnPorts(const OwnPorts&) = delete;

    bool contains(net::Protocol protocol, net::Endpoint endpoint) const {
        const Ports* ports = of(endpoint.address);
        return ports != nullptr && ports->has(protocol, endpoint.port.host());
    }

    /// One of the addresses that have such ports.
    bool is_at(Be32 address) const { return of(address) != nullptr; }
    /// For an endpoint at one of the addresses.
    void add(net::Protocol protocol, net::Endpoint endpoint) { change(protocol, endpoint, true); }
    void remove(net::Protocol protocol, net::Endpoint endpoint) {
        change(protocol, endpoint, false);
    }

private:
    /// A bit for each number of sixteen bits.
    class Bits {
    public:
        bool has(uint16_t number) const {
            // relaxed: a bit stands alone. Who has not seen one that was just added may open a flow
            // by that port: whoever added it finds that flow (control/twins.h).
            return words_[number / 64].load(std::memory_order_relaxed) >> (number % 64) & 1;
        }
        void set(uint16_t number, bool is_in);

    private:
        std::array<std::atomic<uint64_t>, 1024> words_{};
    };

    struct Ports {
        Be32 address;
        std::array<Bits, 5> numbers;  // of Icmp, Tcp, Udp, Sctp, UdpLite
        Bits protocols;               // of those that go by address alone

        bool has(net::Protocol protocol, uint16_t port) const;
        void set(net::Protocol protocol, uint16_t port, bool is_in);
    };

    const Ports* of(Be32 address) const;
    void change(net::Protocol protocol, net::Endpoint endpoint, bool is_in);

    std::vector<std::unique_ptr<Ports>> all_;
};

}  // namespace sluice::pool
