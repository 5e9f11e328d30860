// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Feeds the fragment stage of a whole gateway. An input is a string of bytes; each six of them are
/// a fragment of one of a few datagrams, anywhere in it and of any length, or a moment to wait. The
/// testbed checks the account and the leak after every fragment.
///
/// What must hold besides: pieces of a datagram that have passed are the same or apart, each as it
/// was sent but for its headers, until all of it may have passed; and once the time is over nothing
/// is kept.

#include "catch.h"
#include "testbed.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <vector>

namespace sluice::test {

constexpr size_t kFragmentBytes = 6;  ///< Of an input, for each fragment.

class FragmentFeed {
public:
    explicit FragmentFeed(unsigned workers)
        : bed_({.workers = workers, .flows = 256, .configure = [](config::Config& config) {
                    config.neighbours = 64;
                    config.fragments = {.datagrams = 64, .bytes = 64 * 2176, .timeout = kTimeout};
                }}) {}

    void feed(std::span<const uint8_t> input) {
        bed_.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53));  // what comes in has a flow
        passed_.clear();
        sent_.clear();
        whole_.clear();
        base_ = static_cast<uint16_t>(base_ + 4);
        for (; input.size() >= kFragmentBytes; input = input.subspan(kFragmentBytes))
            operate(input.first(kFragmentBytes));
        bed_.tick(kTimeout);
        REQUIRE(bed_.gateway().snapshot().waiting == 0);
        look(Side::Inside);
        look(Side::Outside);
    }

    uint64_t count(stats::Count count) const { return bed_.count(count); }
    uint64_t dropped(stats::Drop reason) const { return bed_.dropped(reason); }

private:
    using Side = net::Side;
    static constexpr size_t kUnit = 8;
    static constexpr Duration kTimeout = Duration::seconds(5);

    struct Piece {
        size_t begin;
        size_t end;
        bool is_last = false;
        auto operator<=>(const Piece&) const = default;
    };
    using Key = std::tuple<Side, uint8_t, uint16_t>;  // where it goes, protocol, identification

    void operate(std::span<const uint8_t> bytes) {
        const Side from = bytes[0] & 1 ? Side::Inside : Side::Outside;
        const auto id = static_cast<uint16_t>(base_ + (bytes[0] >> 1 & 3));
        if ((bytes[0] & 0xf8) == 0xf8) {
            passed_.clear();  // what is forgotten may come again; what waits is not
            return bed_.tick(Duration{bytes[1] * 16});
        }
        const bool is_large = bytes[5] % 16 == 0;
        const size_t offset = (bytes[1] % 8) * (is_large ? 8000 : 3 * kUnit);
        const bool more = bytes[2] % 4 != 0;
        // Mostly of a length that follows on.
        const size_t any = bytes[3] % 32 == 0 ? bytes[4] : bytes[4] % 8 * kUnit;
        const size_t length = bytes[3] % 4 != 0 ? 3 * kUnit : any;
        Frame frame = header(from, id, bytes[5] >> 4, offset, length);
        frame.id(id).fragment(static_cast<uint16_t>(offset), more);
        if (bytes[4] >> 5 == 0)
            frame.ttl(bytes[4] & 3);
        const Be32 sender = from == Side::Inside ? ip(kHost) : ip(kRouter);
        bed_.inject(from, frame.ether(mac_of(sender), bed_.port(from).mac()).bytes());
        bed_.run();
        look(Side::Inside);
        look(Side::Outside);
        const Key key{opposite(from), protocol_of(bytes[5] >> 4), id};
        if (can_be_whole(sent_[key], {offset, offset + length, !more}))
            whole_.insert(key);
    }

    /// What the datagram's byte at this place is, behind its transport header.
    static uint8_t content_at(uint16_t id, size_t offset) {
        return static_cast<uint8_t>(0x80 | (id * 31 + offset * 7));
    }

    /// With this one; some or all of them may be broken, or not have passed.
    static bool can_be_whole(std::vector<Piece>& pieces, Piece piece) {
        pieces.push_back(piece);
        std::sort(pieces.begin(), pieces.end());
        size_t end = 0;
        for (const Piece& next : pieces)
            if (next.begin <= end) {
                end = std::max(end, next.end);
                if (next.is_last)
                    return true;
            }
        return false;
    }

    static uint8_t protocol_of(unsigned kind) {
        constexpr std::array<uint8_t, 16> kProtocols{17, 17, 17, 17, 17, 17, 17, 17,
                                                     17, 17, 6,  6,  6,  1,  1,  132};
        return kProtocols[kind];
    }

    /// The first piece has a transport header, mostly whole.
    static Frame header(Side from, uint16_t id, unsigned kind, size_t offset, size_t length) {
        Frame frame =
            from == Side::Inside ? Frame().ipv4(kHost, kServer) : Frame().ipv4(kServer, kPublic);
        const uint8_t protocol = protocol_of(kind);
        const auto content = [&](size_t skip) {
            Bytes bytes(length > skip ? length - skip : 0);
            for (size_t i = 0; i < bytes.size(); ++i)
                bytes[i] = content_at(id, offset + skip + i);
            return bytes;
        };
        const bool is_out = from == Side::Inside;
        if (offset == 0 && protocol == 17)
            return frame.udp(is_out ? 5000 : 53, is_out ? 53 : 5000).payload(content(8));
        if (offset == 0 && protocol == 6 && length > 20)
            return frame.tcp(is_out ? 5000 : 80, is_out ? 80 : 5000, kSyn).payload(content(20));
        if (offset == 0 && protocol == 1)
            return (is_out ? frame.echo_request(77) : frame.echo_reply(77)).payload(content(8));
        return frame.protocol(protocol).payload(content(0));
    }

    /// Pieces of one datagram are told by side, protocol and identification.
    void look(Side to) {
        for (const Bytes& bytes : bed_.take_frames(to)) {
            const Seen seen = read(bytes);
            if (!seen.is_fragment())
                continue;
            REQUIRE(seen.ip_checksum_ok);
            const Piece piece{seen.fragment_offset,
                              seen.fragment_offset + bytes.size() - 34 - seen.padding,
                              !seen.more_fragments};
            if (seen.fragment_offset != 0)
                for (size_t i = 0; i < seen.payload.size(); ++i)
                    REQUIRE(seen.payload[i] == content_at(seen.id, seen.fragment_offset + i));
            const Key key{to, seen.protocol, seen.id};
            if (whole_.contains(key))
                continue;  // all of it may have passed before: this may be another one
            auto& others = passed_[key];
            for (const Piece& other : others)
                REQUIRE((other == piece || other.end <= piece.begin || piece.end <= other.begin));
            others.push_back(piece);
        }
    }

    Testbed bed_;
    uint16_t base_ = 0;
    std::map<Key, std::vector<Piece>> passed_;
    std::map<Key, std::vector<Piece>> sent_;
    std::set<Key> whole_;
};

}  // namespace sluice::test
