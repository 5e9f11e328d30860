// SPDX-License-Identifier: BSD-3-Clause
#include "command/why_json.h"

#include "listing/flow_text.h"
#include "listing/tuple_text.h"
#include "net/text.h"
#include "stats/drop_advice.h"
#include "why/ipv6_text.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace sluice::command {
namespace {

using net::Direction;
using net::Protocol;
using nlohmann::ordered_json;

ordered_json name_of(link::InterfaceId id, const why::AnswerWords& words) {
    return id < words.interfaces.size() ? ordered_json(words.interfaces[id].name) : nullptr;
}

ordered_json tuple_json(const net::Tuple& tuple, const nat64::Naming& naming) {
    const nat64::WireEnds ends = naming.ends(tuple);
    ordered_json json{{"protocol", listing::protocol_text(tuple.protocol)},
                      {"src", nat64::to_string(ends.source)},
                      {"dst", nat64::to_string(ends.destination)}};
    if (net::has_ports(tuple.protocol)) {
        json["sport"] = tuple.source_port.host();
        json["dport"] = tuple.destination_port.host();
    }
    if (tuple.zone != 0)
        json["zone"] = tuple.zone;
    return json;
}

ordered_json written_json(const why::Written& written) {
    return {{"line", written.line}, {"at", written.place}};
}

/// Of a packet that came as IPv6, with these ends.
ordered_json ipv6_json(const why::Ipv6Packet& packet, const net::Ipv6Address& source,
                       const net::Ipv6Address& destination) {
    ordered_json json{{"protocol", why::protocol_text(packet)},
                      {"src", net::to_string(source)},
                      {"dst", net::to_string(destination)}};
    if (packet.has_transport && net::has_ports(Protocol{packet.headers.protocol})) {
        json["sport"] = packet.source_port.host();
        json["dport"] = packet.destination_port.host();
    }
    return json;
}

ordered_json ipv6_json(const why::Ipv6Packet& packet) {
    ordered_json json = ipv6_json(packet, packet.headers.source, packet.headers.destination);
    json["bytes"] = packet.bytes();
    json["ttl"] = packet.headers.hop_limit;
    if (packet.has_transport && Protocol{packet.headers.protocol} == Protocol::Tcp)
        json["flags"] = listing::flags_text(packet.tcp_flags);
    if (packet.has_transport && packet.headers.protocol == nat64::kIcmpv6)
        json["type"] = packet.icmp_type;
    if (!packet.headers.is_whole())
        json["fragment"] = true;
    return json;
}

ordered_json packet_json(const why::Arrival& arrival, const nat64::Naming& naming) {
    if (arrival.ipv6)
        return ipv6_json(*arrival.ipv6);
    if (!arrival.is_parsed)
        return nullptr;
    ordered_json json = tuple_json(arrival.tuple, naming);
    const nat64::WireEnds ends = why::ends_of(arrival, naming);
    if (arrival.is_icmp_error)
        json = {{"protocol", "icmp"},
                {"src", nat64::to_string(ends.source)},
                {"dst", nat64::to_string(ends.destination)},
                {"about", tuple_json(arrival.tuple.reversed(), naming)}};
    json["bytes"] = arrival.length;
    json["ttl"] = arrival.ttl;
    if (arrival.tuple.protocol == Protocol::Tcp && !arrival.is_icmp_error)
        json["flags"] = listing::flags_text(arrival.tcp_flags);
    if (arrival.tuple.protocol == Protocol::Icmp)
        json["type"] = arrival.icmp_type;
    if (arrival.is_fragment)
        json["fragment"] = true;
    return json;
}

ordered_json flow_json(const why::Met& met, const nat64::Naming& naming) {
    std::string text;
    listing::append_json(text, met.entry, naming);
    ordered_json json = ordered_json::parse(text);
    json["direction"] = met.direction == Direction::Original ? "original" : "reply";
    json["its_own"] = met.is_its_own;
    return json;
}

ordered_json tracker_json(const why::Answer& answer) {
    static constexpr const char* kActions[] = {"pass", "refuse", "reopen", "delete"};
    const conntrack::Verdict& verdict = answer.tracked->verdict;
    const conntrack::Segment& segment = answer.tracked->segment;
    ordered_json json{{"action", kActions[index(verdict.action)]}};
    if (answer.reopens)
        json["reopens"] = true;
    const auto state = listing::state_text(segment.protocol, verdict.state.bits());
    if (!state.empty())
        json["state"] = state;
    if (verdict.refresh)
        json["timeout"] = verdict.timeout.milliseconds / 1000;
    if (segment.protocol != Protocol::Tcp)
        return json;
    json["seq"] = segment.seq;
    json["end"] = conntrack::end_of(segment);
    json["ack"] = segment.ack;
    json["window"] = segment.window;
    if (answer.met && answer.met->is_its_own) {
        const auto& sender = answer.met->ends[index(answer.met->direction)];
        json["sent_up_to"] = sender.end;
        json["may_send_up_to"] = sender.max_end;
        json["receiver_sent_up_to"] = answer.met->ends[index(opposite(answer.met->direction))].end;
    }
    return json;
}

ordered_json source_json(const why::Answer& answer) {
    const nat::Decision& decision = *answer.decision;
    ordered_json json{{"address", nullptr}, {"port", nullptr}};
    if (decision.external)
        json = {{"address", why::keeps_ipv6_ends(answer)
                                ? net::to_string(answer.arrival.ipv6->headers.source)
                                : net::to_string(decision.external->address)},
                {"port", decision.external->port.host()}};
    json["pool"] = answer.pool_name;
    json["looked_at"] = decision.probes;
    json["new_mapping"] = decision.mapped != nullptr && !decision.mapping;
    json["new_block"] = decision.new_block.has_value();
    json["elsewhere"] = decision.is_elsewhere;
    json["may_differ"] = answer.may_search_on;
    json["table_full"] = answer.table_is_full;
    return json;
}

ordered_json pairs_json(const why::Crossed& crossed) {
    const auto pair_json = [](const std::optional<nat64::PrefixPair>& pair) {
        return pair ? ordered_json(nat64::to_string(*pair)) : nullptr;
    };
    return {{"source", pair_json(crossed.outward)}, {"destination", pair_json(crossed.inward)}};
}

ordered_json route_json(const why::Answer& answer, const why::AnswerWords& words) {
    const why::Exit& exit = *answer.exit;
    return {{"interface", name_of(exit.path.interface, words)},
            {"via", answer.crossed ? net::to_string(answer.crossed->next_hop)
                                   : nat64::to_string(words.naming.host(exit.path.via))},
            {"mtu", exit.mtu},
            {"link", exit.has_link},
            {"mac", exit.has_mac ? ordered_json(net::to_string(exit.mac)) : nullptr}};
}

void add_fate(ordered_json& json, const why::Answer& answer, const nat64::Naming& naming) {
    static constexpr const char* kFates[] = {"leaves", "waits",   "dropped",  "answered",
                                             "kernel", "follows", "discovery"};
    json["fate"] = kFates[index(answer.fate)];
    if (answer.fate == why::Fate::Dropped) {
        const stats::DropAdvice& advice = stats::drop_advice(answer.reason);
        json["reason"] = stats::drop_name(answer.reason);
        json["meaning"] = advice.meaning;
        json["remedy"] = advice.remedy;
        json["sender_is_told"] = answer.sender_hears != why::SenderHears::Nothing;
    }
    if (answer.fate == why::Fate::Leaves || answer.fate == why::Fate::Waits) {
        const auto& ipv6 = answer.arrival.ipv6;
        if (answer.crossed && ipv6)
            json["leaves"] =
                ipv6_json(*ipv6, answer.crossed->way.source, answer.crossed->way.destination);
        else if (why::keeps_ipv6_ends(answer))
            json["leaves"] = ipv6_json(*ipv6, ipv6->headers.source, ipv6->headers.destination);
        else
            json["leaves"] = tuple_json(answer.after, naming);
        json["leaves"]["in_fragments"] = answer.is_cut;
    }
}

}  // namespace

std::string why_json(const why::Answer& answer, const why::AnswerWords& words) {
    ordered_json json{{"packet", packet_json(answer.arrival, words.naming)},
                      {"from", name_of(answer.arrival.from, words)}};
    if (answer.arrival.has_side)
        json["realm"] = answer.arrival.side == net::Side::Inside ? "inside" : "outside";
    if (answer.worker_is_known)
        json["worker"] = answer.worker;
    json["flow"] = answer.met ? flow_json(*answer.met, words.naming) : ordered_json(nullptr);
    if (answer.request && answer.request->expectation)
        json["related"] = true;  // another flow has foretold it
    if (answer.rule)
        json["rule"] = written_json(answer.rule_written);
    if (answer.admitted && answer.admitted->denial != policy::kNone)
        json["denied"] = written_json(answer.denial_written);
    if (answer.crossed)
        json["nptv6"] = pairs_json(*answer.crossed);
    if (answer.owner)
        json["owner"] = {{"gateway", answer.owner->name},
                         {"address", net::to_string(answer.owner->address)}};
    if (answer.exit)
        json["route"] = route_json(answer, words);
    if (answer.tracked)
        json["tracker"] = tracker_json(answer);
    if (answer.replaces)
        json["replaces"] = true;  // another flow that counts for the same limit
    if (answer.decision)
        json["source"] = source_json(answer);
    add_fate(json, answer, words.naming);
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::command
