// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Calls of PPTP: flows of GRE that are known by call ID, because a helped control connection has
/// agreed on them.
///
/// Shape    A packet says its receiver's call ID alone, so the two keys of a call are not each
///          other's reverse but for their addresses, and each has one number (net/gre.h):
///
///              PNS -> PAC    the server's call ID, as the PNS writes it
///              PAC -> PNS    the PNS's call ID, as the server knows it
///
///          What a packet's call ID becomes, its flow's record has in place of a tracker. GRE that
///          no call is known of goes by its addresses alone, whatever its version.
/// Threads  Any member of the flow table may ask. What a record has is written before the record is
///          published.
/// Cost     name(): one lookup for a packet of a call; two while there are expectations.
/// Source   gre_pkt_to_tuple() and the keymap of nf_conntrack_proto_gre of Linux, which keeps both
///          call IDs in each tuple, and finds the one that a packet does not say in a list.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/expectations.h"
#include "net/gre.h"
#include "net/packet.h"
#include "net/side.h"
#include "net/tuple.h"

#include <array>
#include <cstdint>
#include <new>
#include <optional>

namespace sluice::nat {

/// What the record of a call has in place of a tracker.
struct Call {
    /// The call ID that a packet of each direction leaves with.
    std::array<Be16, 2> leaves_with{};
    Master master{};  ///< The control connection: the call ends with it.

    static Call& of(flow::FlowRecord& record) {
        return *std::launder(reinterpret_cast<Call*>(record.tracker.data()));
    }
    static const Call& of(const flow::FlowRecord& record) {
        return *std::launder(reinterpret_cast<const Call*>(record.tracker.data()));
    }
};
static_assert(sizeof(Call) <= sizeof(flow::FlowRecord::tracker));

/// A flow that is a call.
inline bool is_call(const flow::FlowRecord& record) {
    return record.kind() == flow::Kind::Flow && net::is_call(record.key(net::Direction::Original));
}

/// A call whose control connection has gone: nobody is to meet it any more.
bool is_orphan(const flow::FlowTable& table, const flow::FlowRecord& record, Tick now);

class Calls {
public:
    Calls(const flow::FlowTable& table, const helper::Helped* helpers)
        : table_(table), helpers_(helpers), expectations_(table, helpers) {}

    /// The tuple of a packet of GRE from that side, given that of its addresses: by call ID where
    /// a call is known by that, or foretold.
    net::Tuple name(const net::Packet& packet, const net::Tuple& addresses, net::Side from,
                    Tick now) const;

private:
    const flow::FlowTable& table_;
    const helper::Helped* helpers_;  // null: nothing is helped
    Expectations expectations_;
};

}  // namespace sluice::nat
