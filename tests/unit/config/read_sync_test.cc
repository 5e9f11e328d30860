// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_sync.h"

#include "catch.h"

#include <string>
#include <utility>
#include <vector>

namespace read_sync_test {

using namespace sluice;
using namespace sluice::config;

namespace {

Result<Sync> read(const std::string& word) {
    const std::vector<std::string> given{word};
    return read_sync({"sync", given});
}

}  // namespace

TEST_CASE("sync: both places, in any order, and a priority", "[config]") {
    auto sync = read("peer=192.0.2.2:3781,priority=7,listen=192.0.2.1:3780");
    REQUIRE(sync.ok());
    CHECK(sync->listen.address == Be32::from_host(0xc0000201));
    CHECK(sync->listen.port == Be16::from_host(3780));
    CHECK(sync->peer.address == Be32::from_host(0xc0000202));
    CHECK(sync->peer.port == Be16::from_host(3781));
    CHECK(sync->priority == 7);
    CHECK(read("listen=192.0.2.1:1,peer=192.0.2.2:1").value().priority == 100);
}

TEST_CASE("sync: what is malformed is refused with what is wanted", "[config]") {
    for (const char* word :
         {"", "listen=192.0.2.1:3780", "peer=192.0.2.1:3780", "listen=192.0.2.1,peer=192.0.2.2:1",
          "listen=192.0.2.1:0,peer=192.0.2.2:1", "listen=0.0.0.0:1,peer=192.0.2.2:1",
          "listen=192.0.2.1:1,peer=224.0.0.1:1", "listen=a:1,peer=192.0.2.2:1",
          "listen=192.0.2.1:1,peer=192.0.2.2:1,priority=0",
          "listen=192.0.2.1:1,peer=192.0.2.2:1,priority=256",
          "listen=192.0.2.1:1,peer=192.0.2.2:1,priority=x",
          "listen=192.0.2.1:1,listen=192.0.2.1:1,peer=192.0.2.2:1",
          "listen=192.0.2.1:1,peer=192.0.2.2:1,name=x", "listen,peer"}) {
        CAPTURE(word);
        const auto sync = read(word);
        REQUIRE_FALSE(sync);
        CHECK(sync.error().message.starts_with("--sync "));
        CHECK(sync.error().message.find("listen=ADDRESS:PORT") != std::string::npos);
    }
}

TEST_CASE("sync: key and role are for two gateways, and two need a key", "[config]") {
    Config config;
    CHECK(check_sync(config).ok());
    config.role = Role::Standby;
    CHECK_FALSE(check_sync(config).ok());
    config.sync = Sync{};
    CHECK_FALSE(check_sync(config).ok());
    config.sync_key = "/etc/sluice/sync.key";
    CHECK(check_sync(config).ok());
    config.sync.reset();
    config.role = Role::Active;
    CHECK_FALSE(check_sync(config).ok());
}

TEST_CASE("sync: certificates are three files, and a key that addresses follow from", "[config]") {
    const auto says = [](const Config& config) {
        const Status status = check_sync(config);
        return status ? "" : status.error().message;
    };
    Config config;
    config.sync = Sync{};
    config.address_key = pool::AddressKey{1};
    config.sync_certificates = {"/c.pem", "/c.key", "/ca.pem", ""};
    CHECK(says(config).empty());
    config.sync_certificates.peer_name = "b.example.net";
    CHECK(says(config).empty());
    SECTION("another key than that of addresses") {
        config.sync_key = "/sync.key";
        CHECK(says(config).empty());
        config.address_key.reset();
        CHECK(says(config).empty());
    }
    SECTION("one file is missing") {
        const auto [file, flag] =
            GENERATE(std::pair(&SyncCertificates::chain, "--sync-cert FILE"),
                     std::pair(&SyncCertificates::key, "--sync-cert-key FILE"),
                     std::pair(&SyncCertificates::authority, "--sync-ca FILE"));
        config.sync_certificates.*file = "";
        CHECK(says(config).find(flag) != std::string::npos);
    }
    SECTION("no key at all") {
        config.address_key.reset();
        CHECK(says(config).starts_with("--sync-cert: --sync-key FILE or --address-key KEY is"));
    }
    SECTION("a gateway that is alone") {
        config.sync.reset();
        CHECK(says(config).starts_with("--sync-cert /c.pem: it is for --sync"));
    }
}

TEST_CASE("sync: a peer's name is a whole DNS name", "[config]") {
    const auto is_name = [](const std::string& word) {
        const std::vector<std::string> given{word};
        return read_peer_name({"sync-peer-name", given}).ok();
    };
    for (const char* word : {"b", "b.example.net", "B-2.example.net", "_x.example", "10.x"})
        CHECK(is_name(word));
    for (const std::string& word :
         {std::string(), std::string(".example.net"), std::string("*.example.net"),
          std::string("b..net"), std::string("b.net."), std::string("192.0.2.2"),
          std::string("b net"), std::string("2001:db8::1"), std::string(64, 'a'),
          std::string(127, 'a') + '.' + std::string(127, 'a')})
        CHECK_FALSE(is_name(word));
}

}  // namespace read_sync_test
