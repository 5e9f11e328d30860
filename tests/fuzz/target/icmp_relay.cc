// SPDX-License-Identifier: BSD-3-Clause

// ICMP errors about packets that did pass, from routers of both sides. Each quotes one of a few
// flows, and breaks something of it. Besides the testbed's promises: what is relayed has right
// checksums, and its quote speaks of the packet as its receiver sent it.

#include "catch.h"
#include "input.h"
#include "testbed.h"
#include "wire.h"

#include <algorithm>
#include <array>
#include <string>

using namespace sluice;
using namespace sluice::test;
using net::Side;

namespace {

constexpr unsigned kKinds = 6;
constexpr uint16_t kPort = 5000;

/// A packet of a flow of each kind, without addresses.
Frame packet_of(unsigned kind, Side from) {
    const bool is_out = from == Side::Inside;
    Frame frame = is_out ? Frame().ipv4(kHost, kServer) : Frame().ipv4(kServer, kPublic);
    const uint16_t source = is_out ? kPort : 80;
    const uint16_t destination = is_out ? 80 : kPort;
    switch (kind) {
        case 0:
            return frame.tcp(source, destination, is_out ? kSyn : kSyn | kAck).payload(size_t{0});
        case 1:
            return frame.udp(source, destination).payload(20);
        case 2:
            return is_out ? frame.echo_request(kPort) : frame.echo_reply(kPort);
        case 3:
            return frame.udp_lite(source, destination).payload(20);
        case 4:
            return frame.protocol(47).payload(20);
        default:
            return frame.sctp(source, destination, 0).init(1, 7);
    }
}

Bytes error(const Draw& draw, Side from, Testbed& bed) {
    constexpr std::array<uint8_t, 6> kTypes{3, 4, 5, 11, 12, 3};
    Frame quoted = packet_of(static_cast<unsigned>(draw() % kKinds), opposite(from));
    if (from == Side::Outside && draw() % 8 != 0)
        quoted.ipv4(kPublic, kServer);
    else if (from == Side::Inside && draw() % 8 != 0)
        quoted.ipv4(kServer, kHost);
    quoted.ttl(static_cast<uint8_t>(draw()));
    Bytes quote = quoted.ip_bytes();
    for (uint64_t changes = draw() % 4; changes > 0 && !quote.empty(); --changes)
        mutate(quote, draw);
    quote.resize(std::min<size_t>(quote.size(), draw() % 128));

    const auto type = kTypes[draw() % kTypes.size()];
    const auto code = static_cast<uint8_t>(draw() % 16);
    const auto mtu = static_cast<uint16_t>(draw());
    const std::string router = from == Side::Inside ? kHost : "192.0.2.9";
    const std::string target = from == Side::Inside ? kServer : kPublic;
    Frame frame =
        Frame()
            .ether(mac_of(ip(from == Side::Inside ? kHost : kRouter)), bed.port(from).mac())
            .ipv4(router, target)
            .icmp_error(type, code, quote, mtu);
    Bytes bytes = frame.bytes();
    if (draw() % 4 == 0)
        mutate(bytes, draw);
    return bytes;
}

/// What has come out is whole, and an error's quote names who got it as the sender.
void look(Testbed& bed, Side to) {
    for (const Seen& seen : bed.take(to)) {
        REQUIRE(seen.checksums_ok());
        constexpr uint8_t kIcmp = 1;
        const bool is_error = seen.protocol == kIcmp && seen.fragment_offset == 0 &&
                              seen.payload.size() >= 20 && to == Side::Inside &&
                              (seen.icmp_type == 3 || seen.icmp_type == 11 || seen.icmp_type == 12);
        if (is_error) {
            const Be32 receiver = ip(seen.destination);
            const auto* address = reinterpret_cast<const uint8_t*>(&receiver.raw);
            REQUIRE(std::equal(address, address + 4, seen.payload.begin() + 12));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    constexpr int kErrorsAtMost = 32;
    Input input(bytes, size);
    const Draw draw = input.draw();
    Testbed bed({.flows = 64, .configure = configure_small});
    for (unsigned kind = 0; kind < kKinds; ++kind) {
        bed.from_inside(packet_of(kind, Side::Inside));
        if (draw() % 2 == 0)
            bed.from_outside(packet_of(kind, Side::Outside));
    }
    for (int errors = 0; !input.is_empty() && errors < kErrorsAtMost; ++errors) {
        const Side from = draw() % 4 == 0 ? Side::Inside : Side::Outside;
        const size_t segment = draw() % 8 == 0 ? 8 * (1 + draw() % 20) : 0;
        if (const Bytes frame = error(draw, from, bed); !frame.empty())
            bed.inject(from, frame, segment);
        bed.run();
        look(bed, Side::Inside);
        look(bed, Side::Outside);
    }
    return 0;
}
