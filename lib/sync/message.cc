// SPDX-License-Identifier: BSD-3-Clause
#include "sync/message.h"

#include <bit>
#include <cstring>
#include <string>

namespace sluice::sync {

static_assert(std::endian::native == std::endian::little, "messages are copied as they stand");

namespace {

template <typename T>
T read(std::span<const std::byte> bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// Whether so many bytes may stand behind a header of that type.
bool is_length(Type type, uint32_t bytes) {
    switch (type) {
        case Type::Hello:
            return bytes == sizeof(Hello);
        case Type::State:
            return bytes == sizeof(State);
        case Type::Begin:
        case Type::Complete:
            return bytes == 0;
        case Type::Records:
            return bytes != 0 && bytes % sizeof(Record) == 0 && bytes <= kMostPayload;
        case Type::Ends:
            return bytes != 0 && bytes % sizeof(End) == 0 && bytes <= kMostPayload;
        case Type::Hosts:
            return bytes != 0 && bytes % sizeof(Host) == 0 && bytes <= kMostPayload;
        case Type::Owned:
            return bytes != 0 && bytes % sizeof(Owned) == 0 && bytes <= kMostPayload;
    }
    return false;
}

}  // namespace

Status judge_form(const Hello& hello, const Hello& own) {
    if (hello.magic != own.magic || hello.version != own.version)
        return Error{"it speaks version " + std::to_string(hello.version) + ", and this gateway " +
                     std::to_string(own.version)};
    if (hello.record_layout != own.record_layout || hello.tracker_layout != own.tracker_layout)
        return Error{"its build keeps flows in another form: both need the same"};
    return Done{};
}

void Outgoing::sent(size_t count) {
    seal();
    sent_ += count;
    if (2 * sent_ < bytes_.size())
        return;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(sent_));
    sent_ = 0;
}

void Outgoing::append(Type type, const void* payload, size_t count) {
    open_ = {static_cast<uint32_t>(count), type, {}, ++sequence_};
    last_ = bytes_.size();
    bytes_.resize(last_ + sizeof(Header) + count);
    std::memcpy(&bytes_[last_], &open_, sizeof(Header));
    if (count != 0)
        std::memcpy(&bytes_[last_ + sizeof(Header)], payload, count);
}

void Outgoing::extend(Type type, const void* entry, size_t count) {
    if (open_.type != type || open_.bytes + count > kMostPayload)
        return append(type, entry, count);
    open_.bytes += static_cast<uint32_t>(count);
    const size_t end = bytes_.size();
    bytes_.resize(end + count);
    std::memcpy(&bytes_[end], entry, count);
    std::memcpy(&bytes_[last_], &open_, sizeof(Header));
}

template <typename T>
T Incoming::Message::as() const {
    return read<T>(payload);
}
template Hello Incoming::Message::as<Hello>() const;
template State Incoming::Message::as<State>() const;

template <typename T>
T Incoming::Message::entry(size_t i) const {
    return read<T>(payload.subspan(i * sizeof(T), sizeof(T)));
}
template Record Incoming::Message::entry<Record>(size_t i) const;
template End Incoming::Message::entry<End>(size_t i) const;
template Host Incoming::Message::entry<Host>(size_t i) const;
template Owned Incoming::Message::entry<Owned>(size_t i) const;

void Incoming::add(std::span<const std::byte> bytes) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(taken_));
    taken_ = 0;
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Incoming::Message>> Incoming::take() {
    const auto rest = std::span<const std::byte>(bytes_).subspan(taken_);
    if (rest.size() < sizeof(Header))
        return std::optional<Message>();
    const auto header = read<Header>(rest);
    if (!is_length(header.type, header.bytes))
        return Error{"a message of type " + std::to_string(static_cast<unsigned>(header.type)) +
                     " with " + std::to_string(header.bytes) + " bytes is none"};
    if (header.sequence != sequence_ + 1)
        return Error{"message " + std::to_string(header.sequence) + " has followed message " +
                     std::to_string(sequence_)};
    if ((sequence_ == 0) != (header.type == Type::Hello))
        return Error{"the peer has not begun with a hello, or has said it twice"};
    if (rest.size() < sizeof(Header) + header.bytes)
        return std::optional<Message>();
    ++sequence_;
    taken_ += sizeof(Header) + header.bytes;
    return std::optional(
        Message{header.type, sequence_, rest.subspan(sizeof(Header), header.bytes)});
}

}  // namespace sluice::sync
