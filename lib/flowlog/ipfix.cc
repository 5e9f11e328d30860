// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/ipfix.h"

#include <string>

namespace sluice::flowlog {
namespace {

constexpr uint16_t kVersion = 10;
constexpr size_t kHeaderBytes = 16;
constexpr size_t kLengthAt = 2;
constexpr size_t kSecondsAt = 4;
constexpr size_t kSequenceAt = 8;
constexpr uint32_t kDomain = 1;  // there is one point of observation: the NAT

// Sets of templates; others have the number of theirs.
constexpr uint16_t kTemplates = 2;
constexpr uint16_t kOptionsTemplates = 3;

constexpr Field kScope{144, 4};  // exportingProcessId

/// The set that began at `begin`, and the message, end here.
void end_set(Message& message, size_t begin) {
    std::string& bytes = message.bytes;
    put_at(bytes, begin + kLengthAt, static_cast<uint16_t>(bytes.size() - begin));
    put_at(bytes, kLengthAt, static_cast<uint16_t>(bytes.size()));
    message.steps = message.records;
}

}  // namespace

Message Ipfix::begin(Message::Kind kind, uint16_t set) const {
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

void Ipfix::end(Message& message) const {
    end_set(message, kHeaderBytes);
}

Message Ipfix::templates() const {
    Message message = begin(Message::Kind::Templates, kTemplates);
    std::string& bytes = message.bytes;
    put_templates(bytes, told());
    end(message);

    const size_t options = bytes.size();
    put(bytes, kOptionsTemplates);
    put(bytes, uint16_t{0});
    put(bytes, kLossForm);
    put(bytes, static_cast<uint16_t>(1 + kLossFields.size()));
    put(bytes, uint16_t{1});  // of which the first is the scope
    put_fields(bytes, {&kScope, 1});
    put_fields(bytes, kLossFields);
    bytes.append(2, '\0');  // to a multiple of four bytes
    end_set(message, options);
    return message;
}

void Ipfix::stamp(Message& message, uint32_t seconds, uint32_t sequence) const {
    put_at(message.bytes, kSecondsAt, seconds);
    put_at(message.bytes, kSequenceAt, sequence);
}

}  // namespace sluice::flowlog
