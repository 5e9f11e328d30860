// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ingress guard: keeps the kernel's own IPv4 away from what arrives on an interface that is a
/// port.
///
/// Packet sockets see a frame and leave it to the kernel as well. A kernel that forwards (Docker
/// and libvirt switch that on) then sends clients' packets out by its own routes too, with their
/// private addresses; one with an address on the interface answers beside the gateway.
///
/// Shape    An nftables table of family netdev with one chain at the interface's ingress, behind
///          the packet sockets. It drops the IPv4 and ARP of the VLANs given; everything else
///          (IPv6, LLDP, other VLANs) stays the kernel's. It lasts as long as this object
///          (kernel/nft_table.h), whoever switches forwarding on later.
/// Threads  Any one.
/// Errors   A sentence that says what the kernel refused.
/// Source   linux/netfilter/nf_tables.h; nft(8), "netdev".

#include "base/descriptor.h"
#include "base/result.h"

#include <cstdint>
#include <span>
#include <string>

namespace sluice::kernel {

class IngressGuard {
public:
    /// `vlans`: the tags whose frames are the port's; 0 stands for those without a tag, and with
    /// one for a priority alone.
    static Result<IngressGuard> install(const std::string& interface,
                                        std::span<const uint16_t> vlans);

    /// An error where the kernel takes no such rule. Finds out by an empty chain at the ingress of
    /// the loopback interface, which is gone on return.
    static Status try_out();

private:
    explicit IngressGuard(Descriptor socket) : socket_(std::move(socket)) {}

    Descriptor socket_;  // the table goes when it closes
};

/// The kernel forwards IPv4 packets that arrive on the interface.
bool forwards(const std::string& interface);

}  // namespace sluice::kernel
