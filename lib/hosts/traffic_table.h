// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Traffic table: packets and bytes by key, of an inside host or of a public address.
///
/// Shape    An array of slots, searched from the place of the key's keyed hash on, which say which
///          row of counters is the key's. A row may be in stripes, for keys that many threads add
///          to: each thread should have one of its own. Keys come and never go; those for which
///          there is no row are counted together.
/// Threads  Any, at once and without a lock. A slot goes from 0 to its key and row by one swap, and
///          stays so. That swap is a release, and its reader acquires it, though rows are zero from
///          the beginning: so a thread that has seen a key sees what it has been told of it before.
///          Counts are added to by read-modify-writes; each stands alone.
///          Of two threads that bring the same key at once one leaves a row unused.
/// Errors   None: what has no row is in others().
/// Memory   All at create(): 16 bytes a row for slots, 32 for each stripe of it.
/// Cost     add() touches the slot, and the row.

#include "base/memory.h"
#include "base/result.h"
#include "flow/traffic.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice::hosts {

/// What has gone over flows, by the side of the NAT that it came from.
struct SideTraffic {
    flow::Traffic out;  ///< From inside.
    flow::Traffic in;   ///< From outside, or from another inside host that opened the flow.

    SideTraffic& operator+=(const SideTraffic& more);
    constexpr bool operator==(const SideTraffic&) const = default;
    uint64_t bytes() const { return out.bytes + in.bytes; }
};

struct TrafficTableParams {
    uint32_t rows = 0;     ///< 1 to kMostRows.
    uint32_t stripes = 1;  ///< A power of two.
    PageKind pages = PageKind::Ordinary;
    int numa_node = -1;
    uint64_t secret = 0;  ///< Random per start: keys the hash.
};

class TrafficTable {
public:
    static constexpr unsigned kRowBits = 20;
    static constexpr uint32_t kMostRows = (uint32_t{1} << kRowBits) - 1;
    static constexpr unsigned kKeyBits = 64 - kRowBits;

    struct Row {
        uint64_t key = 0;
        SideTraffic traffic;
    };

    static Result<std::unique_ptr<TrafficTable>> create(const TrafficTableParams& params);
    static size_t bytes_needed(const TrafficTableParams& params);

    /// `key` has kKeyBits. Of stripes the one that suits the number is taken.
    void add(uint64_t key, unsigned stripe, const SideTraffic& more);
    /// In the order in which the keys came.
    std::vector<Row> read() const;
    SideTraffic others() const;

private:
    struct alignas(32) Counts {
        std::atomic<uint64_t> out_packets{0};
        std::atomic<uint64_t> out_bytes{0};
        std::atomic<uint64_t> in_packets{0};
        std::atomic<uint64_t> in_bytes{0};
    };
    using Slot = std::atomic<uint64_t>;  // key 44 | row 20, counted from 1; 0 where it is empty

    TrafficTable() = default;
    uint32_t row_of(uint64_t key);
    SideTraffic sum(uint32_t row) const;

    Pages pages_;
    std::span<Slot> slots_;     // a power of two
    std::span<Counts> counts_;  // by stripe, then by row, of which 0 is that of all others
    uint32_t rows_ = 0;         // of a stripe
    uint32_t stripes_ = 1;
    uint64_t secret_ = 0;
    std::atomic<uint32_t> last_row_{0};
};

}  // namespace sluice::hosts
