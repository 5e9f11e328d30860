// SPDX-License-Identifier: BSD-3-Clause
#include "mutate.h"

#include <algorithm>
#include <array>

namespace sluice::test {

std::vector<Bytes> sound_frames() {
    const auto frame = [] { return Frame().ipv4("10.1.0.10", "203.0.113.10"); };
    return {
        frame().tcp(40000, 80, kSyn).tcp_options({2, 4, 5, 0xb4, 1, 3, 3, 7}).bytes(),
        frame().tcp(40000, 80).payload(61).bytes(),
        frame().udp(5353, 53).payload(33).bytes(),
        frame().udp(5353, 53).payload(20).without_udp_checksum().padding(4).bytes(),
        frame().echo_request(7).payload(56).bytes(),
        frame().echo_reply(7).payload(1).padding(17).bytes(),
        frame().icmp_error(11, 0, frame().udp(1, 2).payload(4).ip_bytes()).bytes(),
        frame().protocol(47).payload(40).bytes(),
        frame().protocol(50).bytes(),
        frame().udp_lite(5353, 53).payload(33).bytes(),
        frame().sctp(5000, 80, 0).init(1, 77).bytes(),
        frame().sctp(5000, 80, 9).chunk(10, 0, {1, 2}).chunk(0, 3, Bytes(17, 5)).bytes(),
        frame().udp_lite(5353, 53, 12).payload(33).bytes(),
        frame().ip_options({1, 1, 1, 0}).tcp(1, 2).bytes(),
        frame().tcp(1, 2).fragment(800, true).payload(8).bytes(),
        frame().tcp(1, 2).vlan(7).bytes(),
        arp_request(mac(1), ip("10.1.0.10"), ip("10.1.0.1")),
    };
}

std::vector<size_t> any_cuts(const Draw& draw, size_t size) {
    std::vector<size_t> cuts(draw() % 2 == 0 ? 0 : draw() % 4);
    for (size_t& cut : cuts)
        cut = draw() % (size + 1);
    std::sort(cuts.begin(), cuts.end());
    return cuts;
}

void mutate(Bytes& frame, const Draw& draw) {
    if (frame.empty())
        return;
    constexpr std::array<uint8_t, 6> kEdges{0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    // One draw a statement: the order of draws within one is the compiler's choice.
    const size_t reach = draw() % 4 == 0 ? 2000 : 54;
    const size_t place = draw() % std::min(frame.size(), reach);
    const auto byte = static_cast<uint8_t>(draw());
    switch (draw() % 6) {
        case 0:
            frame[place] ^= static_cast<uint8_t>(1u << draw() % 8);
            break;
        case 1:
            frame[place] = byte;
            break;
        case 2:
            frame[place] = kEdges[draw() % kEdges.size()];
            break;
        case 3:
            frame.resize(draw() % (frame.size() + 1));
            break;
        case 4:
            frame.resize(frame.size() + draw() % 64, byte);
            break;
        case 5:
            frame.insert(frame.begin() + static_cast<long>(place), byte);
            break;
    }
}

}  // namespace sluice::test
