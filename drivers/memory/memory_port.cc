// SPDX-License-Identifier: BSD-3-Clause
#include "memory/memory_port.h"

#include <rte_mbuf.h>
#include <rte_thash.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace sluice::memory {
namespace {

constexpr size_t kMacsBytes = 12;
constexpr size_t kTagBytes = 4;

/// A frame, and the VLAN tag that has been taken out of it.
struct Untagged {
    std::vector<uint8_t> frame;
    std::optional<uint16_t> tag;
};

Untagged without_tag(std::span<const uint8_t> frame) {
    Untagged result{{frame.begin(), frame.end()}, {}};
    if (frame.size() < kMacsBytes + kTagBytes || frame[12] != 0x81 || frame[13] != 0)
        return result;
    result.tag = static_cast<uint16_t>(frame[14] << 8 | frame[15]);
    const auto tag = result.frame.begin() + kMacsBytes;
    result.frame.erase(tag, tag + kTagBytes);
    return result;
}

void insert_tag(std::vector<uint8_t>& frame, uint16_t tag) {
    const std::array<uint8_t, kTagBytes> bytes{0x81, 0, static_cast<uint8_t>(tag >> 8),
                                               static_cast<uint8_t>(tag)};
    frame.insert(frame.begin() + kMacsBytes, bytes.begin(), bytes.end());
}

}  // namespace

MemoryPort::MemoryPort(const Params& params) : params_(params), received_(params.rx_queues) {}

MemoryPort::~MemoryPort() {
    for (auto& queue : received_)
        for (rte_mbuf* mbuf : queue)
            rte_pktmbuf_free(mbuf);
}

void MemoryPort::inject(std::span<const uint8_t> frame, uint16_t queue, size_t segment_bytes) {
    std::optional<uint16_t> tag;
    std::vector<uint8_t> rest;
    if (params_.has_tags_beside) {
        Untagged untagged = without_tag(frame);
        rest = std::move(untagged.frame);
        tag = untagged.tag;
        frame = rest;
    }
    rte_mbuf* head = nullptr;
    do {
        const size_t bytes =
            segment_bytes == 0 ? frame.size() : std::min(segment_bytes, frame.size());
        rte_mbuf* segment = rte_pktmbuf_alloc(params_.packets);
        char* data = segment == nullptr ? nullptr
                                        : rte_pktmbuf_append(segment, static_cast<uint16_t>(bytes));
        if (data == nullptr)
            throw std::runtime_error("no mbuf for a frame to inject");
        std::copy_n(frame.begin(), bytes, data);
        frame = frame.subspan(bytes);
        if (head == nullptr)
            head = segment;
        else if (rte_pktmbuf_chain(head, segment) != 0)
            throw std::runtime_error("too many segments");
    } while (!frame.empty());
    if (tag) {
        head->vlan_tci = *tag;
        head->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    }
    head->ol_flags |= receive_flags_;
    received_[queue].push_back(head);
}

uint16_t MemoryPort::queue_of(std::span<const uint8_t> tagged) const {
    const std::vector<uint8_t> frame = without_tag(tagged).frame;
    constexpr size_t kProtocol = 14 + 9;
    constexpr size_t kAddresses = 14 + 12;
    const bool is_ipv4 = frame.size() >= kAddresses + 12 && frame[12] == 8 && frame[13] == 0;
    if (!params_.rss || !is_ipv4)
        return 0;
    std::array<uint32_t, 3> words{};  // addresses and, without IP options, ports; host order
    for (size_t i = 0; i < sizeof words; ++i)
        words[i / 4] = words[i / 4] << 8 | frame[kAddresses + i];
    const bool has_ports = frame[kProtocol] == 6 || frame[kProtocol] == 17;
    const uint32_t hash = rte_softrss(words.data(), has_ports ? 3 : 2, params_.rss->key.data());
    return params_.rss->queues[hash & (params_.rss->queues.size() - 1)];
}

std::vector<std::vector<uint8_t>> MemoryPort::take_sent() {
    return std::exchange(sent_, {});
}

unsigned MemoryPort::receive(uint16_t queue, std::span<rte_mbuf*> packets) {
    auto& waiting = received_[queue];
    const size_t count = std::min(packets.size(), waiting.size());
    std::copy_n(waiting.begin(), count, packets.begin());
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<ptrdiff_t>(count));
    return static_cast<unsigned>(count);
}

unsigned MemoryPort::transmit(uint16_t, std::span<rte_mbuf*> packets) {
    const size_t count = std::min<size_t>(packets.size(), transmit_limit_);
    for (rte_mbuf* mbuf : packets.first(count)) {
        std::vector<uint8_t>& frame = sent_.emplace_back(rte_pktmbuf_pkt_len(mbuf));
        const auto length = static_cast<uint32_t>(frame.size());
        const void* data = rte_pktmbuf_read(mbuf, 0, length, frame.data());
        if (data != frame.data())  // it lay in one piece
            std::copy_n(static_cast<const uint8_t*>(data), length, frame.begin());
        if ((mbuf->ol_flags & RTE_MBUF_F_TX_VLAN) != 0)
            insert_tag(frame, mbuf->vlan_tci);
        rte_pktmbuf_free(mbuf);
    }
    return static_cast<unsigned>(count);
}

}  // namespace sluice::memory
