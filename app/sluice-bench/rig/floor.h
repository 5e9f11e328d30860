// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Floor: what a NAT cannot do without, and nothing else, over as much memory as the flow table.
///
/// Shape    Of each packet the tuple is hashed, the bucket's line read, the flow's line read and
///          written (both lines for TCP), and address, port and checksums are rewritten. Sixteen
///          bits decide where a table compares whole keys; nothing may ever change.
/// Threads  Any, if no two meet packets of the same flow.
/// Cost     Two dependent cache misses a packet, three for TCP, in bursts.

#include "base/memory.h"
#include "base/result.h"
#include "flow/tuple_hash.h"
#include "io/port.h"
#include "rig/book.h"

#include <memory>
#include <span>

struct rte_mbuf;

namespace sluice::bench {

class Floor {
public:
    /// Knows the first `flows` flows of the book, which has learned of them.
    static Result<std::unique_ptr<Floor>> create(const Book& book, uint32_t flows, PageKind pages);
    static size_t bytes_needed(uint32_t flows);

    /// Takes a burst from one port to the other.
    void forward(io::Port& from, io::Port& to, uint16_t queue);

private:
    static constexpr unsigned kSlots = 10;
    struct Line;
    struct Record;

    Floor() = default;
    void add(const Book& book, uint32_t flow);
    void put(const net::Tuple& tuple, uint32_t word);
    uint64_t line_of(uint64_t hash) const { return (hash >> 32) * lines_ >> 32; }
    void rewrite(rte_mbuf* mbuf, uint32_t word);

    Pages pages_;
    flow::TupleHash hash_;
    uint64_t lines_ = 0;
    Line* line_ = nullptr;
    Record* record_ = nullptr;
    bool is_tcp_ = false;
};

}  // namespace sluice::bench
