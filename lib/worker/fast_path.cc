// SPDX-License-Identifier: BSD-3-Clause
#include "worker/fast_path.h"

#include "conntrack/status.h"
#include "conntrack/tcp_ordinary.h"
#include "nat/translate_plain.h"
#include "net/mac.h"
#include "net/parse.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <new>
#include <span>

namespace sluice::worker {

using net::Direction;
using net::Protocol;

namespace {

/// How many packets ahead what a packet's flow has is sent for. The probe has done so for records
/// all at once, and what a CPU has no place to note then is not sent for at all.
constexpr unsigned kAhead = 8;

/// An untagged frame whose IPv4 header has no options.
struct [[gnu::packed, gnu::aligned(2)]] Frame {
    rte_ether_hdr ether;
    rte_ipv4_hdr ip;
    union {
        rte_udp_hdr udp;
        rte_tcp_hdr tcp;
    };
};

constexpr uint32_t kIpAt = sizeof(rte_ether_hdr);
constexpr uint32_t kIpBytes = sizeof(rte_ipv4_hdr);

Frame& frame_of(const rte_mbuf* mbuf) {
    return *rte_pktmbuf_mtod(mbuf, Frame*);
}

/// Addresses and ports stand where they do in a Frame; of one whose tag stands in the mbuf's fields
/// its flags say so. Of protocols without ports something else stands there: their flows are of no
/// interest here.
bool tells_tuple(const rte_mbuf* mbuf, const Frame& frame) {
    constexpr uint8_t kPlainVersion = 0x45;  // IPv4, five words of header
    constexpr uint16_t kPart = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
    return mbuf->data_len >= kIpAt + kIpBytes + sizeof frame.udp &&
           frame.ether.ether_type == Be16::from_host(RTE_ETHER_TYPE_IPV4).raw &&
           frame.ip.version_ihl == kPlainVersion &&
           (frame.ip.fragment_offset & Be16::from_host(kPart).raw) == 0;
}

/// All of it in a register, from one load: the TTL, the protocol, the checksum, both addresses,
/// both ports. If it is put together in memory, whoever reads all of it waits.
void write_tuple(const Frame& frame, uint16_t zone, net::Tuple& tuple) {
    using Bytes [[gnu::vector_size(sizeof tuple)]] = uint8_t;
    using Words [[gnu::vector_size(sizeof tuple)]] = uint16_t;
    constexpr size_t kZoneAt = offsetof(net::Tuple, zone) / sizeof zone;
    Bytes fields;
    std::memcpy(&fields, &frame.ip.time_to_live, sizeof fields);
    // 16 and more: of the second vector, which is 0.
    auto words = reinterpret_cast<Words>(__builtin_shufflevector(
        fields, Bytes{}, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 16, 16, 16));
    words[kZoneAt] = zone;
    std::memcpy(static_cast<void*>(&tuple), &words, sizeof tuple);
}

bool is_sound_udp(const Frame& frame, uint32_t length) {
    const uint32_t bytes = Be16{frame.udp.dgram_len}.host();
    return bytes >= sizeof frame.udp && kIpBytes + bytes <= length;
}

uint32_t tcp_header_bytes(const Frame& frame) {
    return (frame.tcp.data_off >> 4) * 4u;
}

/// Data or an ACK, without options or with a timestamp alone (RFC 7323, appendix A).
bool is_ordinary_tcp(const Frame& frame, uint32_t length) {
    constexpr std::array<uint8_t, 4> kTimestamp{1, 1, 8, 10};  // two NOPs, kind, length
    constexpr uint32_t kTimestampBytes = 12;
    const uint32_t header = tcp_header_bytes(frame);
    if (!conntrack::has_ordinary_flags(frame.tcp.tcp_flags) || kIpBytes + header > length)
        return false;
    return header == sizeof frame.tcp ||
           (header == sizeof frame.tcp + kTimestampBytes &&
            std::memcmp(&frame + 1, kTimestamp.data(), sizeof kTimestamp) == 0);
}

conntrack::OrdinarySegment segment_of(const Frame& frame) {
    const uint32_t headers = kIpBytes + tcp_header_bytes(frame);
    uint64_t raw;  // both numbers at once
    std::memcpy(&raw, &frame.tcp.sent_seq, sizeof raw);
    const uint64_t numbers = Be64{raw}.host();
    return {static_cast<uint32_t>(numbers), static_cast<uint32_t>(numbers >> 32),
            Be16{frame.tcp.rx_win}.host(),
            static_cast<uint16_t>(Be16{frame.ip.total_length}.host() - headers)};
}

/// To be forwarded from here, with `length` as its header says.
bool is_sound(const rte_mbuf* mbuf, const Frame& frame, const Arrival& arrival, uint32_t length) {
    if (net::destination_mac(&frame) != arrival.mac || frame.ip.time_to_live <= 1 ||
        mbuf->pkt_len != mbuf->data_len)
        return false;
    if (frame.ip.next_proto_id == static_cast<uint8_t>(Protocol::Udp))
        return is_sound_udp(frame, length);
    return frame.ip.next_proto_id == static_cast<uint8_t>(Protocol::Tcp) &&
           is_ordinary_tcp(frame, length);
}

/// Cuts off what stands behind the packet.
void cut(rte_mbuf* mbuf) {
    const uint16_t length = Be16{frame_of(mbuf).ip.total_length}.host();
    mbuf->pkt_len = mbuf->data_len = static_cast<uint16_t>(kIpAt + length);
}

/// Of a flow that stands: owned by this worker, and answered. Of sides, that the packet comes from
/// where packets of its direction do.
class StandsFor {
public:
    explicit StandsFor(uint8_t worker) {
        for (const Direction direction : {Direction::Original, Direction::Reply}) {
            const auto side = static_cast<uint8_t>(1U << index(direction));
            mask_[index(direction)] =
                Standing{0xff, 0, kBoth, static_cast<uint8_t>(side | kTunings)}.word();
            for (const net::Side from : {net::Side::Inside, net::Side::Outside})
                wanted_[index(direction)][index(from)] = Standing{
                    worker, 0, kBoth,
                    from == net::Side::Outside ? side
                                               : uint8_t{0}}.word();
        }
    }

    /// With the timeouts that all have.
    bool operator()(uint32_t standing, Direction direction, net::Side from) const {
        return ((standing ^ wanted_[index(direction)][index(from)]) & mask_[index(direction)]) == 0;
    }
    /// With its own.
    bool with_own_tuning(uint32_t standing, Direction direction, net::Side from) const {
        constexpr uint32_t kAny = ~Standing{0, 0, 0, kTunings}.word();
        return (*this)(standing & kAny, direction, from);
    }

private:
    using Standing = flow::Standing;
    static constexpr uint8_t kBoth = conntrack::kSeenReply | conntrack::kAssured;
    static constexpr uint8_t kTunings = flow::Course::kMostTuning << net::Sides::kBits;

    std::array<uint32_t, 2> mask_;                                 // by direction
    std::array<std::array<uint32_t, net::kSideCount>, 2> wanted_;  // likewise, and by side
};

/// What a burst's packets are decided by. A copy, so that what is written into frames and records
/// cannot be what is read here.
struct Ground {
    flow::FlowTable& table;
    const policy::Policy& policy;
    link::Egress& egress;
    StandsFor stands;
    uint32_t generation;  // of next hops
    Tick now;
    bool all_linked;  // every port has a link

    bool has_link(const link::Hop& hop) const {
        return all_linked || egress.exit(hop.interface()).has_link;
    }
};

/// A plain packet whose record has its tuple.
struct Met {
    Frame& frame;
    flow::FlowRecord& record;
    flow::FlowRef flow;
    net::Side from;
};

/// The flow's timeout after a packet that leaves its state as it is. kLeft, and nothing has
/// changed, for one that may not, or that is to be looked at more closely.
Duration track(const conntrack::Tuning& tuning, const Met& met, flow::Standing standing) {
    flow::FlowRecord& record = met.record;
    if (record.tuple[0].protocol == Protocol::Udp)
        return tuning.udp_stream;
    if (conntrack::ProtocolState(standing.state) != conntrack::TcpState::Established)
        return conntrack::kLeft;
    auto& tracker = *std::launder(reinterpret_cast<conntrack::TcpTracker*>(record.tracker.data()));
    return conntrack::track_ordinary(tuning, met.flow.direction(), segment_of(met.frame), tracker);
}

/// As OwnFlows::track() does.
void renew(const Ground& ground, const Met& met, Duration timeout) {
    // relaxed: only the owner writes it, and who else reads it wants no more than this value.
    const Tick before = met.record.deadline.load(std::memory_order_relaxed);
    const Tick deadline = ground.now + timeout;
    met.record.deadline.store(deadline, std::memory_order_relaxed);
    if (timeout < flow::kLongestCheck && before.is_after(deadline))
        ground.table.deadlines().set(met.flow.index(), ground.now, deadline);
}

/// By which timeouts a flow lives that stands for the packet, or null.
const conntrack::Tuning* tuning_for(const Ground& ground, const Met& met, uint32_t standing) {
    const Direction direction = met.flow.direction();
    if (ground.stands(standing, direction, met.from)) [[likely]]
        return &ground.policy.tuning;
    if (!ground.stands.with_own_tuning(standing, direction, met.from))
        return nullptr;
    const uint8_t sides = std::bit_cast<flow::Standing>(standing).sides;
    return &ground.policy.tuning_of(flow::Course::of_bits(sides).tuning());
}

/// Makes a plain packet ready to leave toward the hop that it says. One that is not resolved, and
/// nothing has changed, where its flow does not stand, or has to look closer at it.
link::Hop pass(const Ground& ground, const Met& met) {
    constexpr link::Hop kNowhere(0);
    const Direction direction = met.flow.direction();
    const flow::FlowRecord& record = met.record;
    const uint32_t standing = record.standing();
    const conntrack::Tuning* tuning = tuning_for(ground, met, standing);
    if (tuning == nullptr || record.is_looked_into() || record.hops.generation != ground.generation)
        return kNowhere;
    const link::HopIndex via = record.hops.index[index(direction)];
    const link::Hop hop = ground.egress.hop(via);  // kNoHop is never resolved
    if (!hop.is_resolved() || !ground.has_link(hop))
        return kNowhere;
    const Duration timeout = track(*tuning, met, std::bit_cast<flow::Standing>(standing));
    if (timeout == conntrack::kLeft)
        return kNowhere;
    renew(ground, met, timeout);
    nat::translate_plain(record, direction, met.frame.ip);
    ground.egress.address(&met.frame, via, hop);
    return hop;
}

}  // namespace

net::Packet FastPath::packet_of(const rte_mbuf* mbuf) {
    Frame& frame = frame_of(mbuf);
    const uint16_t length = Be16{frame.ip.total_length}.host();
    const bool is_tcp = frame.ip.next_proto_id == static_cast<uint8_t>(Protocol::Tcp);
    return {&frame.ip, reinterpret_cast<uint8_t*>(&frame.udp),   length, length,
            length,    is_tcp ? frame.tcp.tcp_flags : uint8_t{0}};
}

void FastPath::forward(Burst& burst, Tick now) {
    read(burst);
    if (burst.plain == 0) {
        burst.guessed = 0;
        return;
    }
    parts_.table.guess_bulk(std::span(burst.tuple).first(burst.guessed), burst.guesses);
    const bool is_watched = parts_.tap.is_on();
    if (is_watched)
        parts_.tap.pass_over(burst.plain);  // a port may take what goes before all have been sent
    const uint64_t gone = send(burst, now) | burst.passed;
    if (is_watched)
        parts_.tap.pass_over(gone);
    parts_.counters.count[stats::Count::FastPath].add(static_cast<uint64_t>(std::popcount(gone)));
    burst.live &= ~gone;
}

/// Writes the tuples of those packets from the first on that tell theirs, and which of these are
/// plain; what stands behind a plain packet in its frame is cut off, as net::parse() does.
[[gnu::noinline]] void FastPath::read(Burst& burst) const {
    const bool is_placed = burst.from[0] != link::kNoInterface;
    const auto most = is_placed ? static_cast<unsigned>(std::countr_one(burst.live)) : 0;
    const uint32_t mtu = parts_.egress.smallest_mtu();
    const Arrival* const arrivals = parts_.arrivals.data();
    uint64_t plain = 0;
    uint64_t tcp = 0;
    uint64_t unusual = 0;  // by their flags
    uint64_t longer = 0;   // than their packets
    size_t i = 0;
    for (uint64_t bit = 1; i < most; ++i, bit <<= 1) {
        const rte_mbuf* mbuf = burst.mbuf[i];
        const Frame& frame = frame_of(mbuf);
        if (!tells_tuple(mbuf, frame))
            break;
        const Arrival& arrival = arrivals[burst.from[i]];
        if ((mbuf->ol_flags & arrival.flags_seen) != arrival.usual_flags) {
            if ((mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0)
                break;
            unusual |= bit;
        }
        write_tuple(frame, arrival.zone, burst.tuple[i]);
        burst.side[i] = arrival.side;
        const uint32_t length = Be16{frame.ip.total_length}.host();
        if (kIpAt + length != mbuf->data_len) {
            if (kIpAt + length > mbuf->data_len)
                continue;
            longer |= bit;
        }
        if (length > mtu || !is_sound(mbuf, frame, arrival, length))
            continue;
        plain |= bit;
        if (frame.ip.next_proto_id == static_cast<uint8_t>(Protocol::Tcp))
            tcp |= bit;
    }
    for (unsigned at : SetBits{unusual & plain})
        if (!is_plain(burst.mbuf[at], parts_.arrivals[burst.from[at]]))
            plain &= ~(uint64_t{1} << at);
    burst.guessed = static_cast<unsigned>(i);
    burst.plain = plain;
    burst.tcp = tcp & plain;
    for (unsigned at : SetBits{longer & plain})
        cut(burst.mbuf[at]);
}

/// Of one whose flags are not the usual ones: by the packet itself. Not inlined, for the way of
/// the others.
[[gnu::noinline]] bool FastPath::is_plain(const rte_mbuf* mbuf, const Arrival& arrival) {
    return !arrival.has_both_sides &&
           !net::verify_checksums(mbuf, packet_of(mbuf), arrival.trusts_nic);
}

/// Those that have left; others are ready to, and in `passed`. Not inlined, so that it has all
/// registers for itself.
[[gnu::noinline]] uint64_t FastPath::send(Burst& burst, Tick now) {
    const Ground ground{parts_.table,
                        *parts_.policy,
                        parts_.egress,
                        StandsFor(parts_.worker),
                        parts_.egress.generation(),
                        now,
                        parts_.egress.least_mtu() != 0};
    const uint64_t found = burst.guesses.found;
    const uint64_t ready = found & burst.plain;
    const bool counts = ground.table.accounts().is_on();
    const bool is_seen = counts || parts_.tap.is_on();  // one branch for whom neither concerns
    std::array<uint16_t, kBurstSize> bytes;  // of datagrams as they say, where they count
    for (unsigned i : SetBits{found & low_bits(kAhead)})
        send_for_flow(burst, i);
    // Of flows of which a packet stays, by the low bits of their records' indexes: others that
    // have the same stay as well.
    uint64_t staying = 0;
    unsigned gone = 0;
    for (unsigned i = 0; i < burst.guessed; ++i) {
        if ((found >> kAhead >> i & 1) != 0)
            send_for_flow(burst, i + kAhead);
        if ((ready >> i & 1) == 0) [[unlikely]] {
            if (!let_stay(burst, i, now, staying))
                break;
            continue;
        }
        const flow::SlotWord word = burst.guesses.word[i];
        const flow::FlowRef flow(word.index(), word.direction());
        flow::FlowRecord& record = ground.table.record(flow);
        if (!record.meets(burst.tuple[i], flow.direction(), now))
            break;  // it may be of any flow
        const uint64_t mark = flow.index() % 64;
        if (staying != 0 && (staying >> mark & 1) != 0)
            continue;
        if (is_seen) [[unlikely]] {
            bytes[i] = frame_of(burst.mbuf[i]).ip.total_length;
            if (parts_.tap.wants(record)) {
                staying |= uint64_t{1} << mark;
                continue;
            }
        }
        const link::Hop to = pass(ground, {frame_of(burst.mbuf[i]), record, flow, burst.side[i]});
        if (!to.is_resolved()) {
            staying |= uint64_t{1} << mark;
        } else if (gone == i) {
            ground.egress.send(burst.mbuf[i], to.interface());
            ++gone;
        } else {
            burst.to[i] = to.interface();
            burst.passed |= uint64_t{1} << i;
        }
    }
    if (counts)
        count(burst, low_bits(gone) | burst.passed, bytes);
    return low_bits(gone);
}

/// A packet that is not plain, or of no flow. False where it may be of any.
[[gnu::noinline]] bool FastPath::let_stay(const Burst& burst, unsigned i, Tick now,
                                          uint64_t& staying) const {
    if ((burst.guesses.found >> i & 1) == 0)
        return (burst.guesses.uncertain >> i & 1) == 0;
    const flow::SlotWord word = burst.guesses.word[i];
    const flow::FlowRef flow(word.index(), word.direction());
    staying |= uint64_t{1} << (flow.index() % 64);
    return parts_.table.record(flow.index()).meets(burst.tuple[i], flow.direction(), now);
}

/// In their records, which are in the cache still. By itself, so that it takes no registers from
/// what all packets go through.
void FastPath::count(const Burst& burst, uint64_t packets, std::span<const uint16_t> bytes) {
    for (unsigned i : SetBits{packets}) {
        const flow::SlotWord word = burst.guesses.word[i];
        parts_.table.accounts().add({word.index(), word.direction()}, {1, Be16{bytes[i]}.host()});
    }
}

/// Sends for all that is read and written of packet i's flow.
void FastPath::send_for_flow(const Burst& burst, unsigned i) const {
    const flow::SlotWord word = burst.guesses.word[i];
    const flow::FlowRecord& record = parts_.table.record(word.index());
    __builtin_prefetch(&record);
    if (burst.tuple[i].protocol == Protocol::Tcp)
        __builtin_prefetch(record.tracker.data(), 1);
}

}  // namespace sluice::worker
