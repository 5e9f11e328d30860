// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/records.h"

#include "net/tuple.h"

namespace sluice::flowlog {
namespace {

using flow::Event;
using flow::JournalEntry;

// Values of natEvent.
constexpr uint8_t kSessionCreate = 4;
constexpr uint8_t kSessionDelete = 5;
constexpr uint8_t kBlockAllocation = 16;
constexpr uint8_t kBlockDeallocation = 17;

/// A session's, and of its end the last four too.
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
    {298, 8},  // initiatorPackets
    {299, 8},  // responderPackets
    {231, 8},  // initiatorOctets
    {232, 8},  // responderOctets
};
constexpr size_t kCountFields = 4;

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

void put_address(std::string& out, Be32 address) {
    put(out, address.host());
}

void put_port(std::string& out, Be16 port) {
    put(out, port.host());
}

void put_session(std::string& out, const JournalEntry& entry) {
    const net::Tuple& original = entry.tuple[0];
    const net::Tuple& reply = entry.tuple[1];
    put(out, entry.event == Event::Opened ? kSessionCreate : kSessionDelete);
    put(out, static_cast<uint8_t>(original.protocol));
    put_address(out, original.source);
    put_address(out, original.destination);
    put_port(out, original.source_port);
    put_port(out, original.destination_port);
    put_address(out, reply.destination);
    put_address(out, reply.source);
    put_port(out, reply.destination_port);
    put_port(out, reply.source_port);
    put(out, uint32_t{original.zone});
    put(out, uint32_t{reply.zone});
}

void put_counts(std::string& out, const flow::BothTraffic& traffic) {
    for (const flow::Traffic& way : traffic)
        put(out, way.packets);
    for (const flow::Traffic& way : traffic)
        put(out, way.bytes);
}

/// A block's keys say the inside host, and the first port (nat/holders.h).
void put_block(std::string& out, const JournalEntry& entry, uint16_t size) {
    const net::Tuple& reply = entry.tuple[1];
    const uint16_t first = reply.destination_port.host();
    put(out, entry.event == Event::Opened ? kBlockAllocation : kBlockDeallocation);
    put_address(out, entry.tuple[0].source);
    put_address(out, reply.destination);
    put(out, first);
    put(out, static_cast<uint16_t>(first + size - 1));
    put(out, uint16_t{1});
    put(out, size);
    put(out, uint32_t{entry.tuple[0].zone});
}

}  // namespace

std::span<const Field> fields_of(Form form) {
    const std::span<const Field> counted(kSessionFields);
    switch (form) {
        case Form::Block:
            return kBlockFields;
        case Form::Session:
            return counted.first(counted.size() - kCountFields);
        case Form::CountedEnd:
            break;
    }
    return counted;
}

size_t record_bytes(Form form) {
    size_t bytes = 0;
    for (const Field& field : fields_of(form))
        bytes += field.bytes;
    return bytes;
}

Form form_of(const JournalEntry& entry) {
    if (entry.kind() == flow::Kind::Block)
        return Form::Block;
    return entry.event == Event::Ended && entry.is_counted ? Form::CountedEnd : Form::Session;
}

void put_record(std::string& out, const JournalEntry& entry, int64_t time, const Told& told) {
    const Form form = form_of(entry);
    put(out, static_cast<uint64_t>(time));
    if (form == Form::Block)
        return put_block(out, entry, told.block_size);
    put_session(out, entry);
    if (form == Form::CountedEnd)
        put_counts(out, entry.traffic);
}

void put_fields(std::string& out, std::span<const Field> fields) {
    for (const Field& field : fields) {
        put(out, field.element);
        put(out, field.bytes);
    }
}

void put_templates(std::string& out) {
    for (const Form form : kForms) {
        const std::span<const Field> fields = fields_of(form);
        put(out, static_cast<uint16_t>(form));
        put(out, static_cast<uint16_t>(fields.size()));
        put_fields(out, fields);
    }
}

}  // namespace sluice::flowlog
