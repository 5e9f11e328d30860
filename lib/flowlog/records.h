// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Records: what a collector is told of one translation or block of ports, in the elements that
/// IPFIX and NetFlow 9 share.
///
/// Shape    Three forms of record, each with a template: a session (created, or deleted where
///          nothing is counted), the end of a session with its packets and bytes, and a block of
///          ports. The initiator is who opened the flow, from whichever side. Where IPv6 is served
///          each has forms beside it whose addresses are IPv6 before translation, behind it (of who
///          is reached from outside), or both.
/// Units    Network byte order.
/// Source   IANA's registry of IPFIX; RFC 8158 §4.1 (values of natEvent), §5.6 (events).

#include "flow/journal.h"
#include "flowlog/told.h"
#include "nat64/naming.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice::flowlog {

/// Of a template: an element, and its bytes.
struct Field {
    uint16_t element;
    uint16_t bytes;
};

/// By the numbers of their templates.
enum class Form : uint16_t {
    Session = 256,
    Block = 257,
    CountedEnd = 259,
    // Of IPv6: who opens the flow, who is reached, or both.
    SessionFrom6 = 260,
    CountedEndFrom6 = 261,
    SessionTo6 = 262,
    CountedEndTo6 = 263,
    Session6 = 264,
    CountedEnd6 = 265,
    Block6 = 266,
};
/// The template of the record that tells of losses.
inline constexpr uint16_t kLossForm = 258;

/// Those that a log has. Of a moment's records blocks come first, as they are taken before a flow
/// has a port of them.
std::span<const Form> forms_of(const Told& told);

std::vector<Field> fields_of(Form form);
size_t record_bytes(Form form);

/// What is told of an entry, by the addresses of its time.
struct LogRecord {
    Form form{};
    const flow::JournalEntry* entry = nullptr;
    nat64::WireEnds original;  ///< A block has a source alone: its host.
    nat64::WireEnds reply;
};

/// Of an entry that is told of at all, and outlives the record.
LogRecord record_of(const flow::JournalEntry& entry, const Told& told);

/// Appends a record of what happened at `time`, in milliseconds since 1970.
void put_record(std::string& out, const LogRecord& record, int64_t time, const Told& told);

/// The fields of a loss behind the scope: how many records since the start, and from when to when.
inline constexpr std::array kLossFields{
    Field{166, 8},  // notSentFlowTotalCount
    Field{152, 8},  // flowStartMilliseconds
    Field{153, 8},  // flowEndMilliseconds
};

// Numbers as they are sent.
template <std::unsigned_integral T>
void put(std::string& out, T value) {
    for (size_t i = sizeof(T); i-- != 0;)
        out += static_cast<char>(value >> (8 * i) & 0xff);
}

template <std::unsigned_integral T>
void put_at(std::string& out, size_t place, T value) {
    std::string bytes;
    put(bytes, value);
    out.replace(place, sizeof(T), bytes);
}

void put_fields(std::string& out, std::span<const Field> fields);
/// The templates of all forms that a log has.
void put_templates(std::string& out, const Told& told);

}  // namespace sluice::flowlog
