// SPDX-License-Identifier: BSD-3-Clause
#include "packet_reader.h"

#include "plain_checksum.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace sluice::test {
namespace {

using View = std::span<const uint8_t>;

View from(View bytes, size_t position) {
    if (position > bytes.size())
        throw std::out_of_range("the frame ends before its headers do");
    return bytes.subspan(position);
}
uint8_t get8(View bytes, size_t position) {
    if (position >= bytes.size())
        throw std::out_of_range("the frame ends before its headers do");
    return bytes[position];
}
uint16_t get16(View bytes, size_t position) {
    return static_cast<uint16_t>(get8(bytes, position) << 8 | get8(bytes, position + 1));
}
uint32_t get32(View bytes, size_t position) {
    return uint32_t{get16(bytes, position)} << 16 | get16(bytes, position + 2);
}
std::string address(View bytes, size_t position) {
    std::string text;
    for (size_t i = 0; i < 4; ++i)
        text += (i == 0 ? "" : ".") + std::to_string(get8(bytes, position + i));
    return text;
}

/// A quoted packet may end anywhere: what is not there is not read.
void read_transport(Seen& seen, View ip, View transport) {
    if (seen.fragment_offset != 0) {
        seen.payload.assign(transport.begin(), transport.end());
        seen.transport_checksum_ok = true;
        return;
    }
    const bool is_tcp = seen.protocol == 6;
    const bool is_lite = seen.protocol == 136;
    const bool is_udp = seen.protocol == 17 || is_lite;
    const bool is_sctp = seen.protocol == 132;
    if (is_tcp || is_udp || is_sctp) {
        seen.source_port = get16(transport, 0);
        seen.destination_port = get16(transport, 2);
    }
    size_t header = 0;
    size_t covered = transport.size();
    if (is_udp) {
        header = 8;
        const size_t said = get16(transport, 4);
        covered = is_lite && said == 0 ? covered : std::min(said, covered);
        seen.transport_checksum = get16(transport, 6);
    } else if (seen.protocol == 1) {
        header = 8;
        seen.icmp_type = get8(transport, 0);
        seen.icmp_code = get8(transport, 1);
        seen.transport_checksum = get16(transport, 2);
        seen.identifier = get16(transport, 4);
        seen.echo_sequence = get16(transport, 6);
    } else if (is_tcp) {
        seen.seq = get32(transport, 4);
        if (!seen.whole && transport.size() < 20)
            return;
        seen.ack = get32(transport, 8);
        header = size_t{get8(transport, 12)} / 16 * 4;
        seen.tcp_flags = get8(transport, 13);
        seen.window = get16(transport, 14);
        seen.transport_checksum = get16(transport, 16);
    }
    if (is_sctp) {
        header = 12;
        seen.sctp_tag = get32(transport, 4);
    }
    const View rest = from(transport, std::min(header, transport.size()));
    seen.payload.assign(rest.begin(), rest.end());
    if (is_sctp) {
        const uint32_t crc = plain_crc32c(transport, 8);
        seen.transport_checksum_ok = seen.whole;
        if (!seen.whole)
            return;
        for (size_t i = 0; i < 4; ++i)
            seen.transport_checksum_ok &= get8(transport, 8 + i) == (crc >> 8 * i & 0xff);
        return;
    }
    const uint32_t pseudo =
        is_tcp || is_udp ? plain_pseudo_sum(ip, is_lite ? transport.size() : covered) : 0;
    seen.transport_checksum_ok =
        seen.is_fragment() ||
        (seen.whole && ((seen.protocol == 17 && seen.transport_checksum == 0) || header == 0 ||
                        plain_checksum(transport.first(covered), pseudo) == 0));
}

}  // namespace

Seen read_ip(View packet) {
    Seen seen;
    const size_t header = size_t{get8(packet, 0)} % 16 * 4;
    seen.tos = get8(packet, 1);
    seen.total_length = get16(packet, 2);
    seen.id = get16(packet, 4);
    seen.dont_fragment = (get16(packet, 6) & 0x4000) != 0;
    seen.more_fragments = (get16(packet, 6) & 0x2000) != 0;
    seen.fragment_offset = (get16(packet, 6) & 0x1fffu) * 8;
    seen.ttl = get8(packet, 8);
    seen.protocol = get8(packet, 9);
    seen.source = address(packet, 12);
    seen.destination = address(packet, 16);
    const View behind = from(packet, header);
    seen.ip_checksum_ok = plain_checksum(packet.first(header)) == 0;
    seen.whole = seen.total_length <= packet.size();
    const size_t present = std::min<size_t>(seen.total_length, packet.size());
    seen.padding = packet.size() - present;
    read_transport(seen, packet, behind.first(std::max(present, header) - header));
    return seen;
}

Seen read(View frame) {
    size_t position = 12;
    from(frame, position);  // both addresses are there
    MacAddress destination{};
    MacAddress source{};
    std::copy_n(frame.begin(), destination.size(), destination.begin());
    std::copy_n(frame.begin() + 6, source.size(), source.begin());
    uint16_t vlan = 0;
    if (get16(frame, position) == 0x8100) {
        vlan = get16(frame, position + 2);
        position += 4;
    }
    const uint16_t ether_type = get16(frame, position);
    Seen seen = ether_type == 0x0800 ? read_ip(from(frame, position + 2)) : Seen{};
    seen.destination_mac = destination;
    seen.source_mac = source;
    seen.ether_type = ether_type;
    seen.vlan = vlan;
    return seen;
}

Seen read_fragments(std::span<const Bytes> frames) {
    std::map<uint32_t, Seen> pieces;
    Bytes whole;
    for (const Bytes& frame : frames) {
        const Seen seen = read(frame);
        if (!seen.ip_checksum_ok || !pieces.emplace(seen.fragment_offset, seen).second)
            throw std::runtime_error("a fragment is broken, or there twice");
        if (seen.fragment_offset == 0)
            whole.assign(frame.begin() + 14, frame.begin() + 14 + seen.total_length);
    }
    for (const auto& [offset, seen] : pieces) {
        const Seen& first = pieces.begin()->second;
        if (seen.source != first.source || seen.destination != first.destination ||
            seen.id != first.id || seen.ttl != first.ttl || seen.protocol != first.protocol)
            throw std::runtime_error("fragments of different datagrams");
        if (offset == 0)
            continue;
        if (whole.size() != 20 + offset)
            throw std::runtime_error("a gap or an overlap");
        whole.insert(whole.end(), seen.payload.begin(), seen.payload.end());
    }
    if (pieces.empty() || pieces.rbegin()->second.more_fragments)
        throw std::runtime_error("the last fragment is missing");
    // As it would stand in the header of the whole.
    whole[2] = static_cast<uint8_t>(whole.size() >> 8);
    whole[3] = static_cast<uint8_t>(whole.size());
    whole[6] &= 0x40;
    whole[7] = 0;
    Seen seen = read_ip(whole);
    seen.ip_checksum_ok = true;
    return seen;
}

std::string summary(const Seen& seen) {
    if (seen.ether_type != 0x0800 && seen.source.empty())
        return "ether type " + std::to_string(seen.ether_type);
    const bool has_ports =
        seen.protocol == 6 || seen.protocol == 17 || seen.protocol == 136 || seen.protocol == 132;
    const auto end = [has_ports](const std::string& host, uint16_t port) {
        return has_ports ? host + ':' + std::to_string(port) : host;
    };
    std::string text = seen.protocol == 6     ? "tcp "
                       : seen.protocol == 17  ? "udp "
                       : seen.protocol == 1   ? "icmp "
                       : seen.protocol == 136 ? "udplite "
                       : seen.protocol == 132 ? "sctp "
                                              : "ip " + std::to_string(seen.protocol) + ' ';
    text +=
        end(seen.source, seen.source_port) + " > " + end(seen.destination, seen.destination_port);
    if (seen.protocol == 6) {
        text += " flags=";
        for (const auto& [bit, letter] : {std::pair{kSyn, 'S'},
                                          {kFin, 'F'},
                                          {kRst, 'R'},
                                          {kPsh, 'P'},
                                          {kAck, 'A'},
                                          {kUrg, 'U'}})
            if (seen.tcp_flags & bit)
                text += letter;
    } else if (seen.protocol == 1) {
        text +=
            " type=" + std::to_string(seen.icmp_type) + " id=" + std::to_string(seen.identifier);
    }
    return text + " ttl=" + std::to_string(seen.ttl) +
           " payload=" + std::to_string(seen.payload.size());
}

}  // namespace sluice::test
