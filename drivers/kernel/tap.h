// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A TAP interface of the kernel's: what it sends there is read here, and what is written here it
/// receives.
///
/// Shape    Named, with the MAC, the MTU and the addresses given, and up. It is gone when this
///          object is, or the process, however that ends. A kernel that forwards does not forward
///          what it receives there, where nftables allows to see to that (kernel/forward_guard.h).
/// Threads  Any one.
/// Errors   A sentence that says what cannot be had.
/// Source   Linux Documentation/networking/tuntap.rst; netdevice(7).

#include "base/big_endian.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "io/port.h"
#include "io/tap.h"
#include "kernel/forward_guard.h"
#include "net/prefix.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::kernel {

struct TapParams {
    std::string name;  ///< Of an interface that is not there yet.
    io::MacAddress mac{};
    uint16_t mtu = 1500;
    std::vector<net::Prefix> addresses;  ///< With their subnets, which become routes.
};

class Tap : public io::Tap {
public:
    static Result<std::unique_ptr<Tap>> create(const TapParams& params);

    bool write(const rte_mbuf& frame) override;
    size_t read(std::span<uint8_t> room) override;
    void follow(bool has_link, uint16_t mtu) override;

    /// Why the kernel may forward what it receives there; empty where it cannot.
    const std::string& warning() const { return warning_; }

private:
    Tap(std::string name, Descriptor frames, Descriptor control);
    Status configure(const TapParams& params);
    Status set_addresses(const std::vector<net::Prefix>& addresses);
    bool set_mtu(uint16_t mtu);

    std::string name_;
    Descriptor frames_;   // the interface goes when it closes
    Descriptor control_;  // any socket, for ioctl()
    std::optional<ForwardGuard> guard_;
    std::string warning_;
    bool has_link_ = true;
    uint16_t mtu_ = 0;
};

}  // namespace sluice::kernel
