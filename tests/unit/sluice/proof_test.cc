// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/proof.h"

#include "../sync/authority.h"
#include "catch.h"
#include "testing/temporary_file.h"

#include <string>
#include <sys/stat.h>
#include <variant>

namespace proof_test {

using namespace sluice;
using namespace sluice::app;
using sync::testing::Authority;
using sync::testing::kDay;

namespace {

config::Config with_key(const std::string& file) {
    config::Config config;
    config.sync = config::Sync{};
    config.sync_key = file;
    return config;
}

config::Config with_certificates(const sync::CertificateFiles& files) {
    config::Config config;
    config.sync = config::Sync{};
    config.sync->peer.address = Be32::from_host(0xc0000202);
    config.address_key = pool::AddressKey(1, 2);
    config.sync_certificates = {files.chain, files.key, files.authorities, "b.example.net"};
    return config;
}

}  // namespace

TEST_CASE("proof: a gateway that is alone needs none", "[sluice]") {
    CHECK(check_proof({}).value().empty());
}

TEST_CASE("proof: a pair's key is checked, and other keys follow from it", "[sluice]") {
    const sluice::testing::TemporaryFile file(std::string(64, 'a') + '\n');
    REQUIRE(chmod(file.path().c_str(), 0600) == 0);
    const config::Config config = with_key(file.path());
    CHECK(check_proof(config).value().empty());
    CHECK(std::get<sync::Key>(proof_of(config).value()) == common_key(config).value());
    CHECK(check_proof(with_key("/nowhere/key")).error().message.starts_with("--sync-key /nowhere"));
}

TEST_CASE("proof: certificates are checked, of those that end soon one is told", "[sluice]") {
    Authority authority;
    config::Config config = with_certificates(authority.certify("a"));
    CHECK(check_proof(config).value().empty());
    const auto files = std::get<sync::CertificateFiles>(proof_of(config).value());
    CHECK(files.peer == Be32::from_host(0xc0000202));
    CHECK(files.peer_name == "b.example.net");
    authority.certify("a", {.ends = 20 * kDay});
    CHECK(check_proof(config).value().size() == 1);
    config.sync_certificates.authority = "/nowhere/ca.pem";
    CHECK(check_proof(config).error().message.starts_with("--sync-ca /nowhere/ca.pem"));
}

TEST_CASE("proof: with certificates other keys follow from the pair's key or the address key",
          "[sluice]") {
    Authority authority;
    config::Config config = with_certificates(authority.certify("a"));
    const sync::Key key = common_key(config).value();
    CHECK(common_key(with_certificates(authority.certify("b"))).value() == key);
    config.address_key = pool::AddressKey(1, 3);
    CHECK(common_key(config).value() != key);

    const sluice::testing::TemporaryFile file(std::string(64, 'a') + '\n');
    REQUIRE(chmod(file.path().c_str(), 0600) == 0);
    config.sync_key = file.path();
    CHECK(common_key(config).value() == common_key(with_key(file.path())).value());
    CHECK(std::holds_alternative<sync::CertificateFiles>(proof_of(config).value()));
    CHECK(check_proof(config).value().empty());
    config.sync_key = "/nowhere/key";
    CHECK(check_proof(config).error().message.starts_with("--sync-key /nowhere"));
}

}  // namespace proof_test
