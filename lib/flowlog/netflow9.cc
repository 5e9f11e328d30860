// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/netflow9.h"

#include <algorithm>
#include <string>

namespace sluice::flowlog {
namespace {

constexpr uint16_t kVersion = 9;
constexpr size_t kHeaderBytes = 20;
constexpr size_t kCountAt = 2;
constexpr size_t kUptimeAt = 4;
constexpr size_t kSecondsAt = 8;
constexpr size_t kSequenceAt = 12;
constexpr size_t kSetLengthAt = 2;
constexpr size_t kAlignment = 4;
constexpr uint32_t kSource = 1;

// Sets of templates; others have the number of theirs.
constexpr uint16_t kTemplates = 0;
constexpr uint16_t kOptionsTemplates = 1;

constexpr Field kScope{1, 4};  // the system as a whole

/// The set that began at `begin` ends here, on a boundary of 32 bits.
void end_set(std::string& bytes, size_t begin) {
    bytes.append((kAlignment - bytes.size() % kAlignment) % kAlignment, '\0');
    put_at(bytes, begin + kSetLengthAt, static_cast<uint16_t>(bytes.size() - begin));
}

constexpr uint16_t field_bytes(size_t fields) {
    return static_cast<uint16_t>(fields * sizeof(Field));
}

}  // namespace

size_t Netflow9::most_padding() const {
    return kAlignment - 1;
}

Message Netflow9::begin(Message::Kind kind, uint16_t set) const {
    Message message;
    message.kind = kind;
    message.steps = 1;  // sequence numbers count messages, templates too
    put(message.bytes, kVersion);
    put(message.bytes, uint16_t{0});  // count: end()
    put(message.bytes, uint64_t{0});  // uptime and time: stamp()
    put(message.bytes, uint32_t{0});  // sequence: likewise
    put(message.bytes, kSource);
    put(message.bytes, set);
    put(message.bytes, uint16_t{0});
    return message;
}

void Netflow9::end(Message& message) const {
    end_set(message.bytes, kHeaderBytes);
    put_at(message.bytes, kCountAt, static_cast<uint16_t>(message.records));
}

Message Netflow9::templates() const {
    Message message = begin(Message::Kind::Templates, kTemplates);
    std::string& bytes = message.bytes;
    put_templates(bytes, told());
    end_set(bytes, kHeaderBytes);

    const size_t options = bytes.size();
    put(bytes, kOptionsTemplates);
    put(bytes, uint16_t{0});
    put(bytes, kLossForm);
    put(bytes, field_bytes(1));
    put(bytes, field_bytes(kLossFields.size()));
    put_fields(bytes, {&kScope, 1});
    put_fields(bytes, kLossFields);
    end_set(bytes, options);
    put_at(bytes, kCountAt, static_cast<uint16_t>(forms_of(told()).size() + 1));
    return message;
}

void Netflow9::stamp(Message& message, uint32_t seconds, uint32_t sequence) const {
    constexpr uint32_t kMilliseconds = 1000;
    put_at(message.bytes, kUptimeAt, (std::max(seconds, start_) - start_) * kMilliseconds);
    put_at(message.bytes, kSecondsAt, seconds);
    put_at(message.bytes, kSequenceAt, sequence);
}

}  // namespace sluice::flowlog
