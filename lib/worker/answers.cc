// SPDX-License-Identifier: BSD-3-Clause
#include "worker/answers.h"

#include "answer/tcp_reset.h"
#include "worker/forwarding.h"
#include "worker/members.h"

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <utility>

namespace sluice::worker {

using net::Side;
using stats::Count;
using stats::Drop;

namespace {

/// Turns a frame round: it goes back to the neighbour that it came from.
void turn_frame(rte_ether_hdr& frame) {
    std::swap(frame.src_addr, frame.dst_addr);
}

/// As Linux's, the reply to a ping may be cut. A request that may not be need have no
/// identification (RFC 6864 §4.1); that of the ping does for one.
void let_be_cut(const net::Packet& ping) {
    const uint16_t whole = Be16::from_host(RTE_IPV4_HDR_DF_FLAG).raw;
    rte_ipv4_hdr& ip = *ping.ip;
    if ((ip.fragment_offset & whole) == 0)
        return;
    const auto& icmp = *reinterpret_cast<const rte_icmp_hdr*>(ping.transport);
    ip.packet_id = icmp.icmp_ident ^ icmp.icmp_seq_nb;
    ip.fragment_offset &= static_cast<uint16_t>(~whole);
}

answer::IcmpError error_about(Drop reason, uint16_t mtu) {
    if (reason == Drop::TtlExceeded)
        return answer::kTimeExceeded;
    return reason == Drop::LinkDown ? answer::kHostUnreachable : answer::fragmentation_needed(mtu);
}

std::span<uint8_t> append_segment(rte_mbuf* answer) {
    char* ip = rte_pktmbuf_append(answer, answer::kTcpAnswerBytes);
    return {reinterpret_cast<uint8_t*>(ip), answer::kTcpAnswerBytes};
}

}  // namespace

void Answers::turn_ping(Burst& burst, unsigned i) {
    counters_.count[Count::Consumed].add(1);
    counters_.count[Count::Originated].add(1);
    counters_.count[Count::EchoReplies].add(1);
    let_be_cut(burst.packet[i]);
    answer::turn_echo_request(burst.packet[i]);
    turn_frame(*rte_pktmbuf_mtod(burst.mbuf[i], rte_ether_hdr*));
}

bool Answers::may_leave(Burst& burst, unsigned i, const link::Exit& exit, Tick now, Tell tell) {
    const net::Packet& packet = burst.packet[i];
    const auto reason = refuse_exit(packet, exit);
    if (!reason) {
        burst.too_big |= uint64_t{packet.length > exit.most(packet.is_fragment)} << i;
        return true;
    }
    if (tell == Tell::Sender)
        send_error(burst, i, error_about(*reason, exit.most(packet.is_fragment)), now);
    egress_.drop(burst.take(i), *reason);
    return false;
}

void Answers::refuse(Burst& burst, unsigned i, Drop reason, Tick now) {
    switch (rejection_of(*policy_, burst.side[i], burst.packet[i], burst.tuple[i], reason)) {
        case Rejection::None:
        case Rejection::Challenge:  // by the caller, who has the flow's numbers
            break;
        case Rejection::Reset:
            send_reset(burst, i, now);
            break;
        case Rejection::Prohibited:
            send_error(burst, i, answer::kAdministrativelyProhibited, now);
            break;
    }
    egress_.drop(burst.take(i), reason);
}

rte_mbuf* Answers::allocate_error() {
    return rte_pktmbuf_alloc(packets_);
}

/// A frame for an answer to packet i, with the Ethernet header that takes it back; null when
/// the budget or the pool has none to give.
rte_mbuf* Answers::begin(const Burst& burst, unsigned i, answer::Kind kind, Tick now) {
    const net::InsideAddress to(Be32{burst.packet[i].ip->src_addr}, burst.tuple[i].zone);
    if (!budgets_.allow(policy_->rates, kind, {burst.side[i], to}, now))
        return nullptr;
    rte_mbuf* answer = rte_pktmbuf_alloc(packets_);
    if (answer == nullptr)
        return nullptr;
    auto* frame = rte_pktmbuf_mtod(answer, rte_ether_hdr*);
    *frame = *rte_pktmbuf_mtod(burst.mbuf[i], const rte_ether_hdr*);
    turn_frame(*frame);
    rte_pktmbuf_append(answer, sizeof *frame);
    counters_.count[Count::Originated].add(1);
    return answer;
}

void Answers::send(rte_mbuf* answer, const Burst& burst, unsigned i) {
    if (holdings_ != nullptr && is_from_member(burst, i, *holdings_)) {
        auto path = egress_.find(burst.tuple[i].reversed(), burst.side[i]);
        if (path)
            return egress_.send(answer, *path);
    }
    egress_.send(answer, burst.from[i]);
}

/// Tells the sender of packet i, which is unchanged since it arrived, why it goes no further.
void Answers::send_error(const Burst& burst, unsigned i, answer::IcmpError error, Tick now) {
    if (!answer::may_answer_with_error(burst.packet[i]))
        return;
    const auto kind = error.mtu != 0 ? answer::Kind::TooBig : answer::Kind::Error;
    rte_mbuf* answer = begin(burst, i, kind, now);
    if (answer == nullptr) {
        counters_.count[Count::IcmpSuppressed].add(1);
        return;
    }
    const Be32 source = egress_.interface(burst.from[i]).known_to(burst.side[i]);
    auto* ip = rte_pktmbuf_mtod_offset(answer, uint8_t*, sizeof(rte_ether_hdr));
    const size_t length =
        answer::write_icmp_error({ip, answer::kIcmpErrorBytes}, error, source, burst.packet[i]);
    rte_pktmbuf_append(answer, static_cast<uint16_t>(length));
    counters_.count[Count::IcmpErrors].add(1);
    send(answer, burst, i);
}

void Answers::send_reset(const Burst& burst, unsigned i, Tick now) {
    rte_mbuf* answer = begin(burst, i, answer::Kind::Reset, now);
    if (answer == nullptr) {
        counters_.count[Count::TcpResetsSuppressed].add(1);
        return;
    }
    answer::write_tcp_reset(append_segment(answer), burst.packet[i]);
    counters_.count[Count::TcpResets].add(1);
    send(answer, burst, i);
}

void Answers::challenge(const Burst& burst, unsigned i, const conntrack::Question& question,
                        Tick now) {
    rte_mbuf* answer = begin(burst, i, answer::Kind::Challenge, now);
    if (answer == nullptr) {
        counters_.count[Count::TcpChallengesSuppressed].add(1);
        return;
    }
    answer::write_tcp_challenge(append_segment(answer), burst.packet[i],
                                {question.seq, question.ack, question.window});
    counters_.count[Count::TcpChallenges].add(1);
    send(answer, burst, i);
}

}  // namespace sluice::worker
