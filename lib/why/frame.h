// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Frame: a frame of ordinary memory in the form that net::parse() reads, which may shorten it.
///
/// Threads  Its owner's.
/// Memory   A copy of the bytes; no pool of packets.

#include "net/packet.h"
#include "net/tuple.h"
#include "why/answer.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct rte_mbuf;

namespace sluice::why {

class Frame {
public:
    explicit Frame(std::span<const uint8_t> bytes);
    ~Frame();
    Frame(const Frame&) = delete;

    rte_mbuf* mbuf() const;

private:
    struct WithNote;  // as packet pools make mbufs

    std::vector<uint8_t> bytes_;
    std::unique_ptr<WithNote> mbuf_;
};

/// What is told of a packet that has been parsed: all but by what it comes.
void describe(const net::Packet& packet, const net::Tuple& tuple, Arrival& arrival);

}  // namespace sluice::why
