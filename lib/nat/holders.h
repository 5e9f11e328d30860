// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Holders: records that are no flows but hold an external endpoint, a permission or a block of
/// ports for an inside host, and live as long as flows hang on them.
///
/// Shape    Records of the flow table, with keys that no packet has (flow::Kind):
///
///              kind       original key                     reply key
///              mapping    inside endpoint -> nobody        nobody -> external endpoint
///              contact    inside endpoint -> remote        remote -> external endpoint
///              block      inside host, ordinal -> nobody   nobody -> external address, first port
///
///          A key that an inside end begins has its zone, the others have 0.
///          Inserting both keys is the claim, so each endpoint and each block has one holder,
///          whichever workers ask at once.
/// Threads  Owned by one worker; the records are shared by all.
/// Cost     On the slow path, a lookup for each step. A packet of a flow that hangs on a mapping
///          reads the mapping's first line, and writes it once a second.
/// Source   RFC 4787 §4.1 (mapping), §5 (filtering), §4.3 (refresh); RFC 7857 §7 (refresh by inside
///          packets alone); RFC 6888 REQ-8 (rest).

#include "base/clock.h"
#include "flow/flow_table.h"
#include "flow/stock.h"
#include "hosts/host_table.h"
#include "nat/rules.h"
#include "net/tuple.h"
#include "stats/counters.h"

#include <cstdint>
#include <optional>

namespace sluice::nat {

/// How far ahead the deadline of a block is kept. The control core alone ends a block.
inline constexpr Duration kBlockDeadline = Duration::seconds(24 * 3600);

/// Bits of FlowRecord::state of a holder.
enum HolderState : uint8_t {
    kRests = 1,      ///< Its deadline lies HolderParams::port_hold beyond its end, where it rests.
    kTold = 2,       ///< A block, of which the control core has told the operator.
    kProven = 4,     ///< A flow that hung on it has been answered.
    kClosing = 8,    ///< A block that is taken back: no new flow is given a port of it.
    kOutlived = 16,  ///< Its time is over, and only flows that outside hosts opened hang on it.
};

/// A block of ports by which no flow has been answered may be taken back after so long, where
/// others want blocks and there are none.
inline constexpr Duration kBlockTrial = Duration::seconds(2);

/// A record hangs, by itself or by what it hangs on, on a block by which no flow has been answered
/// and that has these marks.
bool hangs_on_block(const flow::FlowTable& table, const flow::FlowRecord& record, uint8_t marks);

/// On one that may be taken back.
inline bool is_on_trial(const flow::FlowTable& table, const flow::FlowRecord& record) {
    return hangs_on_block(table, record, 0);
}
/// On one that is being taken back.
inline bool is_taken_back(const flow::FlowTable& table, const flow::FlowRecord& record) {
    return hangs_on_block(table, record, kClosing);
}

inline Duration hold_of(const flow::FlowRecord& record, const HolderParams& params) {
    // relaxed: written before the record is published.
    const bool rests = (record.state.load(std::memory_order_relaxed) & kRests) != 0;
    return rests ? params.port_hold : Duration{};
}

/// Both keys of a holder.
struct HolderKeys {
    net::Tuple original;
    net::Tuple reply;
};

constexpr net::Tuple holder_key(flow::Kind kind, net::Protocol protocol, net::Endpoint from,
                                net::Endpoint to) {
    return {from.address, to.address, from.port, to.port, protocol, static_cast<uint8_t>(kind),
            from.zone};
}

constexpr HolderKeys mapping_keys(net::Protocol protocol, net::Endpoint inside,
                                  net::Endpoint external) {
    return {holder_key(flow::Kind::Mapping, protocol, inside, {}),
            holder_key(flow::Kind::Mapping, protocol, {}, external)};
}

/// `remote` has port 0 when all ports of its address are meant.
constexpr HolderKeys contact_keys(net::Protocol protocol, net::Endpoint inside,
                                  net::Endpoint remote, net::Endpoint external) {
    return {holder_key(flow::Kind::Contact, protocol, inside, remote),
            holder_key(flow::Kind::Contact, protocol, remote, external)};
}

/// Blocks are of all protocols.
constexpr HolderKeys block_keys(net::InsideAddress host, uint16_t ordinal, net::Endpoint first) {
    const net::Endpoint holder{host.address, Be16::from_host(ordinal), host.zone};
    return {holder_key(flow::Kind::Block, {}, holder, {}),
            holder_key(flow::Kind::Block, {}, {}, first)};
}

/// The record with this key, if there is one; it may be resting.
std::optional<uint32_t> find_holder(const flow::FlowTable& table, const net::Tuple& key, Tick now);

/// Its time is over; Holders::refresh() and keep() revive it.
bool is_resting(const flow::FlowRecord& record, const HolderParams& params, Tick now);

class Holders {
public:
    /// The worker's own, and the table.
    struct Ground {
        flow::FlowTable& table;
        flow::Member& member;
        flow::Stock& stock;
        stats::Counters& counters;
        uint8_t worker = 0;
        hosts::HostTable* hosts = nullptr;  ///< Counts mappings and contacts; null: nobody does.
    };

    Holders(const Ground& ground, const Current& policy) : ground_(ground), policy_(policy) {}

    /// What a record is to hang on, and whether its endpoint rests when it has ended.
    struct Terms {
        std::optional<uint32_t> parent = {};
        bool rests = false;
        hosts::Limits limits = {};  ///< Of the inside host; a block does not count.
    };

    struct Made {
        enum class Result : uint8_t {
            New,
            Existing,     ///< For the same inside endpoint and remote.
            Taken,        ///< What it was to hold is another's.
            ParentEnded,  ///< What it was to hang on has ended.
            NoRoom,
            HostFull,  ///< The inside host has all that it may.
        };
        Result result = Result::NoRoom;
        uint32_t index = 0;  ///< Of New and Existing.
    };

    Made make(const HolderKeys& keys, const Terms& terms, Tick now);

    /// Lets all that a record hangs on live on for a lifetime from now.
    void refresh(uint32_t index, Tick now) { keep(index, now + params().mapping_timeout); }
    /// Likewise, until `deadline` at least.
    void keep(uint32_t index, Tick deadline);
    /// How long what a record hangs on lasts by what has come from inside.
    Duration left(const flow::FlowRecord& record, Tick now) const;
    const policy::Policy& policy() const { return *policy_; }
    /// What a record hangs on serves a host that has been answered.
    void prove(uint32_t index);

private:
    hosts::Counted admit(const HolderKeys& keys, const Terms& terms, Tick now);
    Made insert(uint32_t index, hosts::HostIndex host, Tick now);
    const HolderParams& params() const { return policy_->holders; }
    void keep_one(uint32_t holder, Tick deadline);

    Ground ground_;
    const Current& policy_;
};

}  // namespace sluice::nat
