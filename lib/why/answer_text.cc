// SPDX-License-Identifier: BSD-3-Clause
#include "why/answer_text.h"

#include "listing/flow_text.h"
#include "listing/tuple_text.h"
#include "nat/contest.h"
#include "net/icmp.h"
#include "net/text.h"
#include "stats/drop_advice.h"
#include "why/ipv6_text.h"

namespace sluice::why {
namespace {

using conntrack::Action;
using net::Direction;
using net::Protocol;
using std::string;

string interface_name(link::InterfaceId id, const AnswerWords& words) {
    return id < words.interfaces.size() ? words.interfaces[id].name : "an unknown interface";
}

string interface_text(link::InterfaceId id, const AnswerWords& words) {
    if (id >= words.interfaces.size())
        return interface_name(id, words);
    return words.interfaces[id].name + " (" + words.interfaces[id].realm + ")";
}

string seconds_text(Duration duration) {
    return std::to_string(duration.milliseconds / 1000) + " s";
}

string id_text(Be16 id, Protocol protocol) {
    return protocol == Protocol::Icmp ? " id " + std::to_string(id.host()) : "";
}

string endpoint_text(net::Endpoint endpoint, Protocol protocol, const nat64::Naming& naming) {
    net::Tuple tuple;
    tuple.source = endpoint.address;
    tuple.source_port = endpoint.port;
    tuple.protocol = protocol;
    return listing::source_text(tuple, naming) + id_text(endpoint.port, protocol);
}

/// The source that it leaves with.
string external_text(const Answer& answer, const nat64::Naming& naming) {
    const net::Endpoint external = *answer.decision->external;
    const Protocol protocol = answer.arrival.tuple.protocol;
    return keeps_ipv6_ends(answer)
               ? source_text(*answer.arrival.ipv6) + id_text(external.port, protocol)
               : endpoint_text(external, protocol, naming);
}

string written_text(const Written& written) {
    return written.line + (written.place.empty() ? "" : ", " + written.place);
}

string count_text(uint64_t count, const char* one) {
    return std::to_string(count) + " " + one +
           (count == 1                                   ? ""
            : std::string_view(one).ends_with("address") ? "es"
                                                         : "s");
}

string flow_line(const Met& met, const nat64::Naming& naming) {
    string line;
    listing::append_line(line, met.entry, naming);
    line.pop_back();  // the line feed
    return line;
}

string arrival_line(const Arrival& arrival, const Answer& answer, const AnswerWords& words) {
    string line = "comes in by " + interface_text(arrival.from, words);
    const bool tells_side = arrival.has_side && arrival.from < words.interfaces.size() &&
                            words.interfaces[arrival.from].realm != "inside" &&
                            words.interfaces[arrival.from].realm != "outside";
    if (tells_side)
        line += arrival.side == net::Side::Inside ? ", from inside" : ", from outside";
    if (words.workers > 1 && answer.worker_is_known)
        line += ", worker " + std::to_string(answer.worker);
    return line + "\n";
}

string met_line(const Answer& answer, const nat64::Naming& naming) {
    if (!answer.met)
        return answer.admitted ? "flow: none\n" : "";
    if (answer.met->is_its_own)
        return "flow: " + flow_line(*answer.met, naming) + "\n";
    return "flow: none of its own; from another side come the packets of " +
           flow_line(*answer.met, naming) + "\n";
}

/// Of the packet of a flow.
string tracked_lines(const Met& met, const Tracked& tracked) {
    const Protocol protocol = met.entry.protocol();
    const string before = listing::state_text(protocol, met.entry.state.bits());
    const string after = listing::state_text(protocol, tracked.verdict.state.bits());
    string line = "tracker: ";
    line += met.direction == Direction::Original ? "original direction" : "reply direction";
    switch (tracked.verdict.action) {
        case Action::Refuse:
            line += before.empty() ? ", refused" : ", refused in " + before;
            break;
        case Action::Reopen:
            line += ", " + before + ": the flow is over, and the packet opens another";
            break;
        case Action::Pass:
        case Action::Delete:
            if (!before.empty())
                line += ", " + before + " -> " + after;
            if (tracked.verdict.action == Action::Delete)
                line += ", and the flow ends";
            else if (tracked.verdict.refresh)
                line += ", lives on for " + seconds_text(tracked.verdict.timeout);
            break;
    }
    line += "\n";
    return protocol == Protocol::Tcp ? line + numbers_text(met, tracked) : line;
}

/// Of a packet that may open a flow.
string opening_line(const Tracked& tracked, Protocol protocol) {
    if (tracked.verdict.action == Action::Refuse)
        return "tracker: opens no flow\n";
    const string state = listing::state_text(protocol, tracked.verdict.state.bits());
    return "tracker: opens a flow" + (state.empty() ? "" : ", NONE -> " + state) + ", for " +
           seconds_text(tracked.verdict.timeout) + "\n";
}

string admission_lines(const Answer& answer, const nat64::Naming& naming) {
    string lines;
    const bool is_from_inside = answer.arrival.side == net::Side::Inside;
    if (answer.rule)
        lines += "rule: " +
                 (answer.rule_written.line.empty() ? "number " + std::to_string(*answer.rule + 1)
                                                   : written_text(answer.rule_written)) +
                 "\n";
    else if (is_from_inside && answer.admitted && answer.admitted->path != worker::Path::Local)
        lines += "rule: none serves it toward this destination\n";
    if (answer.admitted && answer.admitted->denial != policy::kNone)
        lines += "denied: " +
                 (answer.denial_written.line.empty()
                      ? "number " + std::to_string(answer.admitted->denial + 1)
                      : written_text(answer.denial_written)) +
                 "\n";
    if (answer.request && answer.request->expectation)
        lines += "related: another flow has foretold it, for " +
                 endpoint_text(answer.request->target, answer.arrival.tuple.protocol, naming) +
                 "\n";
    else if (answer.request && !(answer.request->target == answer.request->destination()))
        lines +=
            "for " + endpoint_text(answer.request->target, answer.arrival.tuple.protocol, naming) +
            ", which holds " +
            endpoint_text(answer.request->destination(), answer.arrival.tuple.protocol, naming) +
            "\n";
    return lines;
}

/// What is looked for at an address.
const char* number_name(Protocol protocol) {
    if (protocol == Protocol::Icmp)
        return "identifier";
    return net::has_ports(protocol) ? "port" : "address";
}

string how_text(const Answer& answer) {
    const nat::Decision& decision = *answer.decision;
    const net::Endpoint own = answer.request->source();
    const Protocol protocol = answer.arrival.tuple.protocol;
    string text;
    if (answer.request->external)
        return ", of the control connection that has agreed on the call";
    if (*decision.external == own && !decision.is_searched)
        return ", as it came: its source is not translated";
    if (decision.mapping || !decision.is_searched)
        text += ", by its mapping";
    else if (decision.external->port == own.port && !net::is_by_address(protocol))
        text += string(", its own ") + number_name(protocol);
    if (decision.mapped != nullptr && !decision.mapping)
        text += ", for a new mapping";
    if (decision.new_block)
        text += ", in a new block of ports";
    if (decision.is_elsewhere)
        text += ", for its host's first address is full";
    if (!answer.pool_name.empty())
        text += ", of the pool " + answer.pool_name;
    if (decision.is_searched)
        text += ", looked at " + count_text(decision.probes, number_name(protocol));
    return text;
}

string decision_lines(const Answer& answer, const nat64::Naming& naming) {
    const nat::Decision& decision = *answer.decision;
    string lines = "address and port: ";
    if (decision.external)
        lines += external_text(answer, naming) + how_text(answer) + "\n";
    else
        lines += "none, looked at " +
                 count_text(decision.probes, number_name(answer.arrival.tuple.protocol)) +
                 (answer.pool_name.empty() ? "" : " of the pool " + answer.pool_name) + "\n";
    if (answer.may_search_on)
        lines += "    a worker's search may go on where its last has come to, and find another\n";
    if (!decision.external && nat::is_for_want_of_ports(decision.reason))
        lines += "    or it ends a flow that nobody has answered, and takes its place\n";
    if (decision.is_filtered)
        lines += "filter: the mapping that it is for does not let it in\n";
    if (answer.table_is_full)
        lines +=
            "flow table: full; the worker ends another flow for this one, or drops the packet "
            "as table_full\n";
    return lines;
}

/// Of what stays IPv6 its host may have no number yet.
string next_hop_text(const Answer& answer, const nat64::Naming& naming) {
    return answer.crossed ? net::to_string(answer.crossed->next_hop)
                          : nat64::to_string(naming.host(answer.exit->path.via));
}

string route_line(const Answer& answer, const AnswerWords& words) {
    const Exit& exit = *answer.exit;
    return "route: by " + interface_text(exit.path.interface, words) + " to " +
           next_hop_text(answer, words.naming) + ", MTU " + std::to_string(exit.mtu) +
           (exit.has_link ? "" : ", which has no link") + "\n";
}

string next_hop_line(const Answer& answer, const nat64::Naming& naming) {
    const Exit& exit = *answer.exit;
    const string via = "next hop: " + next_hop_text(answer, naming);
    if (exit.has_mac)
        return via + " is at " + net::to_string(exit.mac) + "\n";
    const string unanswered = answer.crossed ? "neighbour solicitations" : "ARP";
    return via + (exit.has_failed ? " does not answer " + unanswered : " has no MAC yet") + "\n";
}

bool goes_on(const Answer& answer) {
    return answer.fate == Fate::Leaves || answer.fate == Fate::Waits ||
           (answer.fate == Fate::Dropped && answer.reason == stats::Drop::NeighbourFailed);
}

/// Where outside hosts, or those of a prefix, have all the flows that they may.
string replacement_line(const Answer& answer) {
    const string all = "flows from outside, or of its prefix: all that may be; ";
    if (answer.replaces)
        return all +
               "one near this one's place in the table, that has not shown traffic both "
               "ways, is ended for it\n";
    const bool is_refused =
        answer.fate == Fate::Dropped && answer.request &&
        (answer.reason == stats::Drop::OutsideFlows || answer.reason == stats::Drop::ForwardFlows ||
         answer.reason == stats::Drop::PrefixFlows);
    return is_refused ? all +
                            "near this one's place in the table none may go for it, that has not "
                            "shown traffic both ways\n"
                      : "";
}

string stage_lines(const Answer& answer, const AnswerWords& words) {
    string lines;
    if (answer.fate == Fate::Dropped && answer.reason == stats::Drop::Standby)
        lines = "this gateway stands by: it drops what it receives as standby\n";
    if (answer.fate == Fate::Dropped && answer.reason == stats::Drop::NoLease)
        lines =
            "etcd has not confirmed this gateway's lease: it drops what it receives as no_lease\n";
    if (answer.arrival.from != link::kNoInterface)
        lines += arrival_line(answer.arrival, answer, words);
    lines += met_line(answer, words.naming);
    const bool is_of_flow = answer.met && answer.met->is_its_own && answer.tracked;
    const bool opens = !is_of_flow || answer.reopens;
    // Of a flow that is over stands what the tracker says of the next one.
    if (is_of_flow && !answer.reopens)
        lines += tracked_lines(*answer.met, *answer.tracked);
    else if (answer.reopens)
        lines += "tracker: the flow is over, and the packet may open another\n";
    if (opens)
        lines += admission_lines(answer, words.naming);
    if (answer.crossed)
        lines += crossing_lines(*answer.crossed);
    if (answer.exit)
        lines += route_line(answer, words);
    if (opens && answer.tracked)
        lines += opening_line(*answer.tracked, answer.arrival.tuple.protocol);
    lines += replacement_line(answer);
    if (answer.decision)
        lines += decision_lines(answer, words.naming);
    if (answer.exit && goes_on(answer))
        lines += next_hop_line(answer, words.naming);
    return lines;
}

string hearing_line(SenderHears hears) {
    switch (hears) {
        case SenderHears::Reset:
            return "    its sender is told by a RST, within --reject-rate\n";
        case SenderHears::Error:
            return "    its sender is told by an ICMP error, within --icmp-rate\n";
        case SenderHears::TooBig:
            return "    its sender is told by an ICMP error, with the MTU\n";
        case SenderHears::Challenge:
            return "    its sender is asked back by an ACK, 50 times a second at most\n";
        case SenderHears::Nothing:
            break;
    }
    return {};
}

/// " id 7", of a query or its answer.
string identifier_text(const net::Tuple& tuple, uint8_t icmp_type) {
    const Be16 id = net::is_icmp_query(icmp_type) ? tuple.source_port : tuple.destination_port;
    return " id " + std::to_string(id.host());
}

/// "goes to gateway b, which has 198.51.100.7, by 10.0.0.2".
string owner_text(const Answer& answer, const AnswerWords& words) {
    return "goes to " +
           (answer.owner->name.empty() ? "another gateway" : "gateway " + answer.owner->name) +
           ", which has " + net::to_string(answer.owner->address) + ", by " +
           next_hop_text(answer, words.naming) + (answer.is_cut ? ", in fragments" : "");
}

string leaving_text(const Answer& answer, const AnswerWords& words) {
    if (answer.owner)
        return owner_text(answer, words);
    string text = "leaves by " + interface_name(answer.exit->path.interface, words) + " as ";
    if (answer.crossed && answer.arrival.ipv6)
        return text + leaving_text(*answer.arrival.ipv6, answer.crossed->way);
    text += keeps_ipv6_ends(answer) ? ends_text(*answer.arrival.ipv6)
                                    : listing::tuple_text(answer.after, words.naming);
    if (answer.after.protocol == Protocol::Icmp && !answer.arrival.is_icmp_error)
        text += identifier_text(answer.after, answer.arrival.icmp_type);
    return text + (answer.is_cut ? ", in fragments" : "");
}

}  // namespace

string numbers_text(const Met& met, const Tracked& tracked) {
    const conntrack::Segment& segment = tracked.segment;
    const conntrack::TcpEnd& sender = met.ends[index(met.direction)];
    const conntrack::TcpEnd& receiver = met.ends[index(opposite(met.direction))];
    string text = "    seq " + std::to_string(segment.seq) + " to " +
                  std::to_string(conntrack::end_of(segment));
    if (sender.max_window != 0)
        text += " (has sent up to " + std::to_string(sender.end) + ", may send up to " +
                std::to_string(sender.max_end) + ")";
    if ((segment.tcp_flags & conntrack::kAck) != 0) {
        text += ", ack " + std::to_string(segment.ack);
        if (receiver.max_window != 0)
            text += " (the other end has sent up to " + std::to_string(receiver.end) + ")";
    }
    text += ", window " + std::to_string(segment.window) + "\n";
    return text + (tracked.is_next
                       ? "    these are the numbers that come next; --seq and --ack say "
                         "others\n"
                       : "");
}

bool keeps_ipv6_ends(const Answer& answer) {
    return answer.arrival.ipv6 && answer.request && answer.decision &&
           answer.decision->external == answer.request->source();
}

nat64::WireEnds ends_of(const Arrival& arrival, const nat64::Naming& naming) {
    net::Tuple outer;
    outer.source = arrival.source;
    outer.destination = arrival.destination;
    return naming.ends(outer);
}

string packet_text(const Answer& answer, const nat64::Naming& naming) {
    const Arrival& arrival = answer.arrival;
    if (arrival.ipv6)
        return packet_text(*arrival.ipv6);
    if (!arrival.is_parsed)
        return "a frame that is no sound IPv4 packet";
    string text =
        listing::protocol_text(arrival.is_icmp_error ? Protocol::Icmp : arrival.tuple.protocol) +
        " ";
    if (arrival.is_icmp_error) {
        const nat64::WireEnds ends = ends_of(arrival, naming);
        return text + nat64::to_string(ends.source) + " -> " + nat64::to_string(ends.destination) +
               ", an error about " + listing::tuple_text(arrival.tuple.reversed(), naming);
    }
    text += listing::tuple_text(arrival.tuple, naming);
    if (arrival.tuple.protocol == Protocol::Icmp && !arrival.is_fragment)
        text += " type " + std::to_string(arrival.icmp_type) +
                identifier_text(arrival.tuple, arrival.icmp_type);
    if (arrival.tuple.protocol == Protocol::Tcp && !arrival.is_fragment)
        text += " [" + listing::flags_text(arrival.tcp_flags) + "]";
    return text + (arrival.is_fragment ? ", a fragment" : "");
}

string fate_text(const Answer& answer, const AnswerWords& words) {
    switch (answer.fate) {
        case Fate::Leaves:
            return leaving_text(answer, words);
        case Fate::Waits:
            return leaving_text(answer, words) + ", when " + next_hop_text(answer, words.naming) +
                   " has answered" + (answer.crossed ? "" : " ARP");
        case Fate::Dropped:
            return "dropped: " + string(stats::drop_name(answer.reason));
        case Fate::Answered:
            return "answered: a ping to the gateway";
        case Fate::Kernels:
            return "given to the gateway's kernel, within --twin-rate";
        case Fate::Follows:
            return "a later fragment: it goes where the first one of its datagram goes";
        case Fate::Discovery:
            return "for the gateway: neighbour discovery, which it answers or hears";
    }
    return {};
}

string answer_text(const Answer& answer, const AnswerWords& words) {
    string text = packet_text(answer, words.naming);
    if (const auto& ipv6 = answer.arrival.ipv6)
        text += ", " + count_text(ipv6->bytes(), "byte") + ", hop limit " +
                std::to_string(ipv6->headers.hop_limit);
    else if (answer.arrival.is_parsed)
        text += ", " + count_text(answer.arrival.length, "byte") + ", TTL " +
                std::to_string(answer.arrival.ttl);
    text += "\n" + stage_lines(answer, words) + fate_text(answer, words) + "\n";
    if (answer.fate != Fate::Dropped)
        return text;
    const stats::DropAdvice& advice = stats::drop_advice(answer.reason);
    return text + "    " + string(advice.meaning) + "\n    " + string(advice.remedy) + "\n" +
           hearing_line(answer.sender_hears);
}

string answer_line(const Answer& answer, const AnswerWords& words) {
    return packet_text(answer, words.naming) + ": " + fate_text(answer, words) + "\n";
}

}  // namespace sluice::why
