// SPDX-License-Identifier: BSD-3-Clause
#include "operations.h"

#include "testbed.h"

#include <cstdlib>
#include <string>

namespace sluice::test {
namespace {

using net::Protocol;

constexpr unsigned kHosts = 6;
constexpr unsigned kServers = 2;
constexpr unsigned kPorts = 3;
constexpr uint16_t kFirstPorts[] = {100, 520, 40000};  // one in each range of external ports
constexpr Protocol kEsp{50};
constexpr Protocol kProtocols[] = {Protocol::Udp, Protocol::Tcp, Protocol::Icmp, Protocol::UdpLite,
                                   kEsp};

uint8_t flags(bool reset) {
    return reset ? kRst | kAck : kAck;
}

}  // namespace

int model_operations(int enough) {
    const char* count = std::getenv("SLUICE_MODEL_OPERATIONS");
    return count != nullptr ? std::atoi(count) : enough;
}

Drawn any_packet(std::mt19937_64& random, unsigned ports) {
    const auto draw = [&](uint64_t below) { return random() % below; };
    const std::string host = "10.1.0." + std::to_string(10 + draw(kHosts));
    const char* server = draw(2) == 0 ? kServer : "203.0.113.11";
    const auto port = static_cast<uint16_t>(1024 + draw(ports));
    Frame frame = Frame().payload(8);
    const bool is_inward = draw(4) == 0;
    if (is_inward)
        frame.ipv4(server, draw(2) == 0 ? kPublic : "198.51.100.2");
    else
        frame.ipv4(host.c_str(), draw(8) == 0 ? kPublic : server);
    const auto own = static_cast<uint16_t>(draw(2) == 0 ? 3000 + draw(20) : port);
    switch (draw(4)) {
        case 0:
            frame.tcp(is_inward ? 80 : own, is_inward ? port : 80, draw(8) == 0 ? kRst : kAck);
            break;
        case 1:
            frame.echo_request(own);
            break;
        default:
            frame.udp(is_inward ? 53 : own, is_inward || draw(8) == 0 ? port : 53);
    }
    return {frame, is_inward};
}

Conversation any_conversation(std::mt19937_64& random) {
    Conversation talk;
    talk.protocol = kProtocols[random() % std::size(kProtocols)];
    talk.host = Be32::from_host(ip("10.1.0.2").host() + static_cast<uint32_t>(random() % kHosts));
    talk.server =
        Be32::from_host(ip("203.0.113.10").host() + static_cast<uint32_t>(random() % kServers));
    talk.port =
        static_cast<uint16_t>(kFirstPorts[random() % std::size(kFirstPorts)] + random() % kPorts);
    talk.server_port = talk.protocol == Protocol::Icmp ? 0x0800 : 53;
    if (is_by_address(talk.protocol))
        talk.port = talk.server_port = 0;
    return talk;
}

Frame from_host(const Conversation& talk, bool reset) {
    Frame frame = Frame().ipv4(talk.host, talk.server).payload(8);
    switch (talk.protocol) {
        case Protocol::Tcp:
            return frame.tcp(talk.port, talk.server_port, flags(reset));
        case Protocol::Udp:
            return frame.udp(talk.port, talk.server_port);
        case Protocol::UdpLite:
            return frame.udp_lite(talk.port, talk.server_port);
        case Protocol::Icmp:
            return frame.echo_request(talk.port);
        default:
            return frame.protocol(static_cast<uint8_t>(talk.protocol));
    }
}

Frame from_server(const ReplyKey& key, bool reset) {
    Frame frame = Frame().ipv4(key.server, key.address).payload(8);
    switch (key.protocol) {
        case Protocol::Tcp:
            return frame.tcp(key.server_port, key.port, flags(reset));
        case Protocol::Udp:
            return frame.udp(key.server_port, key.port);
        case Protocol::UdpLite:
            return frame.udp_lite(key.server_port, key.port);
        case Protocol::Icmp:
            return frame.echo_reply(key.port);
        default:
            return frame.protocol(static_cast<uint8_t>(key.protocol));
    }
}

}  // namespace sluice::test
