// SPDX-License-Identifier: BSD-3-Clause
#include "sync/certificates.h"

#include "authority.h"
#include "catch.h"
#include "sync/channel.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace certificates_test {

using namespace sluice;
using namespace sluice::sync;
using sluice::sync::testing::Authority;
using sluice::sync::testing::kDay;
using std::chrono::hours;
using std::chrono::system_clock;

namespace {

/// Why these files are of no use; empty where they are.
std::string why_not(const CertificateFiles& files) {
    const auto tls = Tls::create(files);
    return tls ? "" : tls.error().message;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("sync certificates: a chain, its key and an authority are read", "[sync]") {
    Authority authority;
    CertificateFiles files = authority.certify("a");
    CHECK(why_not(files).empty());
    files.peer_name = "b.example.net";
    CHECK(why_not(files).empty());
    // The authority's behind its own, as a chain is written.
    std::ofstream(files.chain, std::ios::app) << std::ifstream(files.authorities).rdbuf();
    CHECK(why_not(files).empty());
}

TEST_CASE("sync certificates: what cannot be used is refused, with flag and file", "[sync]") {
    Authority authority;
    const CertificateFiles good = authority.certify("a");
    const CertificateFiles other = authority.certify("b");
    CertificateFiles files = good;
    SECTION("a file that is not there") {
        for (std::string CertificateFiles::*file :
             {&CertificateFiles::chain, &CertificateFiles::key, &CertificateFiles::authorities}) {
            files = good;
            files.*file = "/nowhere/it.pem";
            CHECK(contains(why_not(files), "/nowhere/it.pem: No such file"));
        }
    }
    SECTION("another's key") {
        files.key = other.key;
        CHECK(why_not(files) ==
              "--sync-cert-key " + other.key + ": it is not the key of " + good.chain);
    }
    SECTION("a key that others may read") {
        REQUIRE(chmod(files.key.c_str(), 0640) == 0);
        CHECK(contains(why_not(files), "--sync-cert-key " + files.key + ": others than its owner"));
    }
    SECTION("no PEM") {
        std::ofstream(files.chain) << "none\n";
        CHECK(contains(why_not(files), "--sync-cert " + files.chain + ": there is no certificate"));
    }
    SECTION("a chain that is cut off") {
        std::ofstream(files.chain, std::ios::app)
            << "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        CHECK(contains(why_not(files), "it goes on with what is no certificate"));
    }
    SECTION("authorities that are none") {
        std::ofstream(files.authorities) << "";
        CHECK(contains(why_not(files), "--sync-ca " + files.authorities + ": certificates of"));
    }
    SECTION("a directory, and a pipe that nobody writes to") {
        files.authorities = "/tmp";
        CHECK(contains(why_not(files), "--sync-ca /tmp: a file of PEM is wanted"));
        files.authorities = authority.file("pipe");
        REQUIRE(mkfifo(files.authorities.c_str(), 0600) == 0);
        CHECK(contains(why_not(files), "a file of PEM is wanted"));
    }
    SECTION("a certificate that is for servers alone") {
        CHECK(contains(why_not(authority.certify("a", {.uses = "serverAuth"})),
                       "for servers and for clients"));
    }
}

TEST_CASE("sync certificates: an encrypted key is refused, and nobody is asked for its password",
          "[sync]") {
    Authority authority;
    const CertificateFiles files = authority.certify("a");
    authority.encrypt_key("a");
    CHECK(contains(why_not(files), "--sync-cert-key " + files.key + ": there is no key in it"));
}

TEST_CASE("sync certificates: of what ends within 30 days one is told", "[sync]") {
    Authority authority("authority", 400 * kDay);
    const CertificateFiles files = authority.certify("a", {.ends = 100 * kDay});
    const auto tls = Tls::create(files).value();
    const auto now = system_clock::now();
    CHECK(tls->ending(now).empty());
    CHECK(tls->ending(now + hours(69 * 24)).empty());
    auto said = tls->ending(now + hours(71 * 24));
    REQUIRE(said.size() == 1);
    CHECK(said[0].starts_with("--sync-cert " + files.chain + ": its certificate ends on 20"));
    said = tls->ending(now + hours(101 * 24));
    REQUIRE(said.size() == 1);
    CHECK(contains(said[0], ": its certificate has ended on 20"));
    said = tls->ending(now + hours(380 * 24));
    REQUIRE(said.size() == 2);
    CHECK(said[1].starts_with("--sync-ca " + files.authorities + ": a certificate ends on 20"));
    said = tls->ending(now - hours(2 * 24));
    REQUIRE(said.size() == 2);  // the authority too
    CHECK(contains(said[0], ": its certificate begins on 20"));
}

TEST_CASE("sync certificates: a file that is replaced or written has another stamp", "[sync]") {
    Authority authority;
    const CertificateFiles files = authority.certify("a");
    const Stamps before = stamps_of(files);
    CHECK(stamps_of(files) == before);
    for (const std::string& file : {files.chain, files.key, files.authorities}) {
        const Stamps last = stamps_of(files);
        // As programs do that renew: another file takes its place.
        std::filesystem::copy_file(file, file + ".new");
        std::filesystem::rename(file + ".new", file);
        CHECK(stamps_of(files) != last);
    }
    unlink(files.chain.c_str());
    CHECK(stamps_of(files)[0] == Stamps{}[0]);
}

}  // namespace certificates_test
