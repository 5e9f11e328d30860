// SPDX-License-Identifier: BSD-3-Clause
#include "listing/tuple_text.h"

#include "listing/flow_text.h"

#include <string_view>

namespace sluice::listing {

using net::Protocol;

namespace {

std::string end_text(const nat64::WireAddress& address, Be16 port, Protocol protocol) {
    return net::has_ports(protocol) ? nat64::with_port(address, port) : nat64::to_string(address);
}

}  // namespace

std::string source_text(const net::Tuple& tuple, const nat64::Naming& naming) {
    return end_text(naming.ends(tuple).source, tuple.source_port, tuple.protocol);
}

std::string destination_text(const net::Tuple& tuple, const nat64::Naming& naming) {
    return end_text(naming.ends(tuple).destination, tuple.destination_port, tuple.protocol);
}

std::string tuple_text(const net::Tuple& tuple, const nat64::Naming& naming) {
    return source_text(tuple, naming) + " -> " + destination_text(tuple, naming) +
           (tuple.zone == 0 ? "" : " zone=" + std::to_string(tuple.zone));
}

std::string protocol_text(Protocol protocol) {
    const std::string_view name = protocol_name(protocol);
    return name == "unknown" ? "protocol " + std::to_string(static_cast<unsigned>(protocol))
                             : std::string(name);
}

std::string state_text(Protocol protocol, uint8_t bits) {
    const conntrack::ProtocolState state(bits);
    if (protocol == Protocol::Tcp)
        return std::string(conntrack::tcp_state_name(state.tcp()));
    if (protocol == Protocol::Sctp)
        return std::string(conntrack::sctp_state_name(state.sctp()));
    return {};
}

std::string flags_text(uint8_t flags) {
    constexpr std::string_view kLetters = "FSRP.UEW";
    std::string text;
    for (size_t bit = 0; bit < kLetters.size(); ++bit)
        if ((flags >> bit & 1) != 0)
            text += kLetters[bit];
    return text.empty() ? "none" : text;
}

}  // namespace sluice::listing
