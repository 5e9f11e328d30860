// SPDX-License-Identifier: BSD-3-Clause
#include "listing/packet_text.h"

#include "conntrack/status.h"
#include "listing/tuple_text.h"
#include "net/text.h"
#include "observe/frame.h"
#include "stats/drop_advice.h"

#include <array>
#include <cstdio>

namespace sluice::listing {
namespace {

using net::Direction;
using net::Protocol;
using observe::Outcome;
using observe::PacketEntry;
using observe::Way;

/// Which ends of the packet its translation replaces, by what.
std::string translation_text(const PacketEntry& entry, const nat64::Naming& naming) {
    const net::Tuple& before = entry.flow[index(entry.direction)];
    const net::Tuple after = entry.flow[index(opposite(entry.direction))].reversed();
    std::string text;
    const auto add = [&](const std::string& from, const std::string& to) {
        if (from != to)
            text += (text.empty() ? "" : ", ") + from + " -> " + to;
    };
    add(source_text(before, naming), source_text(after, naming));
    add(destination_text(before, naming), destination_text(after, naming));
    if (before.protocol == Protocol::Icmp) {
        const bool is_query = entry.direction == Direction::Original;
        const auto id = [&](const net::Tuple& tuple) {
            const Be16 port = is_query ? tuple.source_port : tuple.destination_port;
            return "id " + std::to_string(port.host());
        };
        add(id(before), id(after));
    }
    return text.empty() ? "not translated" : text;
}

std::string end_text(const net::Ipv6Address& address, Be16 port, Protocol protocol) {
    return net::has_ports(protocol) ? nat64::with_port({{}, address}, port)
                                    : net::to_string(address);
}

/// "udp [fd00:1::10]:4000 -> [2001:db8:9::1]:53", of what is IPv6.
std::string ipv6_text(const PacketEntry& entry) {
    const net::Tuple& rest = entry.tuple;
    const bool is_icmp = rest.protocol == Protocol::Icmp;
    return (is_icmp ? "icmpv6" : protocol_text(rest.protocol)) + " " +
           end_text(entry.ipv6.source, rest.source_port, rest.protocol) + " -> " +
           end_text(entry.ipv6.destination, rest.destination_port, rest.protocol);
}

/// Likewise which addresses have become which.
std::string mapping_text(const PacketEntry& entry) {
    std::string text;
    const auto add = [&](const net::Ipv6Address& from, const net::Ipv6Address& to) {
        if (!(from == to))
            text += (text.empty() ? "" : ", ") + net::to_string(from) + " -> " + net::to_string(to);
    };
    add(entry.ipv6.source, entry.mapped.source);
    add(entry.ipv6.destination, entry.mapped.destination);
    return text;
}

std::string waiting_text(const PacketEntry& entry, const nat64::Naming& naming) {
    return "waits for the MAC of " + nat64::to_string(naming.host(entry.next_hop));
}

std::string drop_text(const PacketEntry& entry) {
    return "dropped: " + std::string(stats::drop_name(entry.reason));
}

std::string interface_text(uint16_t interface, const PacketWords& words) {
    if (interface >= words.interfaces.size())
        return "an interface that is not told";
    const InterfaceName& name = words.interfaces[interface];
    return name.name + " (" + name.realm + ")";
}

void append_head(std::string& out, const PacketEntry& entry, int64_t time,
                 const PacketWords& words) {
    constexpr int64_t kSecond = 1'000'000'000;
    std::array<char, 64> stamp{};
    std::snprintf(stamp.data(), stamp.size(), "%lld.%09lld ",
                  static_cast<long long>(time / kSecond), static_cast<long long>(time % kSecond));
    out += stamp.data();
    out += entry.thread < words.workers ? "worker " + std::to_string(entry.thread) : "control core";
    if (entry.way == Way::Out)
        out += ", out by " + interface_text(entry.to, words);
    else if (entry.from != observe::kNowhere)
        out += ", in by " + interface_text(entry.from, words);
    out += ", " + std::to_string(entry.length) + " bytes";
    if (entry.was_handed_over)
        out += ", received by another worker";
    out += "\n";
}

void append_packet(std::string& out, const PacketEntry& entry, const nat64::Naming& naming) {
    if (!entry.has_tuple && !entry.is_ipv6) {
        out += "    no IPv4 packet\n";
        return;
    }
    out += "    " + (entry.is_ipv6 ? ipv6_text(entry)
                                   : protocol_text(entry.tuple.protocol) + " " +
                                         tuple_text(entry.tuple, naming));
    if (const auto flags = observe::tcp_flags_of(entry.frame()))
        out += " [" + flags_text(*flags) + "]";
    out += entry.is_translated ? ", as it would have left\n" : "\n";
}

void append_flow(std::string& out, const PacketEntry& entry, const nat64::Naming& naming) {
    if (!entry.has_flow) {
        out += entry.has_tuple ? "    flow: none\n" : "";
        return;
    }
    const bool is_assured = (entry.status & conntrack::kAssured) != 0;
    out += std::string("    flow: ") + (entry.is_new ? "new, " : "") +
           tuple_text(entry.flow[index(Direction::Original)], naming) + ", answers " +
           tuple_text(entry.flow[index(Direction::Reply)], naming) +
           (is_assured ? " [ASSURED]\n" : "\n");
    const Protocol protocol = entry.flow[0].protocol;
    const std::string direction =
        entry.direction == Direction::Original ? "original direction" : "reply direction";
    const std::string after = state_text(protocol, entry.state_after);
    out += "    tracker: " + direction;
    if (!after.empty())
        out += ", " + state_text(protocol, entry.state_before) + " -> " + after;
    out += "\n";
}

void append_outcome(std::string& out, const PacketEntry& entry, const PacketWords& words) {
    switch (entry.outcome) {
        case Outcome::Dropped: {
            const stats::DropAdvice& advice = stats::drop_advice(entry.reason);
            out += "    " + drop_text(entry) + "\n        " + std::string(advice.meaning) +
                   "\n        " + std::string(advice.remedy) + "\n";
            return;
        }
        case Outcome::Sent:
            if (entry.has_flow && entry.way == Way::In)
                out += "    translated: " + translation_text(entry, words.naming) + "\n";
            else if (entry.is_mapped)
                out += "    translated: " + mapping_text(entry) + "\n";
            if (entry.to != observe::kNowhere)
                out += "    sent: by " + interface_text(entry.to, words) + " to " +
                       net::to_string(entry.next_mac) + "\n";
            else
                out += "    sent\n";
            return;
        case Outcome::Waiting:
            out += "    translated: " +
                   (entry.is_ipv6 ? mapping_text(entry) : translation_text(entry, words.naming)) +
                   "\n    " + waiting_text(entry, words.naming) + "\n";
            return;
        case Outcome::Answered:
            out += "    answered: a ping to the gateway\n";
            return;
        case Outcome::Consumed:
            out += "    consumed: ARP, for the control core\n";
            return;
        case Outcome::Void:
            return;
    }
}

}  // namespace

std::string packet_comment(const PacketEntry& entry, const nat64::Naming& naming) {
    if (entry.outcome == Outcome::Dropped) {
        const stats::DropAdvice& advice = stats::drop_advice(entry.reason);
        return drop_text(entry) + ". " + std::string(advice.meaning) + " " +
               std::string(advice.remedy) +
               (entry.is_translated ? " (The frame is as it would have left.)" : "");
    }
    if (entry.outcome == Outcome::Answered)
        return "a ping to the gateway, answered";
    if (entry.outcome == Outcome::Consumed)
        return "ARP, for the control core";
    const bool is_waiting = entry.outcome == Outcome::Waiting;
    if (entry.is_mapped)
        return mapping_text(entry) + (is_waiting ? ", " + waiting_text(entry, naming) : "");
    if (!entry.has_flow)
        return {};
    std::string text = translation_text(entry, naming);
    text += entry.is_new                             ? ", new"
            : entry.direction == Direction::Original ? ", original"
                                                     : ", reply";
    if (is_waiting)
        text += ", " + waiting_text(entry, naming);
    return text;
}

void append_trace(std::string& out, const PacketEntry& entry, int64_t time,
                  const PacketWords& words) {
    append_head(out, entry, time, words);
    append_packet(out, entry, words.naming);
    append_flow(out, entry, words.naming);
    append_outcome(out, entry, words);
}

}  // namespace sluice::listing
