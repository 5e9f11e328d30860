// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Channel: messages to and from the peer over one TCP connection, encrypted, to whoever has the
/// key, or the peer's certificate, and to nobody else.
///
/// Shape    TLS 1.3 by OpenSSL, with ECDHE and the cipher TLS_AES_128_GCM_SHA256. Either with the
///          key as external PSK (RFC 8446 §4.2.11): then there is no certificate, so who lacks the
///          key gets no further than the handshake. Or with certificates of both ends (§4.4.2),
///          each of which the other verifies: then there is no PSK, and nothing is resumed.
/// Threads  One. Nothing waits: turn() does what can be done now.
/// Errors   turn() says in a sentence why the channel is over.

#include "base/descriptor.h"
#include "base/result.h"
#include "sync/certificates.h"
#include "sync/key.h"
#include "sync/message.h"

#include <chrono>
#include <memory>
#include <openssl/types.h>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::sync {

/// By what the two know one another.
using Proof = std::variant<Key, CertificateFiles>;

/// What the channels of one gateway have in common.
class Tls {
public:
    static Result<std::unique_ptr<Tls>> create(Proof proof);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    /// Reads certificates anew, for channels to come, where a file has changed: true then. After an
    /// error, those before are as good as they were, and it tries again when it is called again.
    Result<bool> renew();
    /// As sync::ending(), of the certificates; nothing of a key.
    std::vector<std::string> ending(std::chrono::system_clock::time_point now) const;

    SSL_CTX* context() const { return context_; }
    const Key* key() const { return std::get_if<Key>(&proof_); }
    const CertificateFiles* files() const { return std::get_if<CertificateFiles>(&proof_); }

private:
    explicit Tls(Proof proof) : proof_(std::move(proof)) {}
    Status load();

    Proof proof_;
    Stamps stamps_{};
    SSL_CTX* context_ = nullptr;  // each channel keeps the one that it began with
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
    /// The other end has proven to be the peer. A server then knows that it is believed, too; a
    /// client with a certificate does when it hears something.
    bool is_open() const { return is_open_; }
    /// That, or it has shown a certificate that is not believed.
    bool has_judged() const { return is_open_ || has_refused_; }
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
    std::string why_ended();

    const Tls& tls_;
    Descriptor descriptor_;
    SSL* ssl_;
    bool is_open_ = false;
    bool has_refused_ = false;
    bool wants_to_write_ = false;  // what TLS itself has to say
    size_t received_ = 0;
    Outgoing outgoing_;
    Incoming incoming_;
};

}  // namespace sluice::sync
