// SPDX-License-Identifier: BSD-3-Clause
#include "listing/flow_text.h"

#include "base/enum.h"
#include "conntrack/status.h"
#include "helper/ports.h"
#include "net/icmp.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::listing {
namespace {

using net::Direction;
using net::Protocol;

constexpr std::string_view kUnknown = "unknown";
constexpr size_t kMaxLine = 640;  // the longest possible lines have 472 and 588 characters

/// An ICMP query's or answer's fields, as its tuple holds them.
struct IcmpFields {
    unsigned type;
    unsigned code;
    unsigned id;
};

IcmpFields icmp_fields(const net::Tuple& tuple, Direction direction) {
    const bool query = direction == Direction::Original;
    const unsigned type_code = (query ? tuple.destination_port : tuple.source_port).host();
    const unsigned id = (query ? tuple.source_port : tuple.destination_port).host();
    const unsigned type = type_code >> 8;
    return {query ? type : net::answer_to(static_cast<uint8_t>(type)), type_code & 0xff, id};
}

/// Writes into a line that is long enough for all that is written.
class LineWriter {
public:
    explicit LineWriter(std::array<char, kMaxLine>& line) : begin_(line.data()), at_(begin_) {}

    LineWriter& operator<<(std::string_view text) {
        at_ += text.copy(at_, text.size());
        return *this;
    }
    LineWriter& operator<<(char character) { return *this << std::string_view(&character, 1); }
    LineWriter& operator<<(uint64_t number) {
        at_ = std::to_chars(at_, begin_ + kMaxLine, number).ptr;
        return *this;
    }
    LineWriter& operator<<(unsigned number) { return *this << uint64_t{number}; }
    void write_hex(unsigned number) { at_ = std::to_chars(at_, begin_ + kMaxLine, number, 16).ptr; }
    LineWriter& operator<<(const nat64::WireAddress& address) {
        at_ = nat64::write(at_, address);
        return *this;
    }
    std::string_view text() const { return {begin_, static_cast<size_t>(at_ - begin_)}; }

private:
    char* begin_;
    char* at_;
};

/// The call ID of the sender of packets of a direction, as it has numbered the call, and that of
/// their receiver, as they say it. Without a call both are 0, as in Linux.
struct GreKeys {
    unsigned source = 0;
    unsigned destination = 0;
};

GreKeys gre_keys(const FlowEntry& flow, Direction direction) {
    const net::Tuple& tuple = flow.tuple[index(direction)];
    if (!net::is_call(tuple))
        return {};
    return {flow.calls[index(opposite(direction))].host(), tuple.destination_port.host()};
}

void write_gre_keys(LineWriter& line, const GreKeys& keys) {
    line << " srckey=0x";
    line.write_hex(keys.source);
    line << " dstkey=0x";
    line.write_hex(keys.destination);
}

void write_tuple(LineWriter& line, const FlowEntry& flow, Direction direction,
                 const nat64::Naming& naming) {
    const net::Tuple& tuple = flow.tuple[index(direction)];
    const nat64::WireEnds ends = naming.ends(tuple);
    line << "src=" << ends.source << " dst=" << ends.destination;
    if (tuple.protocol == Protocol::Icmp) {
        const IcmpFields icmp = icmp_fields(tuple, direction);
        line << " type=" << icmp.type << " code=" << icmp.code << " id=" << icmp.id << " ";
        return;
    }
    if (tuple.protocol == Protocol::Gre)
        write_gre_keys(line, gre_keys(flow, direction));
    if (!net::has_ports(tuple.protocol)) {
        line << " ";
        return;
    }
    line << " sport=" << unsigned{tuple.source_port.host()}
         << " dport=" << unsigned{tuple.destination_port.host()} << " ";
}

/// As conntrack writes them: behind each tuple where both have one and these differ, else once.
bool has_two_zones(const FlowEntry& flow) {
    return flow.tuple[0].zone != 0 && flow.tuple[1].zone != 0 &&
           flow.tuple[0].zone != flow.tuple[1].zone;
}

void write_zone(LineWriter& line, std::string_view name, uint16_t zone) {
    if (zone != 0)
        line << name << unsigned{zone} << ' ';
}

/// Of a flow that has one.
void write_zone(LineWriter& line, const FlowEntry& flow) {
    if (!has_two_zones(flow))
        write_zone(line, "zone=", std::max(flow.tuple[0].zone, flow.tuple[1].zone));
}

void write_traffic(LineWriter& line, const FlowEntry& flow, Direction direction) {
    if (!flow.traffic)
        return;
    const flow::Traffic& traffic = (*flow.traffic)[index(direction)];
    line << "packets=" << traffic.packets << " bytes=" << traffic.bytes << ' ';
}

/// The tuple by which packets of a direction arrive, and what has come by it.
void write_json_direction(LineWriter& line, const FlowEntry& flow, Direction direction,
                          const nat64::Naming& naming) {
    const net::Tuple& tuple = flow.tuple[index(direction)];
    const nat64::WireEnds ends = naming.ends(tuple);
    line << R"({"src":")" << ends.source << R"(","dst":")" << ends.destination << '"';
    if (tuple.protocol == Protocol::Icmp) {
        const IcmpFields icmp = icmp_fields(tuple, direction);
        line << R"(,"type":)" << icmp.type << R"(,"code":)" << icmp.code << R"(,"id":)" << icmp.id;
    } else if (net::has_ports(tuple.protocol)) {
        line << R"(,"sport":)" << unsigned{tuple.source_port.host()} << R"(,"dport":)"
             << unsigned{tuple.destination_port.host()};
    } else if (net::is_call(tuple)) {
        const GreKeys keys = gre_keys(flow, direction);
        line << R"(,"srckey":)" << keys.source << R"(,"dstkey":)" << keys.destination;
    }
    if (tuple.zone != 0)
        line << R"(,"zone":)" << unsigned{tuple.zone};
    if (flow.traffic) {
        const flow::Traffic& traffic = (*flow.traffic)[index(direction)];
        line << R"(,"packets":)" << traffic.packets << R"(,"bytes":)" << traffic.bytes;
    }
    line << '}';
}

unsigned whole_seconds(Duration left) {
    return left > Duration{} ? static_cast<unsigned>(left.milliseconds) / 1000 : 0;
}

bool is_helped(const FlowEntry& flow) {
    return flow.kind() == flow::Kind::Flow && (flow.status & conntrack::kHelped) != 0;
}

helper::Kind helper_of(const FlowEntry& flow) {
    const bool is_pptp = (flow.status & conntrack::kCalls) != 0;
    return is_pptp ? helper::Kind::Pptp : helper::foreteller_of(flow.protocol());
}

/// Empty for a protocol without states.
std::string_view state_name(const FlowEntry& flow) {
    if (flow.kind() != flow::Kind::Flow)
        return {};
    if (flow.protocol() == Protocol::Tcp)
        return conntrack::tcp_state_name(flow.state.tcp());
    if (flow.protocol() == Protocol::Sctp)
        return conntrack::sctp_state_name(flow.state.sctp());
    return {};
}

/// The protocol's name and number, as a line begins with them: the name takes eight columns.
void write_protocol(LineWriter& line, Protocol protocol) {
    constexpr size_t kColumns = 8;
    const std::string_view name = protocol_name(protocol);
    line << name << std::string_view("         ").substr(0, kColumns + 1 - name.size())
         << unsigned{static_cast<uint8_t>(protocol)} << ' ';
}

/// That of its original direction, with the number of its address family.
std::string_view network_protocol(const FlowEntry& flow, const nat64::Naming& naming) {
    const bool is_ipv6 = naming.ends(flow.tuple[index(Direction::Original)]).are_ipv6();
    return is_ipv6 ? "ipv6     10 " : "ipv4     2 ";
}

void write_state_and_tuples(LineWriter& line, const FlowEntry& flow, const nat64::Naming& naming) {
    if (const std::string_view state = state_name(flow); !state.empty())
        line << state << " ";
    write_tuple(line, flow, Direction::Original, naming);
    if (has_two_zones(flow))
        write_zone(line, "zone-orig=", flow.tuple[index(Direction::Original)].zone);
    write_traffic(line, flow, Direction::Original);
    if (flow.kind() == flow::Kind::Flow && (flow.status & conntrack::kSeenReply) == 0)
        line << "[UNREPLIED] ";
    write_tuple(line, flow, Direction::Reply, naming);
    if (has_two_zones(flow))
        write_zone(line, "zone-reply=", flow.tuple[index(Direction::Reply)].zone);
    write_traffic(line, flow, Direction::Reply);
    if (flow.kind() != flow::Kind::Flow)
        line << (flow.kind() == flow::Kind::Mapping ? "[MAPPING] " : "[CONTACT] ");
    else if ((flow.status & conntrack::kAssured) != 0)
        line << "[ASSURED] ";
}

/// The name, or where there is none the number, so that it may stand in a filter.
void write_json_protocol(LineWriter& line, Protocol protocol) {
    if (const std::string_view name = protocol_name(protocol); name != kUnknown)
        line << name;
    else
        line << unsigned{static_cast<uint8_t>(protocol)};
}

}  // namespace

std::string_view protocol_name(Protocol protocol) {
    switch (protocol) {
        case Protocol::Icmp:
            return "icmp";
        case Protocol::Tcp:
            return "tcp";
        case Protocol::Udp:
            return "udp";
        case Protocol::Gre:
            return "gre";
        case Protocol::Sctp:
            return "sctp";
        case Protocol::UdpLite:
            return "udplite";
    }
    return kUnknown;
}

void append_line(std::string& out, const FlowEntry& flow, const nat64::Naming& naming) {
    std::array<char, kMaxLine> buffer;
    LineWriter line(buffer);
    write_protocol(line, flow.protocol());
    line << whole_seconds(flow.left) << " ";
    write_state_and_tuples(line, flow, naming);
    line << "mark=0 ";
    write_zone(line, flow);
    if (is_helped(flow))
        line << "helper=" << helper::name_of(helper_of(flow)) << ' ';
    line << "use=1\n";
    out += line.text();
}

std::string_view event_tag(flow::Event event) {
    static constexpr std::string_view kTags[] = {"    [NEW] ", " [UPDATE] ", "[DESTROY] "};
    return kTags[index(event)];
}

void append_event(std::string& out, flow::Event event, const FlowEntry& flow,
                  const nat64::Naming& naming, const Extras& extras) {
    std::array<char, kMaxLine> buffer;
    LineWriter line(buffer);
    line << event_tag(event);
    if (extras.has_network_protocol)
        line << network_protocol(flow, naming);
    write_protocol(line, flow.protocol());
    if (event != flow::Event::Ended)
        line << whole_seconds(flow.left) << " ";
    write_state_and_tuples(line, flow, naming);
    write_zone(line, flow);
    if (extras.id)
        line << "id=" << *extras.id << ' ';
    std::string_view text = line.text();
    text.remove_suffix(1);  // the blank behind the last word
    out.append(text).append("\n");
}

// By hand, since no value here needs escaping: a JSON library takes ten times as long.
void append_json(std::string& out, const FlowEntry& flow, const nat64::Naming& naming) {
    const auto truth = [](bool value) -> std::string_view { return value ? "true" : "false"; };
    std::array<char, kMaxLine> buffer;
    LineWriter line(buffer);
    line << R"({"protocol":")";
    write_json_protocol(line, flow.protocol());
    line << R"(","timeout":)" << whole_seconds(flow.left);
    if (flow.kind() != flow::Kind::Flow)
        line << (flow.kind() == flow::Kind::Mapping ? R"(,"kind":"mapping")"
                                                    : R"(,"kind":"contact")");
    if (const std::string_view state = state_name(flow); !state.empty())
        line << R"(,"state":")" << state << '"';
    line << R"(,"original":)";
    write_json_direction(line, flow, Direction::Original, naming);
    line << R"(,"reply":)";
    write_json_direction(line, flow, Direction::Reply, naming);
    line << R"(,"replied":)" << truth((flow.status & conntrack::kSeenReply) != 0)
         << R"(,"assured":)" << truth((flow.status & conntrack::kAssured) != 0);
    if ((flow.status & conntrack::kRelated) != 0)
        line << R"(,"related":true)";
    if (is_helped(flow))
        line << R"(,"helper":")" << helper::name_of(helper_of(flow)) << '"';
    line << R"(,"worker":)" << unsigned{flow.owner} << '}';
    out += line.text();
}

}  // namespace sluice::listing
