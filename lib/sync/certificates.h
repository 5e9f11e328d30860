// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Certificates: files by which the gateways of a pair know one another, where they have no key in
/// common.
///
/// Shape    PEM: this gateway's certificate with those between it and its authority, its key, and
///          the authorities whose certificates are believed. An authority certifies others too, so
///          the peer's certificate must also be of the peer: of the address that it has by --sync,
///          or of a name, among its subject alternative names (RFC 9525; its common name is not
///          looked at, and a wildcard is nobody's).
/// Errors   One sentence that names flag and file; a key that others may read is refused.
/// Memory   Of the key OpenSSL keeps what it needs, as long as its context is there.

#include "base/big_endian.h"
#include "base/result.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <openssl/types.h>
#include <string>
#include <vector>

namespace sluice::sync {

struct CertificateFiles {
    std::string chain;        ///< --sync-cert
    std::string key;          ///< --sync-cert-key
    std::string authorities;  ///< --sync-ca
    std::string peer_name;    ///< Empty: the peer's certificate is of its address.
    Be32 peer{};
};

/// Whoever ends within this time is told of.
inline constexpr std::chrono::hours kSoonOver{30 * 24};

/// What the files hold is what both ends of connections by this context show and believe.
Status use_certificates(SSL_CTX* context, const CertificateFiles& files);

/// A sentence for each of what use_certificates() has read that is not valid at this time, or will
/// not be soon.
std::vector<std::string> ending(SSL_CTX* context, const CertificateFiles& files,
                                std::chrono::system_clock::time_point now);

/// Of each file which it is and when it was written: another one where one of them has changed.
using Stamps = std::array<std::array<int64_t, 7>, 3>;
Stamps stamps_of(const CertificateFiles& files);

/// Why OpenSSL has not believed the peer's certificate, by X509_V_ERR_…
std::string refusal(long verdict, const CertificateFiles& files);

}  // namespace sluice::sync
