// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A control connection of PPTP through a testbed, and the GRE of its calls, seen from both ends.

#include "catch.h"
#include "ftp_control.h"
#include "helper/pptp.h"
#include "testbed.h"

#include <array>
#include <string>
#include <vector>

namespace sluice::test {

inline constexpr uint8_t kGre = 47;

inline TestbedOptions helps_pptp(unsigned workers = 1) {
    return {.workers = workers, .configure = [](config::Config& config) {
                config.helpers = {{}, {}, {1723}};
            }};
}

using helper::PptpType;

/// A control message with these two words behind its header.
inline Bytes pptp(PptpType type, uint16_t first = 0, uint16_t second = 0, uint8_t result = 0) {
    constexpr std::array<size_t, 16> kBytes{0,  156, 156, 16, 16, 16,  20, 168,
                                            32, 220, 24,  28, 16, 148, 40, 24};
    const size_t size = kBytes[static_cast<size_t>(type)];
    Bytes bytes(size);
    const auto put = [&](size_t at, uint16_t value) {
        bytes[at] = static_cast<uint8_t>(value >> 8);
        bytes[at + 1] = static_cast<uint8_t>(value & 0xff);
    };
    put(0, static_cast<uint16_t>(size));
    put(2, 1);
    put(4, 0x1a2b);
    put(6, 0x3c4d);
    put(8, static_cast<uint16_t>(type));
    put(12, first);
    put(14, second);
    if (type == PptpType::StartReply)
        bytes[14] = result;
    if (type == PptpType::OutgoingCallReply)
        bytes[16] = result;
    return bytes;
}

inline uint16_t word_at(const Bytes& bytes, size_t at) {
    REQUIRE(bytes.size() >= at + 2);
    return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

/// A packet of a call, for who has numbered it so.
inline Bytes gre_call(uint16_t call_id, uint8_t version = 1) {
    return {0x30,
            version,
            0x88,
            0x0b,
            0,
            4,
            static_cast<uint8_t>(call_id >> 8),
            static_cast<uint8_t>(call_id & 0xff),
            0,
            0,
            0,
            1,
            0xff,
            0x03,
            0xc0,
            0x21};
}

/// Who reads what of a packet of a call.
struct Reached {
    std::string source;
    std::string destination;
    uint16_t call_id = 0;

    bool operator==(const Reached&) const = default;
};

inline std::vector<Reached> reached(const std::vector<Seen>& seen) {
    std::vector<Reached> all;
    for (const Seen& each : seen)
        if (each.protocol == kGre && each.payload.size() >= 8)
            all.push_back({each.source, each.destination, word_at(each.payload, 6)});
    return all;
}

class PptpControl {
public:
    explicit PptpControl(Testbed& bed, const char* client = kHost, uint16_t port = kControl)
        : bed_(bed), client_(client), port_(port) {
        auto out = bed.from_inside(client_frame(kSyn, 1000, 0));
        REQUIRE(out.size() == 1);
        public_port = out[0].source_port;
        public_address = out[0].source;
        REQUIRE(bed.from_outside(server_frame(kSyn | kAck, 5000, 1001)).size() == 1);
        REQUIRE(bed.from_inside(client_frame(kAck, 1001, 5001)).size() == 1);
        REQUIRE(client_says(pptp(PptpType::StartRequest)) == pptp(PptpType::StartRequest));
        const Bytes reply = pptp(PptpType::StartReply, 0, 0, 1);
        REQUIRE(server_says(reply) == reply);
    }

    Frame client_frame(uint8_t flags, uint32_t seq, uint32_t ack) const {
        return Frame().ipv4(client_, kServer).tcp(port_, 1723, flags).seq(seq).ack(ack);
    }
    Frame server_frame(uint8_t flags, uint32_t seq, uint32_t ack) const {
        return Frame()
            .ipv4(kServer, public_address)
            .tcp(1723, public_port, flags)
            .seq(seq)
            .ack(ack);
    }
    /// What the server would say next; it counts as said.
    Frame server_speech(const Bytes& message) {
        const Frame frame = server_frame(kAck | kPsh, next_[1], next_[0]).payload(message);
        next_[1] += static_cast<uint32_t>(message.size());
        return frame;
    }

    /// What the other end hears of it, whose numbers are the same.
    Bytes client_says(const Bytes& message) {
        const auto out =
            bed_.from_inside(client_frame(kAck | kPsh, next_[0], next_[1]).payload(message));
        REQUIRE(out.size() == 1);
        CHECK(out[0].checksums_ok());
        CHECK(out[0].seq == next_[0]);
        next_[0] += static_cast<uint32_t>(message.size());
        return out[0].payload;
    }
    Bytes server_says(const Bytes& message) {
        const uint32_t seq = next_[1];
        const auto in = bed_.from_outside(server_speech(message));
        REQUIRE(in.size() == 1);
        CHECK(in[0].checksums_ok());
        CHECK(in[0].seq == seq);
        return in[0].payload;
    }

    /// Asks for a call; returns the ID that the server is told for `own`.
    uint16_t asks(uint16_t own) {
        const Bytes heard = client_says(pptp(PptpType::OutgoingCallRequest, own, 1));
        CHECK(heard == pptp(PptpType::OutgoingCallRequest, word_at(heard, 12), 1));
        return word_at(heard, 12);
    }
    /// Likewise, and the server answers with its ID.
    uint16_t calls(uint16_t own, uint16_t server) {
        const uint16_t told = asks(own);
        CHECK(server_says(pptp(PptpType::OutgoingCallReply, server, told, 1)) ==
              pptp(PptpType::OutgoingCallReply, server, own, 1));
        return told;
    }

    /// GRE for who has numbered the call so, and whom it reaches as what.
    std::vector<Reached> client_sends(uint16_t call_id) const {
        return reached(bed_.from_inside(
            Frame().ipv4(client_, kServer).protocol(kGre).payload(gre_call(call_id))));
    }
    std::vector<Reached> server_sends(uint16_t call_id) const {
        return reached(bed_.from_outside(server_gre(call_id)));
    }
    Frame server_gre(uint16_t call_id) const {
        return Frame().ipv4(kServer, public_address).protocol(kGre).payload(gre_call(call_id));
    }

    uint32_t client_next() const { return next_[0]; }
    uint32_t server_next() const { return next_[1]; }

    uint16_t public_port = 0;
    std::string public_address;

private:
    Testbed& bed_;
    const char* client_;
    uint16_t port_;
    std::array<uint32_t, 2> next_{1001, 5001};  // of the client, and of the server
};

}  // namespace sluice::test
