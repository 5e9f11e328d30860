// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Netlink batch: messages for nftables that the kernel carries out all or not at all.
///
/// Units    Attributes in the byte order that the kernel wants: numbers of nftables are big-endian.
/// Source   RFC 3549; linux/netfilter/nfnetlink.h.

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::kernel {

class NetlinkBatch {
public:
    /// For tables of a family, as NFPROTO_NETDEV.
    explicit NetlinkBatch(uint8_t family);

    /// Begins a message of nftables; attributes follow.
    void begin(uint16_t type);
    void add(uint16_t attribute, std::span<const uint8_t> value);
    void add(uint16_t attribute, std::string_view text);
    void add(uint16_t attribute, uint32_t number);
    /// Attributes up to the matching close() lie within this one.
    void open(uint16_t attribute);
    void close();

    /// Sends all of it and waits for the kernel's word on each message.
    Status send(int socket);

private:
    void begin(uint16_t type, uint16_t flags, uint8_t family, uint16_t resource);
    void end();
    void put(const void* bytes, size_t count);
    void set_length(size_t place, size_t bytes);

    uint8_t family_;
    std::vector<uint8_t> bytes_;
    std::vector<size_t> open_;  // where attributes that are open begin
    size_t message_ = 0;        // where the last message begins
    unsigned answers_ = 0;      // to be expected
};

}  // namespace sluice::kernel
