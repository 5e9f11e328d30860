// SPDX-License-Identifier: BSD-3-Clause
#include "worker/calling.h"

#include "conntrack/tcp_state.h"
#include "helper/pptp.h"
#include "worker/tcp_numbers.h"

#include <cstdint>
#include <string_view>

namespace sluice::worker {

using helper::PptpSession;
using helper::Speaker;
using net::Direction;
using stats::Count;

/// As whom the server is to know a call of the client; nothing where both ends know each other by
/// their own addresses and ports.
std::optional<Be16> Calling::told_of(flow::FlowRef flow) const {
    const flow::FlowRecord& record = parts_.table.record(flow.index());
    const net::Tuple& original = record.key(Direction::Original);
    const net::Tuple& reply = record.key(Direction::Reply);
    net::Tuple plain = original.reversed();
    plain.zone = reply.zone;
    return reply == plain ? std::nullopt : std::optional(reply.destination_port);
}

void Calling::hear(rte_mbuf* mbuf, net::Packet& packet, flow::FlowRef flow, Tick now) const {
    const size_t headers = net::ip_header_bytes(packet) + tcp_header_bytes(packet);
    if (packet.length <= headers || (packet.tcp_flags & conntrack::kSyn) != 0)
        return;
    if (!make_whole(mbuf, packet))
        return count(Count::HelperPassed);
    const Speaker speaker =
        flow.direction() == Direction::Original ? Speaker::Client : Speaker::Server;
    const std::span<uint8_t> said(packet.transport + tcp_header_bytes(packet),
                                  packet.length - headers);
    PptpSession& session = parts_.helpers->state(flow.index()).session;
    size_t at = 0;
    for (unsigned messages = 0; at < said.size(); ++messages) {
        const auto message = helper::read_pptp(said.subspan(at));
        if (!message || messages == kMostMessages)
            return count(Count::HelperPassed);
        const PptpSession::Heard heard = session.hear(speaker, *message, told_of(flow));
        const bool is_in_vain = heard.deed == PptpSession::Deed::Begins &&
                                !parts_.foretelling.foretell_call(flow.index(), session.ids(), now);
        if (heard.deed == PptpSession::Deed::Ends)
            parts_.foretelling.end_call(flow.index(), session.ids(), now);
        if (!heard.is_understood || is_in_vain)
            count(Count::HelperPassed);
        if (heard.call_id) {
            const Part part{at + *heard.call_id, sizeof heard.by.raw};
            const std::string_view by(reinterpret_cast<const char*>(&heard.by.raw), part.bytes);
            replace(mbuf, packet, part, by);
            count(Count::HelperRewritten);
        }
        at += message->bytes;
    }
}

}  // namespace sluice::worker
