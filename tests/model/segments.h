// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP segments drawn by chance, told by which host and which server they are between, so that
/// several gateways can have the same one, each with its own addresses.
///
/// Shape    What a segment says is drawn by what the tracker of a flow knows, so that it is what
///          comes next or lies where something changes.

#include "conntrack/tcp_tracker.h"
#include "flow/flow_record.h"
#include "net/side.h"
#include "packet_builder.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <new>
#include <random>
#include <vector>

namespace sluice::test {

/// What one end says to the other, without the addresses that either gateway has for them.
struct Segment {
    net::Side from = net::Side::Inside;
    size_t host = 0;
    size_t server = 0;
    uint16_t port = 0;  ///< The host's own.
    uint16_t server_port = 0;
    uint8_t flags = 0;
    uint32_t seq = 0;
    uint32_t ack = 0;
    uint16_t window = 0;
    Bytes options = {};
    size_t payload = 0;
    uint8_t ttl = 64;
    uint8_t header_words = 0;  ///< As the header says; 0: as many as it has.
    bool is_damaged = false;
    bool is_stray = false;  ///< From outside, to a port that nobody has.

    Frame tcp(uint16_t source, uint16_t destination) const {
        Frame frame;
        frame.tcp(source, destination, flags).seq(seq).ack(ack).window(window);
        if (header_words != 0)
            frame.tcp_header_words(header_words);
        return frame.tcp_options(options).payload(payload).ttl(ttl);
    }
};

/// All chance comes from one generator, so a run repeats.
class SegmentChance {
public:
    /// How many there are to choose from.
    struct Ends {
        size_t hosts = 0;
        size_t servers = 0;
        uint16_t first_port = 0;
        uint16_t ports = 0;
    };
    explicit SegmentChance(const Ends& ends) : ends_(ends) {}

    uint64_t below(uint64_t limit) { return random_() % limit; }

    /// The first of a connection, or what meets none.
    Segment any() {
        Segment segment;
        segment.host = below(ends_.hosts);
        segment.server = below(ends_.servers);
        segment.port = static_cast<uint16_t>(ends_.first_port + below(ends_.ports));
        segment.server_port = static_cast<uint16_t>(80 + below(2));
        segment.flags = kSyn;
        segment.seq = static_cast<uint32_t>(random_());
        segment.window = static_cast<uint16_t>(below(65536));
        if (below(2) == 0)  // window scale and SACK
            segment.options = {3, 3, static_cast<uint8_t>(below(15)), 4, 2, 1, 1, 0};
        if (below(4) == 0) {
            segment.flags = static_cast<uint8_t>(below(256));
            segment.ack = static_cast<uint32_t>(random_());
            segment.payload = below(100);
        }
        if (below(6) == 0) {
            segment.from = net::Side::Outside;
            segment.is_stray = below(2) == 0;
        }
        return segment;
    }

    /// The next of this end, or one beside it.
    Segment next(const flow::FlowRecord& record, size_t host, size_t server) {
        const net::Tuple& tuple = record.key(net::Direction::Original);
        const net::Direction way = below(2) == 0 ? net::Direction::Original : net::Direction::Reply;
        const auto& tracker =
            *std::launder(reinterpret_cast<const conntrack::TcpTracker*>(record.tracker.data()));
        const auto& own = tracker.ends[index(way)];
        const auto& other = tracker.ends[index(opposite(way))];
        const bool is_new = own.max_window == 0;
        static constexpr uint8_t kRarer[] = {kFin | kAck, kFin | kAck, kFin | kAck, kRst,
                                             kRst | kAck, kSyn,        kSyn | kAck};
        const uint8_t later = below(6) == 0   ? kRarer[below(std::size(kRarer))]
                              : below(3) == 0 ? uint8_t{kAck | kPsh}
                                              : kAck;
        Segment segment;
        segment.from = record.sides.enter(way);
        segment.host = host;
        segment.server = server;
        segment.port = tuple.source_port.host();
        segment.server_port = tuple.destination_port.host();
        segment.flags = is_new ? uint8_t{kSyn | kAck} : later;
        if (below(24) == 0)
            segment.flags = static_cast<uint8_t>(below(256));
        segment.seq = is_new ? static_cast<uint32_t>(random_()) : own.end;
        segment.ack = other.end;
        segment.window = static_cast<uint16_t>(below(16) == 0 ? 0 : 1000 + below(64000));
        if (below(8) == 0)
            segment.seq = own.end + static_cast<uint32_t>(below(200'000)) - 100'000;
        if (below(8) == 0)
            segment.ack = other.end + static_cast<uint32_t>(below(200'000)) - 199'990;
        if (below(12) == 0) {  // once more
            segment.seq = tracker.last_seq;
            segment.ack = tracker.last_ack;
            segment.window = tracker.last_window;
        } else if ((segment.flags & kSyn) == 0) {
            segment.payload = below(3) == 0 ? 0 : below(100);
        }
        static const std::vector<Bytes> kOptions{
            {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2},              // a timestamp
            {1, 1, 5, 10, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff},  // SACK, far ahead
            {3, 3, 7, 1},                                       // a scale where none belongs
            {5, 40, 1, 1}};                                     // longer than the header
        if (const uint64_t which = below(8); which < kOptions.size())
            segment.options = kOptions[which];
        return segment;
    }

    /// What no sound sender does, or one that is elsewhere.
    void bend(Segment& segment) {
        switch (below(4)) {
            case 0:
                segment.ttl = static_cast<uint8_t>(1 + below(2));
                break;
            case 1:
                segment.is_damaged = true;
                break;
            case 2:
                segment.header_words = static_cast<uint8_t>(below(16));
                break;
            default:
                segment.from = opposite(segment.from);
                break;
        }
    }

private:
    Ends ends_;
    std::mt19937_64 random_;
};

}  // namespace sluice::test
