// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Channel: messages to and from the peer over one TCP connection, encrypted, to whoever has the
/// key and to nobody else.
///
/// Shape    TLS 1.3 with the key as external PSK (RFC 8446 §4.2.11) and ECDHE, cipher
///          TLS_AES_128_GCM_SHA256, by OpenSSL. There is no certificate, so who lacks the key gets
///          no further than the handshake.
/// Threads  One. Nothing waits: turn() does what can be done now.
/// Errors   turn() says in a sentence why the channel is over.

#include "base/descriptor.h"
#include "base/result.h"
#include "sync/key.h"
#include "sync/message.h"

#include <memory>
#include <openssl/types.h>

namespace sluice::sync {

/// What the channels of one gateway have in common.
class Tls {
public:
    static Result<std::unique_ptr<Tls>> create(const Key& key);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    SSL_CTX* context() const { return context_; }
    const Key& key() const { return key_; }

private:
    explicit Tls(const Key& key) : key_(key) {}

    Key key_;
    SSL_CTX* context_ = nullptr;
};

class Channel {
public:
    enum class End : uint8_t { Server, Client };

    /// Takes the connected socket over, which does not wait; `tls` outlives the channel.
    Channel(const Tls& tls, Descriptor descriptor, End end);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Sends and receives what can be now; of what came, at most `room` bytes are asked for.
    Status turn(size_t room);
    /// Both ends have proven that they have the key.
    bool is_open() const { return is_open_; }
    /// poll()'s events that bring it further.
    short events(bool wants_more) const;
    int descriptor() const { return descriptor_.get(); }
    /// Bytes received by the last turn().
    size_t received() const { return received_; }

    Outgoing& outgoing() { return outgoing_; }
    Incoming& incoming() { return incoming_; }

private:
    Status shake_hands();
    Status send();
    Status receive(size_t room);
    Status judge(int result);

    Descriptor descriptor_;
    SSL* ssl_;
    bool is_open_ = false;
    bool wants_to_write_ = false;  // what TLS itself has to say
    size_t received_ = 0;
    Outgoing outgoing_;
    Incoming incoming_;
};

}  // namespace sluice::sync
