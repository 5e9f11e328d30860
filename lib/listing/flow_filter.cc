// SPDX-License-Identifier: BSD-3-Clause
#include "listing/flow_filter.h"

#include "base/enum.h"
#include "listing/flow_text.h"
#include "net/text.h"

#include <cctype>
#include <charconv>
#include <string_view>

namespace sluice::listing {
namespace {

using conntrack::TcpState;
using net::Protocol;

Error wrong(std::string_view name, std::string_view value, std::string_view expected) {
    return {std::string(name) + "=" + std::string(value) + " is not " + std::string(expected) +
            "."};
}

/// One end of the tuple, of either version.
struct FilteredEnd {
    std::optional<net::Prefix>& prefix;
    std::optional<net::Ipv6Prefix>& prefix6;
};

Status read_prefix(std::string_view name, std::string_view text, bool serves_ipv6,
                   FilteredEnd end) {
    if (const auto address = net::parse_address(text))
        end.prefix = net::Prefix{*address, 32};
    else if (const auto address6 = net::parse_ipv6_address(text))
        end.prefix6 = net::Ipv6Prefix{*address6, 128};
    else if (const auto prefix6 = net::parse_ipv6_prefix(text))
        end.prefix6 = prefix6;
    else
        end.prefix = net::parse_prefix(text);
    if (end.prefix6 && !serves_ipv6)
        return Error{std::string(name) + "=" + std::string(text) +
                     " matches nothing: this gateway serves no IPv6 (--nat64)."};
    if (!end.prefix && !end.prefix6)
        return wrong(name, text,
                     "an IPv4 address or a prefix such as 10.1.0.0/24, nor an IPv6 one");
    return Done{};
}

Status read_port(std::string_view name, std::string_view text, std::optional<uint16_t>& port) {
    uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return wrong(name, text, "a port from 0 to 65535");
    port = value;
    return Done{};
}

Status read_zone(std::string_view text, std::optional<uint16_t>& zone) {
    uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value >= net::kZones)
        return wrong("zone", text, "a zone from 0 to 4095");
    zone = value;
    return Done{};
}

Status read_kind(std::string_view text, std::optional<flow::Kind>& kind) {
    if (text == "flow")
        kind = flow::Kind::Flow;
    else if (text == "mapping")
        kind = flow::Kind::Mapping;
    else if (text == "contact")
        kind = flow::Kind::Contact;
    else
        return wrong("kind", text, "flow, mapping or contact");
    return Done{};
}

std::string with_case(std::string_view text, int (*convert)(int)) {
    std::string result(text);
    for (char& c : result)
        c = static_cast<char>(convert(static_cast<unsigned char>(c)));
    return result;
}

Status read_protocol(std::string_view text, std::optional<Protocol>& protocol) {
    constexpr Protocol kNamed[] = {Protocol::Icmp, Protocol::Tcp,  Protocol::Udp,
                                   Protocol::Gre,  Protocol::Sctp, Protocol::UdpLite};
    const std::string name = with_case(text, std::tolower);
    for (const Protocol named : kNamed)
        if (name == protocol_name(named))
            protocol = named;
    uint8_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size())
        protocol = Protocol{number};
    if (!protocol)
        return wrong("proto", text,
                     "tcp, udp, icmp, gre, sctp, udplite or a protocol's number from 0 to 255");
    return Done{};
}

Status read_state(std::string_view text, std::optional<TcpState>& state) {
    const std::string name = with_case(text, std::toupper);
    std::string names;
    // From 1: no flow that can be listed has the state None.
    for (size_t i = 1; i < conntrack::kTcpStateCount; ++i) {
        const auto candidate = static_cast<TcpState>(i);
        if (name == conntrack::tcp_state_name(candidate))
            state = candidate;
        names += (i == 1 ? "" : ", ") + std::string(conntrack::tcp_state_name(candidate));
    }
    if (!state)
        return wrong("state", text, "a TCP state: " + names);
    return Done{};
}

Status read_field(FlowFilter& filter, const std::string& name, const std::string& value) {
    if (name == "src")
        return read_prefix(name, value, filter.naming.is_on(), {filter.source, filter.source6});
    if (name == "dst")
        return read_prefix(name, value, filter.naming.is_on(),
                           {filter.destination, filter.destination6});
    if (name == "sport")
        return read_port(name, value, filter.source_port);
    if (name == "dport")
        return read_port(name, value, filter.destination_port);
    if (name == "proto")
        return read_protocol(value, filter.protocol);
    if (name == "state")
        return read_state(value, filter.state);
    if (name == "zone")
        return read_zone(value, filter.zone);
    if (name == "kind")
        return read_kind(value, filter.kind);
    return Error{"There is no filter called " + name +
                 "; there are src, dst, sport, dport, proto, state, zone and kind."};
}

Status check_sense(const FlowFilter& filter) {
    if (filter.state && filter.protocol && filter.protocol != Protocol::Tcp)
        return Error{"state goes with proto=tcp only: other protocols have no states."};
    if ((filter.source_port || filter.destination_port) && filter.protocol &&
        !net::has_ports(*filter.protocol))
        return Error{"sport and dport go with protocols that have ports: tcp, udp, sctp, udplite."};
    return Done{};
}

}  // namespace

Result<FlowFilter> FlowFilter::parse(const Query& query, const nat64::Naming& naming) {
    FlowFilter filter;
    filter.naming = naming;
    for (const auto& [name, value] : query) {
        if (query.count(name) > 1)
            return Error{name + " is given more than once."};
        if (const Status read = read_field(filter, name, value); !read)
            return read.error();
    }
    if (const Status sense = check_sense(filter); !sense)
        return sense.error();
    return filter;
}

bool FlowFilter::is_empty() const {
    return nat64::TupleFilter::is_empty() && !state && !kind;
}

bool FlowFilter::matches(const FlowEntry& flow) const {
    const net::Tuple& original = flow.tuple[index(net::Direction::Original)];
    if (kind && *kind != flow.kind())
        return false;
    if (state && (flow.kind() != flow::Kind::Flow || original.protocol != Protocol::Tcp ||
                  *state != flow.state.tcp()))
        return false;
    return nat64::TupleFilter::matches(original, flow.tuple[index(net::Direction::Reply)]);
}

}  // namespace sluice::listing
