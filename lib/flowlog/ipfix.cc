// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/ipfix.h"

#include "net/tuple.h"

#include <concepts>
#include <string>
#include <utility>

namespace sluice::flowlog {
namespace {

using flow::Event;
using flow::JournalEntry;

constexpr uint16_t kVersion = 10;
constexpr size_t kHeaderBytes = 16;
constexpr size_t kSetHeaderBytes = 4;
constexpr size_t kLengthAt = 2;
constexpr size_t kSecondsAt = 4;
constexpr size_t kSequenceAt = 8;
constexpr uint32_t kDomain = 1;   // there is one point of observation: the NAT
constexpr uint32_t kProcess = 1;  // and one process that tells

// Sets: of templates, of templates of options, and by the templates' own numbers.
constexpr uint16_t kTemplates = 2;
constexpr uint16_t kOptionsTemplates = 3;
constexpr uint16_t kSession = 256;
constexpr uint16_t kBlock = 257;
constexpr uint16_t kLosses = 258;

// Values of natEvent: RFC 8158 §4.1.
constexpr uint8_t kSessionCreate = 4;
constexpr uint8_t kSessionDelete = 5;
constexpr uint8_t kBlockAllocation = 16;
constexpr uint8_t kBlockDeallocation = 17;

struct Field {
    uint16_t element;
    uint16_t bytes;
};

constexpr Field kSessionFields[] = {
    {323, 8},  // observationTimeMilliseconds
    {230, 1},  // natEvent
    {4, 1},    // protocolIdentifier
    {8, 4},    // sourceIPv4Address
    {12, 4},   // destinationIPv4Address
    {7, 2},    // sourceTransportPort
    {11, 2},   // destinationTransportPort
    {225, 4},  // postNATSourceIPv4Address
    {226, 4},  // postNATDestinationIPv4Address
    {227, 2},  // postNAPTSourceTransportPort
    {228, 2},  // postNAPTDestinationTransportPort
    {234, 4},  // ingressVRFID
    {235, 4},  // egressVRFID
};

constexpr Field kBlockFields[] = {
    {323, 8},  // observationTimeMilliseconds
    {230, 1},  // natEvent
    {8, 4},    // sourceIPv4Address
    {225, 4},  // postNATSourceIPv4Address
    {361, 2},  // portRangeStart
    {362, 2},  // portRangeEnd
    {363, 2},  // portRangeStepSize
    {364, 2},  // portRangeNumPorts
    {234, 4},  // ingressVRFID
};

constexpr Field kLossFields[] = {
    {144, 4},  // exportingProcessId, the scope
    {166, 8},  // notSentFlowTotalCount
    {152, 8},  // flowStartMilliseconds
    {153, 8},  // flowEndMilliseconds
};

constexpr size_t bytes_of(std::span<const Field> fields) {
    size_t bytes = 0;
    for (const Field& field : fields)
        bytes += field.bytes;
    return bytes;
}

template <std::unsigned_integral T>
void put(std::string& out, T value) {
    for (size_t i = sizeof(T); i-- != 0;)
        out += static_cast<char>(value >> (8 * i) & 0xff);
}

void put(std::string& out, Be32 address) {
    put(out, address.host());
}

void put(std::string& out, Be16 port) {
    put(out, port.host());
}

template <std::unsigned_integral T>
void put_at(std::string& out, size_t place, T value) {
    std::string bytes;
    put(bytes, value);
    out.replace(place, sizeof(T), bytes);
}

/// A message whose one set has no end yet.
Message begin_message(Message::Kind kind, uint16_t set) {
    Message message;
    message.kind = kind;
    put(message.bytes, kVersion);
    put(message.bytes, uint16_t{0});
    put(message.bytes, uint64_t{0});  // time and sequence: stamp()
    put(message.bytes, kDomain);
    put(message.bytes, set);
    put(message.bytes, uint16_t{0});
    return message;
}

/// The set that began at `begin`, and the message, end here.
void end_set(Message& message, size_t begin) {
    std::string& bytes = message.bytes;
    put_at(bytes, begin + kLengthAt, static_cast<uint16_t>(bytes.size() - begin));
    put_at(bytes, kLengthAt, static_cast<uint16_t>(bytes.size()));
}

void put_fields(std::string& out, std::span<const Field> fields) {
    for (const Field& field : fields) {
        put(out, field.element);
        put(out, field.bytes);
    }
}

void put_template(std::string& out, uint16_t number, std::span<const Field> fields) {
    put(out, number);
    put(out, static_cast<uint16_t>(fields.size()));
    put_fields(out, fields);
}

void put_session(std::string& out, const JournalEntry& entry) {
    const net::Tuple& original = entry.tuple[0];
    const net::Tuple& reply = entry.tuple[1];
    put(out, entry.event == Event::Opened ? kSessionCreate : kSessionDelete);
    put(out, static_cast<uint8_t>(original.protocol));
    put(out, original.source);
    put(out, original.destination);
    put(out, original.source_port);
    put(out, original.destination_port);
    put(out, reply.destination);
    put(out, reply.source);
    put(out, reply.destination_port);
    put(out, reply.source_port);
    put(out, uint32_t{original.zone});
    put(out, uint32_t{reply.zone});
}

/// A block's keys say the inside host, and the first port (nat/holders.h).
void put_block(std::string& out, const JournalEntry& entry, uint16_t size) {
    const net::Tuple& reply = entry.tuple[1];
    const uint16_t first = reply.destination_port.host();
    put(out, entry.event == Event::Opened ? kBlockAllocation : kBlockDeallocation);
    put(out, entry.tuple[0].source);
    put(out, reply.destination);
    put(out, first);
    put(out, static_cast<uint16_t>(first + size - 1));
    put(out, uint16_t{1});
    put(out, size);
    put(out, uint32_t{entry.tuple[0].zone});
}

}  // namespace

/// A message has records of one kind; of a moment's flows and blocks, the blocks come first, as
/// they are taken before a flow has a port of them.
void Ipfix::encode(std::span<const JournalEntry> entries, const listing::TimeOfDay& clock,
                   std::vector<Message>& messages) const {
    for (const flow::Kind kind : {flow::Kind::Block, flow::Kind::Flow})
        encode_kind(kind, entries, clock, messages);
}

void Ipfix::encode_kind(flow::Kind kind, std::span<const JournalEntry> entries,
                        const listing::TimeOfDay& clock, std::vector<Message>& messages) const {
    constexpr int64_t kMillisecond = 1'000'000;
    const bool is_block = kind == flow::Kind::Block;
    const uint16_t set = is_block ? kBlock : kSession;
    const size_t record = bytes_of(is_block ? std::span<const Field>(kBlockFields)
                                            : std::span<const Field>(kSessionFields));
    bool is_open = false;
    const auto end_message = [&] {
        if (is_open)
            end_set(messages.back(), kHeaderBytes);
        is_open = false;
    };
    for (const JournalEntry& entry : entries) {
        if (entry.kind() != kind || !params_.told.tells(entry))
            continue;
        if (is_open && messages.back().bytes.size() + record > params_.most_bytes)
            end_message();
        if (!is_open) {
            messages.push_back(begin_message(Message::Kind::Records, set));
            messages.back().bytes.reserve(params_.most_bytes);
            is_open = true;
        }
        Message& message = messages.back();
        const int64_t time = clock.of(entry.time) / kMillisecond;
        message.count(time);
        put(message.bytes, static_cast<uint64_t>(time));
        if (is_block)
            put_block(message.bytes, entry, params_.told.block_size);
        else
            put_session(message.bytes, entry);
    }
    end_message();
}

Message Ipfix::templates() const {
    Message message = begin_message(Message::Kind::Templates, kTemplates);
    std::string& bytes = message.bytes;
    put_template(bytes, kSession, kSessionFields);
    put_template(bytes, kBlock, kBlockFields);
    end_set(message, kHeaderBytes);

    const size_t options = bytes.size();
    put(bytes, kOptionsTemplates);
    put(bytes, uint16_t{0});
    put(bytes, kLosses);
    put(bytes, static_cast<uint16_t>(std::size(kLossFields)));
    put(bytes, uint16_t{1});  // of which the first is the scope
    put_fields(bytes, kLossFields);
    bytes.append(2, '\0');  // to a multiple of four bytes
    end_set(message, options);
    return message;
}

Message Ipfix::losses(uint64_t total, const Period& period) const {
    Message message = begin_message(Message::Kind::Losses, kLosses);
    message.records = 1;
    message.period = period;
    put(message.bytes, kProcess);
    put(message.bytes, total);
    put(message.bytes, static_cast<uint64_t>(period.first));
    put(message.bytes, static_cast<uint64_t>(period.last));
    end_set(message, kHeaderBytes);
    return message;
}

void Ipfix::stamp(Message& message, uint32_t seconds, uint32_t sequence) const {
    put_at(message.bytes, kSecondsAt, seconds);
    put_at(message.bytes, kSequenceAt, sequence);
}

}  // namespace sluice::flowlog
