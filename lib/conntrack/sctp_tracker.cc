// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/sctp_tracker.h"

#include "conntrack/verdict.h"

namespace sluice::conntrack {
namespace {

using net::Direction;
using sctp::Chunk;
using sctp::Packet;
using stats::Drop;

/// A tag that packets of `direction` may carry now, in the association or the handshake.
bool is_asked_for(const SctpTracker& tracker, Direction direction, uint32_t tag) {
    const size_t way = index(direction);
    return tag != 0 && (tag == tracker.tag[way] || tag == tracker.offered[way]);
}

/// RFC 9260 §8.5.1: who does not know the receiver's tag sends its own back. That of a handshake
/// beside an association that stands does not count, for anybody may send an INIT.
bool is_sent_back(const SctpTracker& tracker, Direction direction, uint32_t tag) {
    const size_t other = index(opposite(direction));
    const uint32_t known = tracker.tag[other] != 0 ? tracker.tag[other] : tracker.offered[other];
    return tag != 0 && tag == known;
}

bool is_tag_right(const SctpTracker& tracker, Direction direction, const Packet& packet) {
    if (packet.has(Chunk::Init))
        return packet.tag == 0 && packet.initiate_tag != 0;
    if (packet.has(Chunk::InitAck))
        return packet.initiate_tag != 0 && is_asked_for(tracker, direction, packet.tag);
    if (packet.reflects)
        return is_sent_back(tracker, direction, packet.tag);
    return is_asked_for(tracker, direction, packet.tag);
}

/// What the packet says of the tags to come.
void learn(SctpTracker& tracker, Direction direction, const Packet& packet) {
    if (packet.has(Chunk::Init) || packet.has(Chunk::InitAck))
        tracker.offered[index(opposite(direction))] = packet.initiate_tag;
    else if (packet.has(Chunk::CookieEcho) && packet.tag == tracker.offered[index(direction)])
        tracker.tag = tracker.offered;
}

SctpState step(Direction direction, const Packet& packet, SctpState state) {
    for (size_t i = 0; i < sctp::kChunkCount; ++i)
        if (const auto chunk = static_cast<Chunk>(i); packet.has(chunk))
            state = next(direction, chunk, state);
    return state;
}

}  // namespace

Verdict open_sctp(const Tuning& tuning, const Segment& segment, SctpTracker& tracker) {
    const SctpState state = step(Direction::Original, segment.sctp_packet, SctpState::None);
    if (state == SctpState::None)
        return refused(Drop::InvalidUntrackedSctp);
    if (!is_tag_right({}, Direction::Original, segment.sctp_packet))
        return refused(Drop::InvalidSctpTag);
    learn(tracker, Direction::Original, segment.sctp_packet);
    return opened(state, tuning.sctp[state]);
}

Verdict track_sctp(const Tuning& tuning, const FlowState& flow, Direction direction,
                   const Segment& segment, SctpTracker& tracker) {
    if (!is_tag_right(tracker, direction, segment.sctp_packet))
        return refused(flow, Drop::InvalidSctpTag);
    learn(tracker, direction, segment.sctp_packet);
    const SctpState before = flow.state.sctp();
    const SctpState state = step(direction, segment.sctp_packet, before);
    Verdict verdict = refreshed(flow, direction, tuning.sctp[state]);
    verdict.state = state;
    if (state == SctpState::Established)
        verdict.status |= kAssured;
    // Or a client that tries for ever would hold its mapping for ever.
    const bool is_tried_again = segment.sctp_packet.has(Chunk::Init) &&
                                state == SctpState::Closed && before == SctpState::Closed;
    if (is_tried_again)
        verdict.refresh = false;
    return verdict;
}

}  // namespace sluice::conntrack
