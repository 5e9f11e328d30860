// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_sync.h"

#include "catch.h"

#include <string>
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

}  // namespace read_sync_test
