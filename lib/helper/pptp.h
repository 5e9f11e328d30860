// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// PPTP: the messages of a control connection by which both ends agree on a call, and what they
/// have agreed on so far.
///
/// Shape    read_pptp() finds a message at the front of some bytes. A PptpSession hears one after
///          the other, and says of each which call ID in it is to be another, and whether a call
///          begins or ends by it. Messages keep their length.
/// Call ID  Each end numbers calls by itself, and is named by its number in what the other sends.
///          The client's may be another's on its side of a NAT too, so the server is told `told`
///          in its place; the server's stays.
/// Threads  Plain values; only the flow's owner looks.
/// Errors   What is no whole message is nothing. One that has no place in what has been said so far
///          is not understood.
/// Source   RFC 2637 §2. nf_conntrack_pptp and nf_nat_pptp of Linux: who opens the connection is
///          the PNS; a connection has one call at a time; in Call-Disconnect-Notify, whose call ID
///          is the server's by §2.13, the client's is put too. An incoming call's ID Linux does not
///          change.

#include "base/big_endian.h"
#include "helper/speaker.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::helper {

enum class PptpType : uint8_t {
    StartRequest = 1,
    StartReply,
    StopRequest,
    StopReply,
    EchoRequest,
    EchoReply,
    OutgoingCallRequest,
    OutgoingCallReply,
    IncomingCallRequest,
    IncomingCallReply,
    IncomingCallConnected,
    CallClearRequest,
    CallDisconnectNotify,
    WanErrorNotify,
    SetLinkInfo,
};

struct PptpMessage {
    PptpType type{};
    size_t bytes = 0;  ///< Behind which the next one begins, if what is known goes on so far.
    Be16 call_id{};    ///< Of the sender; of those that have one.
    Be16 peer_id{};    ///< Of the receiver; likewise.
    uint8_t result = 0;
};

/// `bytes` begin with the message.
std::optional<PptpMessage> read_pptp(std::span<const uint8_t> bytes);

/// By which the packets of a call are known.
struct CallIds {
    Be16 own;     ///< The client's, as it says.
    Be16 told;    ///< The client's, as the server knows it.
    Be16 server;  ///< The server's.

    bool operator==(const CallIds&) const = default;
};

class PptpSession {
public:
    enum class Deed : uint8_t { None, Begins, Ends };
    struct Heard {
        bool is_understood = false;
        Deed deed = Deed::None;              ///< Of the call with ids().
        std::optional<size_t> call_id = {};  ///< Where in the message one is to be put,
        Be16 by = {};                        ///< this one.
    };

    /// The server is to know a call of the client by `told`; nothing: by the client's own ID.
    Heard hear(Speaker speaker, const PptpMessage& message, std::optional<Be16> told);
    const CallIds& ids() const { return ids_; }

private:
    enum class Stage : uint8_t { None, Failed, Stopping, Requested, Confirmed };
    enum class CallStage : uint8_t { None, Requested, Confirmed, Asked, Answered, Met, Clearing };

    Heard hear_client(const PptpMessage& message, std::optional<Be16> told);
    Heard hear_server(const PptpMessage& message);
    Heard request_call(const PptpMessage& message, std::optional<Be16> told);
    Heard answer_call(const PptpMessage& message, std::optional<Be16> told);
    Heard accept_call(const PptpMessage& message);
    Heard connect_call(const PptpMessage& message);
    Heard put(size_t at, Be16 id) const;

    Stage stage_ = Stage::None;
    CallStage call_ = CallStage::None;
    bool is_translated_ = false;  // the two IDs of the client may differ
    CallIds ids_{};
};

}  // namespace sluice::helper
