// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Quotas: what a flow is counted for beside its inside host, where one sender may have as many
/// addresses as he likes: those from outside for all that come from there together, and for the
/// static mapping (the door) that they come in by; and any for the prefix that its source is of, of
/// IPv4 or IPv6.
///
/// Shape    A counter for each door, by its number (pool/doors.h); door kCommonDoor stands for the
///          endpoints without one. Prefixes are hosts of a HostTable, without half-open flows, by
///          their keys (hosts/prefix_keys.h). A
///          word for each record of the flow table says what its flow was counted for, so that its
///          end looks nothing up.
/// Threads  Those of HostTable. Counters are changed by read-modify-writes, and each stands alone.
/// Errors   A prefix for which there is no place is not counted, and not limited.
/// Memory   All at create(): 4 bytes a flow, 40 a prefix.
/// Cost     For a flow from inside without a limit of prefixes: a store. From outside: two
///          additions when it opens and two when it ends.

#include "base/clock.h"
#include "base/memory.h"
#include "base/result.h"
#include "flow/flow_record.h"
#include "hosts/host_table.h"
#include "hosts/prefix_keys.h"
#include "net/side.h"
#include "net/tuple.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace sluice::hosts {

inline constexpr uint16_t kNoDoor = 0;      ///< Of a flow from inside.
inline constexpr uint16_t kCommonDoor = 1;  ///< Of one by a mapping, or without NAT.
inline constexpr uint16_t kDoors = 4096;    ///< Their numbers are below.
inline constexpr uint16_t kFirstOwnDoor = kCommonDoor + 1;  ///< The first of a static mapping's.

/// So many flows may sources of one prefix of this length have; 0 flows is no limit.
struct PrefixLimit {
    uint8_t length = 24;
    uint32_t flows = 0;

    constexpr bool operator==(const PrefixLimit&) const = default;
};

/// What outside hosts may have together, and the hosts of a prefix; 0 is no limit.
struct QuotaLimits {
    uint32_t inward = 0;                   ///< Flows that outside hosts have opened.
    PrefixLimit inside_prefix = {};        ///< Of flows from inside, by source.
    PrefixLimit inside_prefix6 = {64, 0};  ///< Likewise of those of IPv6 hosts.
    PrefixLimit outside_prefix = {};

    /// That for flows which such a source opens from there.
    constexpr const PrefixLimit& of_source(net::Side from, bool is_ipv6) const {
        if (from == net::Side::Outside)
            return outside_prefix;
        return is_ipv6 ? inside_prefix6 : inside_prefix;
    }
    constexpr bool count_inside() const {
        return inside_prefix.flows != 0 || inside_prefix6.flows != 0;
    }
};

/// What a flow is to be counted for, and what there may be.
struct QuotaRequest {
    uint16_t door = kNoDoor;
    uint32_t most_inward = 0;  ///< By all doors; 0 for no limit, as always.
    Limits of_door = {};
    std::optional<net::InsideAddress> prefix = {};
    uint32_t most_of_prefix = 0;
};

enum class Refusal : uint8_t { None, Inward, Door, DoorRate, Prefix };

/// Of what there are as many flows as there may be: one may go for another.
struct UsedUp {
    uint16_t door = kNoDoor;  ///< With neither, of all doors.
    std::optional<net::InsideAddress> prefix = {};
};

/// By a refusal; nothing where no flow's end would help.
constexpr std::optional<UsedUp> used_up(const QuotaRequest& request, Refusal refusal) {
    switch (refusal) {
        case Refusal::Inward:
            return UsedUp{};
        case Refusal::Door:
            return UsedUp{.door = request.door};
        case Refusal::Prefix:
            return UsedUp{.prefix = request.prefix};
        case Refusal::None:
        case Refusal::DoorRate:
            break;
    }
    return std::nullopt;
}

/// What a flow has been counted for.
struct Charge {
    uint16_t door = kNoDoor;
    HostIndex prefix = kNoHost;
};

struct Charged {
    Refusal refusal = Refusal::None;
    Charge charge = {};
};

struct QuotaParams {
    uint32_t flows = 0;     ///< Records of the flow table.
    uint32_t prefixes = 1;  ///< That can be counted at once; 1 to kMostHosts.
    PageKind pages = PageKind::Ordinary;
    int numa_node = -1;
    uint64_t secret = 0;  ///< Random per start: keys the hash.
};

class Quotas final : public flow::Ending {
public:
    /// `hosts` is told of each end as well, and outlives this object.
    static Result<std::unique_ptr<Quotas>> create(const QuotaParams& params, HostTable& hosts);
    /// Of what flows are charged to and of the table of prefixes, which are mappings of their own.
    static std::array<size_t, 2> bytes_needed(const QuotaParams& params);

    /// By what prefixes are known, as long as any flow is counted.
    const PrefixKeys& prefix_keys() const { return keys_; }
    void know_by(const PrefixKeys& keys) { keys_ = keys; }

    Charged charge(const QuotaRequest& request, Tick now);
    /// What charge() would answer now, or as soon as the flows of these records have ended. Nothing
    /// is counted.
    Refusal would_charge(const QuotaRequest& request, Tick now,
                         std::span<const uint32_t> ended = {}) const;
    /// The flow of a record is one of those that use that up.
    bool uses(uint32_t flow, const UsedUp& what, Tick now) const;
    /// Takes back what a flow was counted for that did not open.
    void give_back(const Charge& charge);

    /// What the flow of a record is counted for, set before the record is published as a flow.
    void set(uint32_t flow, const Charge& charge) {
        // relaxed: publishing the record releases it.
        charges_[flow].store(uint32_t{charge.door} << kHostBits | charge.prefix,
                             std::memory_order_relaxed);
    }
    /// How many flows have come in by a door; by any, for kNoDoor.
    uint32_t flows_of(uint16_t door) const {
        return doors_[door].flows.load(std::memory_order_relaxed);
    }

    void ended(uint32_t flow, flow::FlowRecord& record) override;
    void expect(uint32_t flow) override { hosts_.expect(flow); }

    /// The control core's, as HostTable::turn().
    void turn(Tick now, Grace& grace) {
        prefixes_->turn(now, grace);
        forget_past(doors_[next_door_].rate, now);
        next_door_ = (next_door_ + 1) % doors_.size();
    }

private:
    struct Door {
        std::atomic<uint32_t> flows{0};
        std::atomic<uint64_t> rate{0};  // hosts/rate.h
    };

    explicit Quotas(HostTable& hosts) : hosts_(hosts) {}
    Charge of(uint32_t flow) const;
    bool is_of(HostIndex prefix, net::InsideAddress wanted, Tick now) const;
    Refusal enter_door(const QuotaRequest& request, Tick now);
    void leave_door(uint16_t door);

    HostTable& hosts_;
    std::unique_ptr<HostTable> prefixes_;
    PrefixKeys keys_;
    Pages pages_;
    std::span<std::atomic<uint32_t>> charges_;  // by record: door 12 | prefix 20
    std::array<Door, kDoors> doors_;            // the first counts for all of them
    std::atomic<bool> has_counted_prefixes_{false};
    size_t next_door_ = 0;  // the control core's
};

}  // namespace sluice::hosts
