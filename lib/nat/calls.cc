// SPDX-License-Identifier: BSD-3-Clause
#include "nat/calls.h"

#include <cstddef>
#include <span>

namespace sluice::nat {

bool is_orphan(const flow::FlowTable& table, const flow::FlowRecord& record, Tick now) {
    return is_call(record) && !living(table, Call::of(record).master, now);
}

net::Tuple Calls::name(const net::Packet& packet, const net::Tuple& addresses, net::Side from,
                       Tick now) const {
    if (helpers_ == nullptr)
        return addresses;
    const size_t header = net::ip_header_bytes(packet);
    if (packet.head_bytes < header)
        return addresses;
    const auto call_id = net::call_id_of({packet.transport, packet.head_bytes - header});
    if (!call_id)
        return addresses;
    const net::Tuple call = net::by_call(addresses, *call_id);
    if (const flow::FlowRef flow = table_.find(call, now)) {
        const flow::FlowRecord& record = table_.record(flow.index());
        if (record.sides.enter(flow.direction()) == from && !is_orphan(table_, record, now))
            return call;
    }
    return expectations_.find(call, from, now) ? call : addresses;
}

}  // namespace sluice::nat
