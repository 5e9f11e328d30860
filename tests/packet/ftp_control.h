// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A control connection of FTP through a testbed, seen from both of its ends.

#include "catch.h"
#include "conntrack/status.h"
#include "testbed.h"

#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::test {

inline constexpr auto kOther = "203.0.113.99";
inline constexpr auto kPeer = "10.1.0.11";
inline constexpr uint16_t kControl = 40'000;  ///< The client's port of the control connection.

inline TestbedOptions helped(unsigned workers = 1) {
    return {.workers = workers, .configure = [](config::Config& config) {
                config.helpers = {{21}, {69}};
            }};
}

inline TestbedOptions with(TestbedOptions options, std::function<void(config::Config&)> more) {
    options.configure = [before = options.configure, more](config::Config& config) {
        before(config);
        more(config);
    };
    return options;
}

/// A server inside, behind a forward of its port, and somebody outside who has connected to it.
class ServedInside {
public:
    ServedInside(TestbedOptions options, uint16_t port)
        : bed(with(std::move(options),
                   [port](config::Config& config) {
                       config.forwards = {{net::Protocol::Tcp,
                                           {ip(kPublic), Be16::from_host(port)},
                                           {ip(kHost), Be16::from_host(port)}}};
                   })),
          port_(port) {
        REQUIRE(bed.from_outside(client(kSyn, 100, 0)).size() == 1);
        REQUIRE(bed.from_inside(server(kSyn | kAck, 900, 101)).size() == 1);
        REQUIRE(bed.from_outside(client(kAck, 101, 901)).size() == 1);
    }

    std::vector<Seen> client_sends(uint32_t seq, uint32_t ack, const Bytes& data) {
        return bed.from_outside(client(kAck | kPsh, seq, ack).payload(data));
    }
    std::vector<Seen> server_sends(uint32_t seq, uint32_t ack, const Bytes& data) {
        return bed.from_inside(server(kAck | kPsh, seq, ack).payload(data));
    }

    static constexpr uint16_t kClientPort = 33'000;
    Testbed bed;

private:
    Frame client(uint8_t flags, uint32_t seq, uint32_t ack) const {
        return Frame().ipv4(kOther, kPublic).tcp(kClientPort, port_, flags).seq(seq).ack(ack);
    }
    Frame server(uint8_t flags, uint32_t seq, uint32_t ack) const {
        return Frame().ipv4(kHost, kOther).tcp(port_, kClientPort, flags).seq(seq).ack(ack);
    }

    uint16_t port_;
};

inline Bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

inline std::string text_of(const Seen& seen) {
    return {seen.payload.begin(), seen.payload.end()};
}

/// "10,1,0,10,156,65".
inline std::string numbers(std::string_view address, uint16_t port) {
    std::string text(address);
    for (char& c : text)
        c = c == '.' ? ',' : c;
    return text + ',' + std::to_string(port >> 8) + ',' + std::to_string(port & 0xff);
}

/// A control connection, seen from both ends: each counts by its own numbers.
class Control {
public:
    explicit Control(Testbed& bed, const char* client = kHost, uint16_t port = kControl,
                     uint32_t client_seq = 1000, uint32_t server_seq = 5000)
        : bed_(bed), client_(client), port_(port), next_{client_seq + 1, server_seq + 1} {
        auto out = bed.from_inside(client_frame(kSyn, client_seq, 0));
        REQUIRE(out.size() == 1);
        public_port = out[0].source_port;
        public_address = out[0].source;
        REQUIRE(bed.from_outside(server_frame(kSyn | kAck, server_seq, next_[0])).size() == 1);
        out = bed.from_inside(client_frame(kAck, next_[0], next_[1]));
        REQUIRE(out.size() == 1);
        heard_[0] = next_[0];
        heard_[1] = next_[1];
    }

    Frame client_frame(uint8_t flags, uint32_t seq, uint32_t ack) const {
        return Frame().ipv4(client_, kServer).tcp(port_, 21, flags).seq(seq).ack(ack);
    }
    Frame server_frame(uint8_t flags, uint32_t seq, uint32_t ack) const {
        return Frame().ipv4(kServer, public_address).tcp(21, public_port, flags).seq(seq).ack(ack);
    }

    /// The client says it; returns what the server hears. The server's count goes on.
    std::string client_says(std::string_view text) {
        const auto out =
            bed_.from_inside(client_frame(kAck | kPsh, next_[0], next_[1]).payload(bytes_of(text)));
        if (out.size() != 1)
            return "";
        CHECK(out[0].checksums_ok());
        CHECK(out[0].seq == heard_[0]);
        CHECK(out[0].ack == heard_[1]);
        next_[0] += static_cast<uint32_t>(text.size());
        heard_[0] += static_cast<uint32_t>(out[0].payload.size());
        return text_of(out[0]);
    }
    std::string server_says(std::string_view text) {
        const auto in = bed_.from_outside(
            server_frame(kAck | kPsh, heard_[1], heard_[0]).payload(bytes_of(text)));
        if (in.size() != 1)
            return "";
        CHECK(in[0].checksums_ok());
        CHECK(in[0].seq == next_[1]);
        CHECK(in[0].ack == next_[0]);
        heard_[1] += static_cast<uint32_t>(text.size());
        next_[1] += static_cast<uint32_t>(in[0].payload.size());
        return text_of(in[0]);
    }
    /// Of PORT: the public port that the server is told.
    uint16_t says_port(uint16_t port) {
        const std::string heard = client_says("PORT " + numbers(client_, port) + "\r\n");
        const std::string front =
            "PORT " + numbers(public_address, 0).substr(0, numbers(public_address, 0).size() - 3);
        REQUIRE(heard.substr(0, front.size()) == front);
        unsigned high = 0;
        unsigned low = 0;
        REQUIRE(std::sscanf(heard.c_str() + front.size(), "%u,%u\r\n", &high, &low) == 2);
        return static_cast<uint16_t>(high << 8 | low);
    }

    uint32_t client_next() const { return next_[0]; }
    uint32_t server_next() const { return heard_[1]; }
    uint32_t server_heard() const { return heard_[0]; }

    uint16_t public_port = 0;
    std::string public_address;

private:
    Testbed& bed_;
    const char* client_;
    uint16_t port_;
    std::array<uint32_t, 2> next_;     // of the client, and of the server as the client counts
    std::array<uint32_t, 2> heard_{};  // likewise, as the server counts
};

inline bool data_reaches(Testbed& bed, const char* from, uint16_t from_port, uint16_t port,
                         const char* host, uint16_t host_port) {
    const auto in =
        bed.from_outside(Frame().ipv4(from, kPublic).tcp(from_port, port, kSyn).seq(77).ack(0));
    return in.size() == 1 && in[0].source == from && in[0].source_port == from_port &&
           in[0].destination == host && in[0].destination_port == host_port && in[0].checksums_ok();
}

inline const flow::FlowRecord* related_flow(Testbed& bed) {
    const flow::FlowRecord* found = nullptr;
    flow::FlowTable& table = bed.gateway().table();
    table.for_each_live(0, table.capacity(), [&](uint32_t, const flow::FlowRecord& record) {
        if (record.kind() == flow::Kind::Flow && (record.status & conntrack::kRelated) != 0)
            found = &record;
    });
    return found;
}

}  // namespace sluice::test
