// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// FakeMbuf: an mbuf made by hand around a frame, so that a test needs neither EAL nor a pool.
///
/// Shape    One segment, or several cut where the test says. Each segment's bytes are an
///          allocation of just their size, so AddressSanitizer sees one byte read too far.
/// Memory   Each segment starts with a reference of the test's own, so freeing it takes a
///          reference away (is_freed()) and never reaches a pool.

#include "packet_builder.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <vector>

namespace sluice::test {

class FakeMbuf {
public:
    static constexpr uint16_t kPrivateBytes = 64;

    /// Cuts the frame at the positions `cuts`, which ascend: {} is one segment, {20} two.
    explicit FakeMbuf(std::span<const uint8_t> frame, std::initializer_list<size_t> cuts = {})
        : FakeMbuf(frame, std::span(cuts.begin(), cuts.size())) {}

    FakeMbuf(std::span<const uint8_t> frame, std::span<const size_t> cuts) {
        size_t start = 0;
        for (const size_t cut : cuts) {
            append(frame.subspan(start, cut - start));
            start = cut;
        }
        append(frame.subspan(start));
        first().pkt_len = static_cast<uint32_t>(frame.size());
        first().nb_segs = static_cast<uint16_t>(segments_.size());
    }

    rte_mbuf* get() { return &first(); }
    operator rte_mbuf*() { return get(); }
    rte_mbuf* operator->() { return get(); }

    /// True when the code under test has given up segment `index`.
    bool is_freed(size_t index = 0) const {
        return rte_mbuf_refcnt_read(segments_[index]->mbuf) == 1;
    }

private:
    /// An mbuf and its private area behind it, where rte_mbuf_to_priv() points.
    struct Segment {
        alignas(rte_mbuf) std::array<std::byte, sizeof(rte_mbuf) + kPrivateBytes> memory{};
        std::unique_ptr<uint8_t[]> bytes;
        rte_mbuf* mbuf = new (memory.data()) rte_mbuf{};
    };

    rte_mbuf& first() { return *segments_.front()->mbuf; }

    void append(std::span<const uint8_t> bytes) {
        if (bytes.size() > UINT16_MAX)
            throw std::length_error("longer than a segment can be");
        auto segment = std::make_unique<Segment>();
        segment->bytes = std::make_unique<uint8_t[]>(bytes.size());
        std::copy(bytes.begin(), bytes.end(), segment->bytes.get());
        rte_mbuf& mbuf = *segment->mbuf;
        mbuf.buf_addr = segment->bytes.get();
        mbuf.buf_len = static_cast<uint16_t>(bytes.size());
        mbuf.data_len = static_cast<uint16_t>(bytes.size());
        mbuf.nb_segs = 1;
        mbuf.priv_size = kPrivateBytes;
        rte_mbuf_refcnt_set(&mbuf, 2);
        if (!segments_.empty())
            segments_.back()->mbuf->next = &mbuf;
        segments_.push_back(std::move(segment));
    }

    std::vector<std::unique_ptr<Segment>> segments_;
};

/// The bytes of a packet, all its segments.
inline Bytes bytes_of(const rte_mbuf* mbuf) {
    Bytes bytes;
    for (; mbuf != nullptr; mbuf = mbuf->next) {
        const auto* start = rte_pktmbuf_mtod(mbuf, const uint8_t*);
        bytes.insert(bytes.end(), start, start + mbuf->data_len);
    }
    return bytes;
}

}  // namespace sluice::test
