// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/records.h"

#include "net/tuple.h"

namespace sluice::flowlog {
namespace {

using flow::Event;
using flow::JournalEntry;

// Values of natEvent.
struct Created {
    uint8_t begin;
    uint8_t end;
};
constexpr Created kNat44Session{4, 5};
constexpr Created kNat64Session{6, 7};
constexpr Created kPortBlock{16, 17};

/// An address, by its version.
struct AddressField {
    uint16_t ipv4;
    uint16_t ipv6;

    Field of(bool is_ipv6) const { return is_ipv6 ? Field{ipv6, 16} : Field{ipv4, 4}; }
};
constexpr AddressField kSource{8, 27};                 // sourceIPv4Address
constexpr AddressField kDestination{12, 28};           // destinationIPv4Address
constexpr AddressField kPostNatSource{225, 281};       // postNATSourceIPv4Address
constexpr AddressField kPostNatDestination{226, 282};  // postNATDestinationIPv4Address
constexpr Field kTime{323, 8};                         // observationTimeMilliseconds
constexpr Field kNatEvent{230, 1};                     // natEvent
constexpr Field kInside{234, 4};                       // ingressVRFID

constexpr std::array kForms{Form::Block,      Form::Session,       Form::CountedEnd,
                            Form::Block6,     Form::SessionFrom6,  Form::CountedEndFrom6,
                            Form::SessionTo6, Form::CountedEndTo6, Form::Session6,
                            Form::CountedEnd6};
constexpr size_t kIpv4Forms = 3;

/// What a form of sessions has.
struct Kind {
    Form form;
    bool is_counted;
    bool is_from_ipv6;
    bool is_to_ipv6;
};
constexpr Kind kSessions[] = {
    {Form::Session, false, false, false},     {Form::CountedEnd, true, false, false},
    {Form::SessionFrom6, false, true, false}, {Form::CountedEndFrom6, true, true, false},
    {Form::SessionTo6, false, false, true},   {Form::CountedEndTo6, true, false, true},
    {Form::Session6, false, true, true},      {Form::CountedEnd6, true, true, true},
};

std::vector<Field> session_fields(const Kind& kind) {
    std::vector<Field> fields{
        kTime,
        kNatEvent,
        {4, 1},  // protocolIdentifier
        kSource.of(kind.is_from_ipv6),
        kDestination.of(kind.is_from_ipv6),
        {7, 2},   // sourceTransportPort
        {11, 2},  // destinationTransportPort
        kPostNatSource.of(kind.is_to_ipv6),
        kPostNatDestination.of(kind.is_to_ipv6),
        {227, 2},  // postNAPTSourceTransportPort
        {228, 2},  // postNAPTDestinationTransportPort
        kInside,
        {235, 4},  // egressVRFID
    };
    if (kind.is_counted)
        fields.insert(fields.end(), {
                                        {298, 8},  // initiatorPackets
                                        {299, 8},  // responderPackets
                                        {231, 8},  // initiatorOctets
                                        {232, 8},  // responderOctets
                                    });
    return fields;
}

std::vector<Field> block_fields(bool is_ipv6) {
    return {
        kTime,    kNatEvent, kSource.of(is_ipv6), kPostNatSource.of(false),
        {361, 2},  // portRangeStart
        {362, 2},  // portRangeEnd
        {363, 2},  // portRangeStepSize
        {364, 2},  // portRangeNumPorts
        kInside,
    };
}

void put_address(std::string& out, const nat64::WireAddress& address) {
    if (!address.ipv6)
        return put(out, address.ipv4.host());
    put(out, address.ipv6->high());
    put(out, address.ipv6->low());
}

void put_port(std::string& out, Be16 port) {
    put(out, port.host());
}

void put_event(std::string& out, Event event, const Created& what) {
    put(out, event == Event::Opened ? what.begin : what.end);
}

void put_session(std::string& out, const LogRecord& record) {
    const net::Tuple& original = record.entry->tuple[0];
    const net::Tuple& reply = record.entry->tuple[1];
    const bool is_nat64 = record.original.are_ipv6() || record.reply.are_ipv6();
    put_event(out, record.entry->event, is_nat64 ? kNat64Session : kNat44Session);
    put(out, static_cast<uint8_t>(original.protocol));
    put_address(out, record.original.source);
    put_address(out, record.original.destination);
    put_port(out, original.source_port);
    put_port(out, original.destination_port);
    put_address(out, record.reply.destination);
    put_address(out, record.reply.source);
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
void put_block(std::string& out, const LogRecord& record, uint16_t size) {
    const net::Tuple& reply = record.entry->tuple[1];
    const uint16_t first = reply.destination_port.host();
    put_event(out, record.entry->event, kPortBlock);
    put_address(out, record.original.source);
    put_address(out, {reply.destination});
    put(out, first);
    put(out, static_cast<uint16_t>(first + size - 1));
    put(out, uint16_t{1});
    put(out, size);
    put(out, uint32_t{record.entry->tuple[0].zone});
}

bool is_block(Form form) {
    return form == Form::Block || form == Form::Block6;
}

}  // namespace

std::span<const Form> forms_of(const Told& told) {
    return std::span(kForms).first(told.naming.is_on() ? kForms.size() : kIpv4Forms);
}

std::vector<Field> fields_of(Form form) {
    for (const Kind& kind : kSessions)
        if (kind.form == form)
            return session_fields(kind);
    return block_fields(form == Form::Block6);
}

size_t record_bytes(Form form) {
    size_t bytes = 0;
    for (const Field& field : fields_of(form))
        bytes += field.bytes;
    return bytes;
}

LogRecord record_of(const JournalEntry& entry, const Told& told) {
    const nat64::Naming naming = told.naming.at(entry.time);
    LogRecord record;
    record.entry = &entry;
    if (entry.kind() == flow::Kind::Block) {
        record.original.source = naming.host(entry.tuple[0].source);
        record.form = record.original.are_ipv6() ? Form::Block6 : Form::Block;
        return record;
    }
    record.original = naming.ends(entry.tuple[0]);
    record.reply = naming.ends(entry.tuple[1]);
    const bool is_counted = entry.event == Event::Ended && entry.is_counted;
    for (const Kind& kind : kSessions)
        if (kind.is_counted == is_counted && kind.is_from_ipv6 == record.original.are_ipv6() &&
            kind.is_to_ipv6 == record.reply.are_ipv6())
            record.form = kind.form;
    return record;
}

void put_record(std::string& out, const LogRecord& record, int64_t time, const Told& told) {
    put(out, static_cast<uint64_t>(time));
    if (is_block(record.form))
        return put_block(out, record, told.block_size);
    put_session(out, record);
    if (record.entry->event == Event::Ended && record.entry->is_counted)
        put_counts(out, record.entry->traffic);
}

void put_fields(std::string& out, std::span<const Field> fields) {
    for (const Field& field : fields) {
        put(out, field.element);
        put(out, field.bytes);
    }
}

void put_templates(std::string& out, const Told& told) {
    for (const Form form : forms_of(told)) {
        const std::vector<Field> fields = fields_of(form);
        put(out, static_cast<uint16_t>(form));
        put(out, static_cast<uint16_t>(fields.size()));
        put_fields(out, fields);
    }
}

}  // namespace sluice::flowlog
