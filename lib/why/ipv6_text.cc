// SPDX-License-Identifier: BSD-3-Clause
#include "why/ipv6_text.h"

#include "listing/tuple_text.h"

namespace sluice::why {
namespace {

using net::Protocol;
using std::string;

Protocol protocol_of(const Ipv6Packet& packet) {
    return Protocol{packet.headers.protocol};
}

string end_text(const net::Ipv6Address& address, Be16 port, const Ipv6Packet& packet) {
    const bool has_port = packet.has_transport && net::has_ports(protocol_of(packet));
    return has_port ? nat64::with_port({{}, address}, port) : net::to_string(address);
}

string ends_text(const Ipv6Packet& packet, const net::Ipv6Address& source,
                 const net::Ipv6Address& destination) {
    return end_text(source, packet.source_port, packet) + " -> " +
           end_text(destination, packet.destination_port, packet);
}

string mapped_line(const char* end, const nat64::PrefixPair& pair, const net::Ipv6Address& before,
                   const net::Ipv6Address& after) {
    return "prefixes: " + nat64::to_string(pair) + "\n" + end + ": " + net::to_string(before) +
           " -> " + net::to_string(after) + "\n";
}

}  // namespace

string protocol_text(const Ipv6Packet& packet) {
    return packet.headers.protocol == nat64::kIcmpv6 ? "icmpv6"
                                                     : listing::protocol_text(protocol_of(packet));
}

string packet_text(const Ipv6Packet& packet) {
    constexpr uint8_t kEchoRequest = 128;
    constexpr uint8_t kEchoReply = 129;
    string text = protocol_text(packet) + " " + ends_text(packet);
    if (packet.has_transport && packet.headers.protocol == nat64::kIcmpv6)
        text += " type " + std::to_string(packet.icmp_type);
    if (packet.icmp_type == kEchoRequest || packet.icmp_type == kEchoReply)
        text += " id " + std::to_string(packet.identifier.host());
    if (packet.has_transport && protocol_of(packet) == Protocol::Tcp)
        text += " [" + listing::flags_text(packet.tcp_flags) + "]";
    return text + (packet.headers.is_whole() ? "" : ", a fragment");
}

string source_text(const Ipv6Packet& packet) {
    return end_text(packet.headers.source, packet.source_port, packet);
}

string ends_text(const Ipv6Packet& packet) {
    return ends_text(packet, packet.headers.source, packet.headers.destination);
}

string leaving_text(const Ipv6Packet& packet, const nat64::Way& way) {
    return ends_text(packet, way.source, way.destination);
}

string crossing_lines(const Crossed& crossed) {
    const nat64::Way& way = crossed.way;
    string lines;
    if (crossed.outward)
        lines += mapped_line("source", *crossed.outward, way.headers.source, way.source);
    if (crossed.inward)
        lines +=
            mapped_line("destination", *crossed.inward, way.headers.destination, way.destination);
    if (crossed.is_unheard)
        lines +=
            "host: has sent nothing for long; of these a worker asks for some in a second, and "
            "drops what is for others as ipv6_new_hosts\n";
    return lines;
}

}  // namespace sluice::why
