// SPDX-License-Identifier: BSD-3-Clause
#include "sync/certificates.h"

#include "base/descriptor.h"
#include "net/text.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string_view>
#include <sys/stat.h>

namespace sluice::sync {
namespace {

using std::string;

constexpr off_t kMostBytes = 1 << 20;  // of one file

template <auto free>
struct FreedBy {
    template <typename T>
    void operator()(T* object) const {
        free(object);
    }
};
using BioPointer = std::unique_ptr<BIO, FreedBy<BIO_free>>;
using CertificatePointer = std::unique_ptr<X509, FreedBy<X509_free>>;
using PrivateKeyPointer = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;

/// A flag and its value, to begin a sentence with.
string named(const char* flag, const string& file) {
    return string("--sync-") + flag + ' ' + file + ": ";
}

/// What OpenSSL says of its last error, which is over then.
string openssl_reason() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    const string reason = text == nullptr ? "OpenSSL does not take it" : text;
    ERR_clear_error();
    return reason;
}

/// The text of a file, which is not left in memory.
struct Text {
    string bytes{};

    Text() = default;
    Text(Text&&) = default;
    ~Text() { explicit_bzero(bytes.data(), bytes.size()); }

    BioPointer reader() const {
        return BioPointer(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    }
};

enum class ReadBy : uint8_t { Anybody, OwnerAlone };

Result<Text> text_of(const char* flag, const string& file, ReadBy readers) {
    // Not blocking: a pipe that nobody writes to is refused, not waited for.
    const Descriptor opened(open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status {};
    if (!opened || fstat(opened.get(), &status) != 0)
        return Error{named(flag, file) + std::strerror(errno)};
    if (!S_ISREG(status.st_mode) || status.st_size > kMostBytes)
        return Error{named(flag, file) + "a file of PEM is wanted"};
    if (readers == ReadBy::OwnerAlone && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return Error{named(flag, file) + "others than its owner may use it (chmod 600)"};
    Text text;
    text.bytes.resize(static_cast<size_t>(status.st_size));
    if (read(opened.get(), text.bytes.data(), text.bytes.size()) != status.st_size)
        return Error{named(flag, file) + "it cannot be read"};
    return text;
}

/// OpenSSL would ask at the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) {
    return -1;
}

CertificatePointer next_certificate(BIO* reader) {
    return CertificatePointer(PEM_read_bio_X509(reader, nullptr, no_password, nullptr));
}

/// After the last one: whether the file ends there, or goes on with what is none.
bool is_at_end() {
    const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return is_end;
}

/// Both gateways are servers and clients.
bool is_for_both_ends(X509* certificate) {
    return X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) == 1 &&
           X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) == 1;
}

Status use_chain(SSL_CTX* context, const string& file) {
    const auto text = text_of("cert", file, ReadBy::Anybody);
    if (!text)
        return text.error();
    const BioPointer reader = text.value().reader();
    const CertificatePointer own = next_certificate(reader.get());
    if (own == nullptr)
        return Error{named("cert", file) + "there is no certificate in it (PEM is wanted)"};
    if (!is_for_both_ends(own.get()))
        return Error{named("cert", file) +
                     "its certificate is to be good for servers and for clients: "
                     "extendedKeyUsage = serverAuth, clientAuth"};
    if (SSL_CTX_use_certificate(context, own.get()) != 1)
        return Error{named("cert", file) + openssl_reason()};
    while (CertificatePointer issuer = next_certificate(reader.get())) {
        if (SSL_CTX_add0_chain_cert(context, issuer.get()) != 1)
            return Error{named("cert", file) + openssl_reason()};
        static_cast<void>(issuer.release());  // the context's
    }
    if (!is_at_end())
        return Error{named("cert", file) + "it goes on with what is no certificate"};
    return Done{};
}

Status use_key(SSL_CTX* context, const CertificateFiles& files) {
    const auto text = text_of("cert-key", files.key, ReadBy::OwnerAlone);
    if (!text)
        return text.error();
    const PrivateKeyPointer key(
        PEM_read_bio_PrivateKey(text.value().reader().get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (key == nullptr)
        return Error{named("cert-key", files.key) +
                     "there is no key in it, or one with a password (PEM without is wanted)"};
    const bool is_its =
        SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
    ERR_clear_error();
    if (!is_its)
        return Error{named("cert-key", files.key) + "it is not the key of " + files.chain};
    return Done{};
}

Status use_authorities(SSL_CTX* context, const string& file) {
    const auto text = text_of("ca", file, ReadBy::Anybody);
    if (!text)
        return text.error();
    const BioPointer reader = text.value().reader();
    size_t count = 0;
    for (; CertificatePointer authority = next_certificate(reader.get()); ++count)
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1)
            return Error{named("ca", file) + openssl_reason()};
    if (!is_at_end() || count == 0)
        return Error{named("ca", file) + "certificates of authorities are wanted, as PEM"};
    return Done{};
}

Status expect_peer(SSL_CTX* context, const CertificateFiles& files) {
    X509_VERIFY_PARAM* expected = SSL_CTX_get0_param(context);
    const auto* address = reinterpret_cast<const unsigned char*>(&files.peer.raw);
    const int is_set = files.peer_name.empty()
                           ? X509_VERIFY_PARAM_set1_ip(expected, address, sizeof files.peer.raw)
                           : X509_VERIFY_PARAM_set1_host(expected, files.peer_name.c_str(), 0);
    // An authority that is named is believed, also where another one has certified it.
    if (is_set != 1 || X509_VERIFY_PARAM_set_flags(expected, X509_V_FLAG_PARTIAL_CHAIN) != 1)
        return Error{"--sync-ca: OpenSSL has no memory"};
    X509_VERIFY_PARAM_set_hostflags(
        expected, X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return Done{};
}

time_t moment_of(const ASN1_TIME* time) {
    tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : time_t{0};
}

string date_text(time_t moment) {
    tm parts{};
    std::array<char, 32> text{};
    gmtime_r(&moment, &parts);
    return string(text.data(), std::strftime(text.data(), text.size(), "%F %R UTC", &parts));
}

/// What is to be said of a certificate's time; empty when it is well within it.
string time_text(const X509* certificate, time_t now) {
    const time_t begin = moment_of(X509_get0_notBefore(certificate));
    const time_t end = moment_of(X509_get0_notAfter(certificate));
    if (now < begin)
        return "begins on " + date_text(begin) + ", and is refused until then";
    if (now > end)
        return "has ended on " + date_text(end) + ", and is refused";
    if (end - now < std::chrono::seconds(kSoonOver).count())
        return "ends on " + date_text(end);
    return {};
}

}  // namespace

Status use_certificates(SSL_CTX* context, const CertificateFiles& files) {
    ERR_clear_error();
    if (Status status = use_chain(context, files.chain); !status)
        return status;
    if (Status status = use_key(context, files); !status)
        return status;
    if (Status status = use_authorities(context, files.authorities); !status)
        return status;
    return expect_peer(context, files);
}

std::vector<string> ending(SSL_CTX* context, const CertificateFiles& files,
                           std::chrono::system_clock::time_point now) {
    const time_t moment = std::chrono::system_clock::to_time_t(now);
    std::vector<string> said;
    const auto look_at = [&](const X509* certificate, const string& what) {
        if (const string text = time_text(certificate, moment); !text.empty())
            said.push_back(what + text);
    };
    look_at(SSL_CTX_get0_certificate(context), named("cert", files.chain) + "its certificate ");
    STACK_OF(X509)* issuers = nullptr;
    SSL_CTX_get0_chain_certs(context, &issuers);
    for (int i = 0; i < sk_X509_num(issuers); ++i)
        look_at(sk_X509_value(issuers, i), named("cert", files.chain) + "an issuer's certificate ");
    STACK_OF(X509)* authorities = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_num(authorities); ++i)
        look_at(sk_X509_value(authorities, i), named("ca", files.authorities) + "a certificate ");
    sk_X509_pop_free(authorities, X509_free);
    return said;
}

Stamps stamps_of(const CertificateFiles& files) {
    Stamps stamps{};
    size_t place = 0;
    for (const string* file : {&files.chain, &files.key, &files.authorities}) {
        struct stat now {};
        if (stat(file->c_str(), &now) == 0)
            stamps[place] = {static_cast<int64_t>(now.st_dev),
                             static_cast<int64_t>(now.st_ino),
                             now.st_size,
                             now.st_mtim.tv_sec,
                             now.st_mtim.tv_nsec,
                             now.st_ctim.tv_sec,
                             now.st_ctim.tv_nsec};
        ++place;
    }
    return stamps;
}

string refusal(long verdict, const CertificateFiles& files) {
    const string begin = "its certificate is refused: ";
    switch (verdict) {
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return begin + "its subject alternative names lack IP:" + net::to_string(files.peer);
        case X509_V_ERR_HOSTNAME_MISMATCH:
            return begin + "its subject alternative names lack DNS:" + files.peer_name +
                   " (--sync-peer-name)";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return begin + "it is of no authority in " + files.authorities + " (--sync-ca)";
        default:
            return begin + X509_verify_cert_error_string(verdict);
    }
}

}  // namespace sluice::sync
