// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Authority: certifies whom a test wants, and as he should not be certified.

#include "catch.h"
#include "sync/certificates.h"
#include "temporary_directory.h"

#include <cstdio>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string>
#include <sys/stat.h>

namespace sluice::sync::testing {

inline constexpr long kDay = 24 * 3600;

/// What a certificate says.
struct Said {
    std::string names = "IP:127.0.0.2";
    long begins = -kDay;  ///< In seconds from now.
    long ends = 365 * kDay;
    std::string uses = "serverAuth, clientAuth";
};

class Authority {
public:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

    explicit Authority(const std::string& name = "authority", long ends = 365 * kDay)
        : name_(name) {
        certificate_ = signed_by_it(*key_, {.names = "", .ends = ends, .uses = ""}, name);
        write("authority", *certificate_);
    }

    /// Files of somebody with this name, which believe this authority: again, in the same place.
    CertificateFiles certify(const std::string& who, const Said& said = {}) {
        const Key key = new_key();
        write(who, *signed_by_it(*key, said, who));
        write_key(who + ".key", *key);
        return {file(who), file(who + ".key"), file("authority"), "", Be32::from_host(0x7f000002)};
    }
    /// The key of who was certified gets a password.
    void encrypt_key(const std::string& who) const {
        write_key(who + ".key", *new_key(), EVP_aes_128_cbc());
    }
    std::string file(const std::string& what) const { return directory_.file(what); }

private:
    static Key new_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

    Certificate signed_by_it(EVP_PKEY& key, const Said& said, const std::string& subject) {
        Certificate made(X509_new(), X509_free);
        X509_set_version(made.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), said.begins);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), said.ends);
        X509_set_pubkey(made.get(), &key);
        set_name(X509_get_subject_name(made.get()), subject);
        set_name(X509_get_issuer_name(made.get()), name_);
        const bool is_own = &key == key_.get();
        extend(*made, NID_basic_constraints, is_own ? "critical,CA:TRUE" : "critical,CA:FALSE");
        if (!said.names.empty())
            extend(*made, NID_subject_alt_name, said.names);
        if (!said.uses.empty())
            extend(*made, NID_ext_key_usage, said.uses);
        REQUIRE(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
        return made;
    }
    static void set_name(X509_NAME* name, const std::string& text) {
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
    }
    static void extend(X509& certificate, int what, const std::string& value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
        REQUIRE(extension != nullptr);
        X509_add_ext(&certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }
    void write(const std::string& name, X509& certificate) const {
        const std::unique_ptr<FILE, decltype(&fclose)> out(fopen(file(name).c_str(), "w"), fclose);
        REQUIRE(PEM_write_X509(out.get(), &certificate) == 1);
    }
    void write_key(const std::string& name, EVP_PKEY& key,
                   const EVP_CIPHER* cipher = nullptr) const {
        constexpr unsigned char kPassword[] = "secret";
        const int length = cipher == nullptr ? 0 : sizeof kPassword - 1;
        const std::unique_ptr<FILE, decltype(&fclose)> out(fopen(file(name).c_str(), "w"), fclose);
        REQUIRE(PEM_write_PrivateKey(out.get(), &key, cipher, kPassword, length, nullptr,
                                     nullptr) == 1);
        REQUIRE(chmod(file(name).c_str(), 0600) == 0);
    }

    test::TemporaryDirectory directory_;
    std::string name_;
    Key key_ = new_key();
    long serial_ = 0;
    Certificate certificate_{nullptr, X509_free};
};

}  // namespace sluice::sync::testing
