// SPDX-License-Identifier: BSD-3-Clause
#include "worker/helping.h"

#include "base/serial.h"
#include "conntrack/tcp_state.h"
#include "helper/tftp.h"
#include "net/side.h"
#include "worker/tcp_numbers.h"

#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <array>
#include <new>

namespace sluice::worker {

using helper::FtpLine;
using net::Direction;
using net::Protocol;
using stats::Count;
using stats::Drop;

namespace {

/// How often a part of a line is dropped, with what follows it, before all goes as it comes. Who
/// sends the line in parts sends it again in one after one timeout, or two.
constexpr uint8_t kMostWaits = 6;

Protocol protocol_of(const flow::FlowRecord& record) {
    return record.key(Direction::Original).protocol;
}

helper::Speaker speaker_of(Direction direction) {
    return direction == Direction::Original ? helper::Speaker::Client : helper::Speaker::Server;
}

}  // namespace

void Helping::before_tracking(const Subject& subject) const {
    if (protocol_of(parts_.table.record(subject.flow)) != Protocol::Tcp ||
        (subject.packet.tcp_flags & conntrack::kAck) == 0)
        return;
    const auto& acknowledged =
        state_of(subject).corrections[index(opposite(subject.flow.direction()))];
    if (!acknowledged.is_none())
        restore_acks(subject.packet, acknowledged);
}

conntrack::Question Helping::question_to_sender(flow::FlowRef flow) const {
    const auto& tracker = *std::launder(
        reinterpret_cast<const conntrack::TcpTracker*>(parts_.table.record(flow).tracker.data()));
    conntrack::Question question = conntrack::question_to(tracker, flow.direction());
    if (is_on() && helps(flow))
        question.seq = parts_.helpers->state(flow.index())
                           .corrections[index(opposite(flow.direction()))]
                           .sent(question.seq);
    return question;
}

void Helping::hear_calls(const Subject& subject, Tick now) const {
    if (has(subject.flow, conntrack::kCalls))
        calling_.hear(subject.mbuf, subject.packet, subject.flow, now);
}

std::optional<Drop> Helping::after_tracking(const Subject& subject, Tick now) const {
    if (has(subject.flow, conntrack::kCalls))
        return std::nullopt;  // hear_calls() has been asked
    if (protocol_of(parts_.table.record(subject.flow)) != Protocol::Tcp) {
        foretell_answer(subject, now);
        return std::nullopt;
    }
    if (const auto reason = listen(subject, now))
        return reason;
    helper::Correction& correction = state_of(subject).corrections[index(subject.flow.direction())];
    const uint32_t seq = Be32{tcp_of(subject.packet).sent_seq}.host();
    correction.forget_before(seq);
    if (!correction.is_none())
        set_seq(subject.packet, correction.sent(seq));
    return std::nullopt;
}

Helping::Speech Helping::speech_of(const Subject& subject) const {
    const net::Packet& packet = subject.packet;
    const size_t header = tcp_header_bytes(packet);
    const auto* const data = reinterpret_cast<const char*>(packet.transport + header);
    const bool is_syn = (packet.tcp_flags & conntrack::kSyn) != 0;  // which has a number too
    return {{data, packet.length - net::ip_header_bytes(packet) - header},
            Be32{tcp_of(packet).sent_seq}.host() + uint32_t{is_syn}};
}

/// Reads the lines of a segment up to the first that tells something.
std::optional<Drop> Helping::listen(const Subject& subject, Tick now) const {
    helper::State& state = state_of(subject);
    const Direction direction = subject.flow.direction();
    const bool has_data = subject.packet.length >
                          net::ip_header_bytes(subject.packet) + tcp_header_bytes(subject.packet);
    if (!has_data || state.is_encrypted)
        return std::nullopt;
    if (!make_whole(subject.mbuf, subject.packet)) {
        count(Count::HelperPassed);
        return std::nullopt;
    }
    const Speech speech = speech_of(subject);
    helper::Lines& lines = state.lines[index(direction)];
    std::optional<uint32_t> part;
    std::optional<Line> told;
    auto at = lines.first_in(speech.text, speech.seq);
    while (at && *at < speech.text.size() && !part && !told) {
        const FtpLine line = read_ftp(speaker_of(direction), speech.text.substr(*at));
        if (line.kind == FtpLine::Kind::Partial)
            part = speech.seq + static_cast<uint32_t>(*at);
        else if (line.kind == FtpLine::Kind::Tells)
            told = Line{line, *at};
        else if (line.kind == FtpLine::Kind::Malformed)
            count(Count::HelperPassed);
        state.is_encrypted |= line.kind == FtpLine::Kind::Encrypts;
        const size_t end = speech.text.find('\n', *at);
        at = end == std::string_view::npos ? std::nullopt : std::optional(end + 1);
    }
    if (waits_on(state.waiting[index(direction)], speech, part))
        return Drop::HelperPart;
    lines.pass(speech.text, speech.seq);
    if (told)
        tell(subject, speech, *told, now);
    return std::nullopt;
}

/// The segment is to come again, with the rest of a line of which it has a part; or it follows such
/// a one, and is to come with it.
bool Helping::waits_on(helper::Waiting& waiting, const Speech& speech,
                       std::optional<uint32_t> part) const {
    const bool is_behind = waiting.times != 0 && is_after(speech.seq, waiting.line);
    if (!part && !is_behind) {
        waiting = {};
        return false;
    }
    if (part && (waiting.times == 0 || *part != waiting.line))
        waiting = {*part, 0};
    if (++waiting.times <= kMostWaits)
        return true;
    waiting = {};
    count(Count::HelperPassed);
    return false;
}

void Helping::tell(const Subject& subject, const Speech& speech, const Line& line, Tick now) const {
    const auto port = port_for(subject, speech, line, now);
    if (!port)
        return count(Count::HelperPassed);
    if (port->host() != 0)
        rewrite(subject, speech, line, *port);
}

/// By which the sender is served, if it is inside.
const policy::Rule* Helping::rule_of(const Subject& subject) const {
    const flow::FlowRecord& record = parts_.table.record(subject.flow);
    const Direction direction = subject.flow.direction();
    return record.sides.enter(direction) == net::Side::Inside
               ? parts_.policy->rules.find(record.key(direction))
               : nullptr;
}

/// The port that the line is to say; 0 where it may stay as it is.
std::optional<Be16> Helping::port_for(const Subject& subject, const Speech& speech,
                                      const Line& line, Tick now) const {
    const flow::FlowRecord& record = parts_.table.record(subject.flow);
    const Direction direction = subject.flow.direction();
    const net::Tuple& sent = record.key(direction);
    const FtpLine& told = line.told;
    if ((told.address && *told.address != sent.source) || told.port < helper::kLeastPort)
        return std::nullopt;  // to somebody else, or to what listens there
    helper::State& state = state_of(subject);
    const auto begin = static_cast<uint32_t>(speech.seq + line.at + told.begin);
    const auto end = static_cast<uint32_t>(speech.seq + line.at + told.end);
    const helper::Correction& correction = state.corrections[index(direction)];
    uint16_t& last = state.told_port[index(direction)];
    if (correction.is_of(begin, end))  // sent again
        return Be16::from_host(last);
    if (correction.is_past(begin))
        return Be16{};
    const auto port = parts_.foretelling.foretell(subject.flow, Be16::from_host(told.port),
                                                  rule_of(subject), now);
    if (port)
        last = port->host();
    return port;
}

void Helping::rewrite(const Subject& subject, const Speech& speech, const Line& line,
                      Be16 port) const {
    if (rte_pktmbuf_tailroom(subject.mbuf) < helper::kMostWritten)
        return count(Count::HelperPassed);
    flow::FlowRecord& record = parts_.table.record(subject.flow);
    const Direction direction = subject.flow.direction();
    const size_t at = line.at + line.told.begin;
    const size_t bytes = line.told.end - line.told.begin;
    std::array<char, helper::kMostWritten> memory;
    const std::string_view by =
        write_ftp(line.told, {record.key(opposite(direction)).destination, port}, memory);
    const auto begin = static_cast<uint32_t>(speech.seq + at);
    const auto growth = static_cast<int32_t>(by.size()) - static_cast<int32_t>(bytes);
    state_of(subject).corrections[index(direction)].rewrite(
        begin, begin + static_cast<uint32_t>(bytes), growth);
    if (speech.text.substr(at, bytes) == by)
        return;
    replace(subject.mbuf, subject.packet, {at, bytes}, by);
    count(Count::HelperRewritten);
    if (growth != 0)
        // relaxed: who ends the flow at this moment changes another bit of it.
        record.status.fetch_or(conntrack::kCorrected, std::memory_order_relaxed);
}

/// A request of TFTP: its answer comes from another port of the server.
void Helping::foretell_answer(const Subject& subject, Tick now) const {
    const net::Packet& packet = subject.packet;
    const size_t headers = net::ip_header_bytes(packet) + sizeof(rte_udp_hdr);
    if (subject.flow.direction() != Direction::Original || packet.is_fragment ||
        packet.head_bytes < headers)
        return;
    const std::span<const uint8_t> datagram(packet.transport + sizeof(rte_udp_hdr),
                                            packet.head_bytes - headers);
    if (helper::is_tftp_request(datagram) &&
        !parts_.foretelling.foretell_answer(subject.flow, rule_of(subject), now))
        count(Count::HelperPassed);
}

}  // namespace sluice::worker
