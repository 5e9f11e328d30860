// SPDX-License-Identifier: BSD-3-Clause
#include "wire.h"

#include "net/arp.h"

#include <rte_mbuf.h>

#include <algorithm>

namespace sluice::test {

using net::Side;

namespace {

constexpr MacAddress kNeighbour = mac(9);

bool is_arp(const Bytes& frame) {
    return frame.size() >= 14 && frame[12] == 8 && frame[13] == 6;
}

Bytes content(rte_mbuf* mbuf) {
    Bytes frame(rte_pktmbuf_pkt_len(mbuf));
    for (size_t at = 0; mbuf != nullptr; mbuf = mbuf->next) {
        const auto* data = rte_pktmbuf_mtod(mbuf, const uint8_t*);
        std::copy_n(data, mbuf->data_len, frame.begin() + static_cast<long>(at));
        at += mbuf->data_len;
    }
    return frame;
}

}  // namespace

Wire::Wire(rte_mempool* packets, uint16_t queues, unsigned packets_per_queue)
    : packets_(packets),
      queues_(queues),
      ends_{End(*this, Side::Inside), End(*this, Side::Outside)},
      inbox_{std::vector<Inbox>(queues), std::vector<Inbox>(queues)},
      hosts_(queues) {
    for (uint16_t queue = 0; queue < queues; ++queue) {
        hosts_[queue].random.seed(queue + 1u);
        hosts_[queue].left = packets_per_queue;
    }
}

bool Wire::is_quiet() const {
    const auto is_empty = [](const Inbox& inbox) {
        const std::lock_guard guard(const_cast<std::mutex&>(inbox.lock));
        return inbox.frames.empty();
    };
    return std::all_of(hosts_.begin(), hosts_.end(), [](auto& hosts) { return hosts.left == 0; }) &&
           std::all_of(inbox_[0].begin(), inbox_[0].end(), is_empty) &&
           std::all_of(inbox_[1].begin(), inbox_[1].end(), is_empty);
}

unsigned Wire::End::receive(uint16_t queue, std::span<rte_mbuf*> packets) {
    unsigned count = 0;
    Bytes frame;
    while (count < packets.size() && wire_.next_frame(side_, queue, frame)) {
        rte_mbuf* mbuf = rte_pktmbuf_alloc(wire_.packets_);
        if (mbuf == nullptr)
            break;  // as a NIC without descriptors: the frame is lost outside
        std::copy(frame.begin(), frame.end(),
                  reinterpret_cast<uint8_t*>(
                      rte_pktmbuf_append(mbuf, static_cast<uint16_t>(frame.size()))));
        packets[count++] = mbuf;
    }
    return count;
}

unsigned Wire::End::transmit(uint16_t queue, std::span<rte_mbuf*> packets) {
    for (rte_mbuf* mbuf : packets) {
        wire_.arrive(side_, queue, content(mbuf));
        rte_pktmbuf_free(mbuf);
    }
    return static_cast<unsigned>(packets.size());
}

bool Wire::next_frame(Side side, uint16_t queue, Bytes& frame) {
    {
        Inbox& inbox = inbox_[index(side)][queue];
        const std::lock_guard guard(inbox.lock);
        if (!inbox.frames.empty()) {
            frame = std::move(inbox.frames.front());
            inbox.frames.pop_front();
            return true;
        }
    }
    if (side == Side::Outside || hosts_[queue].left == 0)
        return false;
    frame = speak(hosts_[queue].random);
    --hosts_[queue].left;
    return true;
}

/// What an inside host says: mostly something to do with one of a few hundred flows.
Bytes Wire::speak(std::minstd_rand& random) {
    constexpr std::array<uint8_t, 8> kFlags{kSyn, kSyn,        kSyn, kAck,
                                            kAck, kFin | kAck, kAck, kRst | kAck};
    const Be32 host = Be32::from_host(ip(kInsideNetwork).host() + 10 + random() % 8);
    const Be32 server = Be32::from_host(ip("203.0.113.0").host() + random() % 4);
    const auto port = static_cast<uint16_t>(40000 + random() % 16);
    Frame frame;
    frame.ether(kNeighbour, ends_[index(Side::Inside)].mac()).ipv4(host, server);
    if (random() % 2 == 0)
        return frame.udp(port, 53).bytes();
    return frame.tcp(port, 443, kFlags[random() % kFlags.size()]).bytes();
}

Bytes Wire::answer(const Seen& seen, std::minstd_rand& random) {
    Frame frame;
    frame.ether(kNeighbour, ends_[index(Side::Outside)].mac()).ipv4(seen.destination, seen.source);
    if (seen.protocol == 17)
        return frame.udp(seen.destination_port, seen.source_port).bytes();
    const bool is_syn = (seen.tcp_flags & kSyn) != 0;
    const uint8_t flags = is_syn ? random() % 8 == 0 ? kRst | kAck : kSyn | kAck : kAck;
    return frame.tcp(seen.destination_port, seen.source_port, flags)
        .seq(5000)
        .ack(seen.seq + 1)
        .bytes();
}

void Wire::arrive(Side side, uint16_t queue, const Bytes& frame) {
    if (is_arp(frame)) {
        const auto arp = net::read_arp(frame);
        if (arp && arp->operation == net::Arp::Operation::Request && arp->sender != arp->target)
            put(side, queue, arp_reply(kNeighbour, arp->target, arp->sender_mac, arp->sender));
        return;
    }
    if (side == Side::Inside)
        return;
    const Seen seen = read(frame);
    if (seen.source != kPublic || !seen.checksums_ok())
        ++leaked_;
    ++answered_;
    std::minstd_rand random(static_cast<unsigned>(answered_));
    const auto other = static_cast<uint16_t>(random() % queues_);
    put(Side::Outside, other, answer(seen, random));
}

void Wire::put(Side side, uint16_t queue, Bytes frame) {
    Inbox& inbox = inbox_[index(side)][queue];
    const std::lock_guard guard(inbox.lock);
    inbox.frames.push_back(std::move(frame));
}

}  // namespace sluice::test
