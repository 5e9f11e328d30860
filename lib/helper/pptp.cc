// SPDX-License-Identifier: BSD-3-Clause
#include "helper/pptp.h"

#include <array>

namespace sluice::helper {
namespace {

// Of every message: length, kind of message, cookie, type, reserved.
constexpr size_t kKindAt = 2;
constexpr size_t kCookieAt = 4;
constexpr size_t kTypeAt = 8;
constexpr size_t kHeaderBytes = 12;
constexpr uint16_t kControl = 1;
constexpr uint16_t kCookieHigh = 0x1a2b;
constexpr uint16_t kCookieLow = 0x3c4d;

// Of those that have one or two call IDs.
constexpr size_t kFirstId = 12;
constexpr size_t kSecondId = 14;

constexpr uint8_t kDone = 1;  // Result Code: as was asked

/// Where what is of interest stands in a message; 0: it has none.
struct Layout {
    uint8_t bytes;  ///< Of all of it.
    uint8_t call_id;
    uint8_t peer_id;
    uint8_t result;
};

/// By type.
constexpr std::array<Layout, 16> kLayouts{{
    {},
    {156, 0, 0, 0},
    {156, 0, 0, 14},
    {16, 0, 0, 0},
    {16, 0, 0, 12},
    {16, 0, 0, 0},
    {20, 0, 0, 0},
    {168, kFirstId, 0, 0},
    {32, kFirstId, kSecondId, 16},
    {220, kFirstId, 0, 0},
    {24, kFirstId, kSecondId, 16},
    {28, 0, kFirstId, 0},
    {16, kFirstId, 0, 0},
    {148, kFirstId, 0, 14},
    {40, 0, kFirstId, 0},
    {24, 0, kFirstId, 0},
}};

uint16_t word_at(std::span<const uint8_t> bytes, size_t at) {
    return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

constexpr PptpSession::Heard understood() {
    return {.is_understood = true};
}

}  // namespace

std::optional<PptpMessage> read_pptp(std::span<const uint8_t> bytes) {
    if (bytes.size() < kHeaderBytes || word_at(bytes, kKindAt) != kControl ||
        word_at(bytes, kCookieAt) != kCookieHigh || word_at(bytes, kCookieAt + 2) != kCookieLow)
        return std::nullopt;
    const uint16_t type = word_at(bytes, kTypeAt);
    if (type == 0 || type >= kLayouts.size() || bytes.size() < kLayouts[type].bytes)
        return std::nullopt;
    const Layout& form = kLayouts[type];
    const size_t length = word_at(bytes, 0);
    const auto id_at = [&](size_t at) {
        return at == 0 ? Be16{} : Be16::from_host(word_at(bytes, at));
    };
    return PptpMessage{.type = static_cast<PptpType>(type),
                       .bytes = length < form.bytes ? form.bytes : length,
                       .call_id = id_at(form.call_id),
                       .peer_id = id_at(form.peer_id),
                       .result = form.result == 0 ? uint8_t{0} : bytes[form.result]};
}

PptpSession::Heard PptpSession::hear(Speaker speaker, const PptpMessage& message,
                                     std::optional<Be16> told) {
    return speaker == Speaker::Client ? hear_client(message, told) : hear_server(message);
}

PptpSession::Heard PptpSession::hear_client(const PptpMessage& message, std::optional<Be16> told) {
    switch (message.type) {
        case PptpType::StartRequest:
            if (stage_ != Stage::None)
                return {};
            stage_ = Stage::Requested;
            return understood();
        case PptpType::StopRequest:
            stage_ = Stage::Stopping;
            return understood();
        case PptpType::OutgoingCallRequest:
            return request_call(message, told);
        case PptpType::IncomingCallReply:
            return answer_call(message, told);
        case PptpType::CallClearRequest:
            if (stage_ != Stage::Confirmed)
                return {};
            call_ = CallStage::Clearing;
            return put(kFirstId, ids_.told);
        case PptpType::SetLinkInfo:
        case PptpType::EchoRequest:
        case PptpType::EchoReply:
            return understood();
        default:
            return {};
    }
}

PptpSession::Heard PptpSession::request_call(const PptpMessage& message, std::optional<Be16> told) {
    if (stage_ != Stage::Confirmed)
        return {};
    call_ = CallStage::Requested;
    is_translated_ = told.has_value();
    ids_.own = message.call_id;
    ids_.told = told.value_or(message.call_id);
    return put(kFirstId, ids_.told);
}

PptpSession::Heard PptpSession::answer_call(const PptpMessage& message, std::optional<Be16> told) {
    if ((call_ != CallStage::Asked && call_ != CallStage::Answered) ||
        message.peer_id != ids_.server)
        return {};
    if (message.result != kDone) {
        call_ = CallStage::None;
        return understood();
    }
    call_ = CallStage::Answered;
    is_translated_ = told.has_value();
    ids_.own = message.call_id;
    ids_.told = told.value_or(message.call_id);
    return put(kFirstId, ids_.told);
}

PptpSession::Heard PptpSession::hear_server(const PptpMessage& message) {
    switch (message.type) {
        case PptpType::StartReply:
            if (stage_ < Stage::Requested)
                return {};
            stage_ = message.result == kDone ? Stage::Confirmed : Stage::Failed;
            return understood();
        case PptpType::StopReply:
            if (stage_ > Stage::Stopping)
                return {};
            stage_ = message.result == kDone ? Stage::None : Stage::Failed;
            return understood();
        case PptpType::OutgoingCallReply:
            return accept_call(message);
        case PptpType::IncomingCallRequest:
            if (stage_ != Stage::Confirmed)
                return {};
            call_ = CallStage::Asked;
            ids_.server = message.call_id;
            return understood();
        case PptpType::IncomingCallConnected:
            return connect_call(message);
        case PptpType::CallDisconnectNotify: {
            call_ = CallStage::None;
            Heard heard = put(kFirstId, ids_.own);
            heard.deed = Deed::Ends;
            return heard;
        }
        case PptpType::WanErrorNotify:
        case PptpType::SetLinkInfo:
            return put(kFirstId, ids_.own);
        case PptpType::EchoRequest:
        case PptpType::EchoReply:
            return understood();
        default:
            return {};
    }
}

PptpSession::Heard PptpSession::accept_call(const PptpMessage& message) {
    if (stage_ != Stage::Confirmed ||
        (call_ != CallStage::Requested && call_ != CallStage::Confirmed) ||
        message.peer_id != ids_.told)
        return {};
    Heard heard = put(kSecondId, ids_.own);
    call_ = message.result == kDone ? CallStage::Confirmed : CallStage::None;
    if (call_ == CallStage::Confirmed) {
        ids_.server = message.call_id;
        heard.deed = Deed::Begins;
    }
    return heard;
}

PptpSession::Heard PptpSession::connect_call(const PptpMessage& message) {
    if (stage_ != Stage::Confirmed || (call_ != CallStage::Answered && call_ != CallStage::Met) ||
        message.peer_id != ids_.told)
        return {};
    call_ = CallStage::Met;
    Heard heard = put(kFirstId, ids_.own);
    heard.deed = Deed::Begins;
    return heard;
}

/// Where nothing is translated, nothing is put.
PptpSession::Heard PptpSession::put(size_t at, Be16 id) const {
    Heard heard = understood();
    if (is_translated_) {
        heard.call_id = at;
        heard.by = id;
    }
    return heard;
}

}  // namespace sluice::helper
