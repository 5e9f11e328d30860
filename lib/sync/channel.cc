// SPDX-License-Identifier: BSD-3-Clause
#include "sync/channel.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::sync {
namespace {

constexpr std::string_view kIdentity = "sluice pair";
constexpr unsigned char kCipher[] = {0x13, 0x01};  // TLS_AES_128_GCM_SHA256
constexpr size_t kRecordBytes = 16384;             // of a TLS record

/// Where there are certificates this is not asked for.
const Key& key_of(SSL* ssl) {
    return *static_cast<const Tls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->key();
}

/// The session that both ends could have had: all of it follows from the key.
SSL_SESSION* session_of(SSL* ssl) {
    const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, kCipher);
    SSL_SESSION* session = SSL_SESSION_new();
    const Key& key = key_of(ssl);
    if (session != nullptr && cipher != nullptr &&
        SSL_SESSION_set1_master_key(session, key.data(), key.size()) == 1 &&
        SSL_SESSION_set_cipher(session, cipher) == 1 &&
        SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1)
        return session;
    SSL_SESSION_free(session);
    return nullptr;
}

int find_session(SSL* ssl, const unsigned char* identity, size_t length, SSL_SESSION** session) {
    const std::string_view name(reinterpret_cast<const char*>(identity), length);
    *session = name == kIdentity ? session_of(ssl) : nullptr;
    return 1;
}

int use_session(SSL* ssl, const EVP_MD*, const unsigned char** identity, size_t* length,
                SSL_SESSION** session) {
    *identity = reinterpret_cast<const unsigned char*>(kIdentity.data());
    *length = kIdentity.size();
    *session = session_of(ssl);
    return *session == nullptr ? 0 : 1;
}

/// How the other end says that it does not believe a certificate (RFC 8446 §6.2).
bool is_about_certificates(int reason) {
    switch (reason - SSL_AD_REASON_OFFSET) {
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_DECRYPT_ERROR:  // a signature is another's
        case SSL_AD_CERTIFICATE_REQUIRED:
            return true;
        default:
            return false;
    }
}

}  // namespace

Result<std::unique_ptr<Tls>> Tls::create(Proof proof) {
    // No file of the machine's says how this is done.
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    std::unique_ptr<Tls> tls(new Tls(std::move(proof)));
    if (Status status = tls->load(); !status)
        return status.error();
    return tls;
}

Status Tls::load() {
    // Before they are read: what is written meanwhile is read the next time.
    const Stamps stamps = files() == nullptr ? Stamps{} : stamps_of(*files());
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> made(SSL_CTX_new(TLS_method()), SSL_CTX_free);
    SSL_CTX* const context = made.get();
    if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set_num_tickets(context, 0) != 1)
        return Error{"--sync: OpenSSL has no TLS 1.3 with TLS_AES_128_GCM_SHA256"};
    SSL_CTX_set_app_data(context, this);
    // Who ends without a word has been killed; what is missing then, the messages' numbers show.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (files() == nullptr) {
        SSL_CTX_set_psk_find_session_callback(context, find_session);
        SSL_CTX_set_psk_use_session_callback(context, use_session);
    } else if (Status status = use_certificates(context, *files()); !status) {
        return status;
    }
    SSL_CTX_free(std::exchange(context_, made.release()));
    stamps_ = stamps;
    return Done{};
}

Result<bool> Tls::renew() {
    if (files() == nullptr || stamps_of(*files()) == stamps_)
        return false;
    if (Status status = load(); !status)
        return status.error();
    return true;
}

std::vector<std::string> Tls::ending(std::chrono::system_clock::time_point now) const {
    return files() == nullptr ? std::vector<std::string>() : sync::ending(context_, *files(), now);
}

Tls::~Tls() {
    SSL_CTX_free(context_);
}

Channel::Channel(const Tls& tls, Descriptor descriptor, End end)
    : tls_(tls), descriptor_(std::move(descriptor)), ssl_(SSL_new(tls.context())) {
    if (ssl_ == nullptr)
        return;
    SSL_set_fd(ssl_, descriptor_.get());
    if (end == End::Server) {
        SSL_set_accept_state(ssl_);
        return;
    }
    SSL_set_connect_state(ssl_);
    // A server that answers without the key would need a certificate, and where there are keys
    // none is believed.
    SSL_set_verify(ssl_, SSL_VERIFY_PEER, nullptr);
}

Channel::~Channel() {
    SSL_free(ssl_);
}

Status Channel::turn(size_t room) {
    received_ = 0;
    wants_to_write_ = false;
    if (ssl_ == nullptr)
        return Error{"no memory for TLS"};
    ERR_clear_error();
    if (!is_open_)
        if (Status status = shake_hands(); !status || !is_open_)
            return status;
    // First what came: why it ends, before nothing can be sent any more.
    if (Status status = receive(room); !status)
        return status;
    return send();
}

Status Channel::shake_hands() {
    const int result = SSL_do_handshake(ssl_);
    if (result != 1)
        return judge(result);
    is_open_ = true;
    return Done{};
}

/// TLS keeps what it could not send yet, and wants the same bytes again.
Status Channel::send() {
    outgoing_.seal();
    while (outgoing_.size() != 0) {
        const auto bytes = outgoing_.bytes();
        size_t sent = 0;
        const int result =
            SSL_write_ex(ssl_, bytes.data(), std::min(bytes.size(), kRecordBytes), &sent);
        if (result != 1)
            return judge(result);
        outgoing_.sent(sent);
    }
    return Done{};
}

Status Channel::receive(size_t room) {
    std::array<std::byte, kRecordBytes> buffer;
    while (received_ < room) {
        size_t read = 0;
        const int result = SSL_read_ex(ssl_, buffer.data(), buffer.size(), &read);
        if (result != 1)
            return judge(result);
        incoming_.add(std::span(buffer).first(read));
        received_ += read;
    }
    return Done{};
}

/// What a call that has not done its work says: that it has to wait, or that it is over.
Status Channel::judge(int result) {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
            return Done{};
        case SSL_ERROR_WANT_WRITE:
            wants_to_write_ = true;
            return Done{};
        case SSL_ERROR_ZERO_RETURN:
            return Error{"it has closed the connection"};
        case SSL_ERROR_SYSCALL:
            return Error{errno == 0 ? "the connection has ended" : std::strerror(errno)};
        default:
            return Error{why_ended()};
    }
}

std::string Channel::why_ended() {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    const long verdict = SSL_get_verify_result(ssl_);
    if (tls_.files() == nullptr)
        return is_open_
                   ? "what it sends is not from who has the key"
                   : "it has another key (--sync-key, of a cluster --address-key), or is no sluice";
    if (verdict != X509_V_OK) {
        has_refused_ = true;
        return refusal(verdict, *tls_.files());
    }
    if (is_about_certificates(reason))
        return std::string("it refuses this gateway's certificate (--sync-cert): ") +
               ERR_reason_error_string(ERR_peek_last_error());
    return is_open_ ? "what it sends is not from who has the certificate"
                    : "it has no certificate (--sync-cert), or is no sluice";
}

short Channel::events(bool wants_more) const {
    const bool has_to_send = wants_to_write_ || (is_open_ && outgoing_.size() != 0);
    return static_cast<short>((wants_more ? POLLIN : 0) | (has_to_send ? POLLOUT : 0));
}

}  // namespace sluice::sync
