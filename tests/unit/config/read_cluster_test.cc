// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_cluster.h"

#include "catch.h"
#include "loaded.h"

#include <string>
#include <vector>

namespace read_cluster_test {

using namespace sluice;
using namespace sluice::config;

namespace {

Result<Cluster> read(const std::vector<std::string>& words) {
    return read_cluster({"cluster", words});
}

/// What a configuration with these flags beside a cluster's is refused for; empty where it is not.
std::string said_of(const test::Flags& changes) {
    test::Flags flags{{"cluster", "etcd=http://10.9.0.1:2379,name=a"},
                      {"address-key", "000102030405060708090a0b0c0d0e0f"},
                      {"inside", "10.1.0.0/24"},
                      {"pool", "198.51.100.10-198.51.100.13"}};
    for (const auto& [flag, value] : changes)
        flags[flag] = value;
    return test::Loaded(test::least_settings(), flags).error();
}

}  // namespace

TEST_CASE("cluster: a name and some servers of etcd, in any order", "[config]") {
    auto one = read({"etcd=http://192.0.2.1:2379,name=gw-1.example_net"});
    REQUIRE(one.ok());
    CHECK(one->urls == std::vector<std::string>{"http://192.0.2.1:2379"});
    CHECK(one->name == "gw-1.example_net");
    auto three =
        read({"name=b,etcd=http://192.0.2.1:2379,http://192.0.2.2:2379,http://192.0.2.3:23790"});
    REQUIRE(three.ok());
    CHECK(three->urls == std::vector<std::string>{"http://192.0.2.1:2379", "http://192.0.2.2:2379",
                                                  "http://192.0.2.3:23790"});
    CHECK(read({"etcd=http://192.0.2.1:2379,http://192.0.2.2:2379,name=c"}).value().urls.size() ==
          2);
}

TEST_CASE("cluster: where flows are taken may be said", "[config]") {
    auto listens = read({"etcd=http://192.0.2.1:2379,listen=10.9.0.1:3781,name=a"});
    REQUIRE(listens.ok());
    CHECK(listens->listen == net::Endpoint{Be32::from_host(0x0a090001), Be16::from_host(3781)});
    CHECK_FALSE(read({"etcd=http://192.0.2.1:2379,name=a"}).value().listen);
}

TEST_CASE("cluster: what is malformed is refused with what is wanted", "[config]") {
    for (const char* word :
         {"",
          "name=a",
          "etcd=http://192.0.2.1:2379",
          "etcd=,name=a",
          "etcd=192.0.2.1:2379,name=a",
          "etcd=https://192.0.2.1:2379,name=a",
          "etcd=http://192.0.2.1,name=a",
          "etcd=http://etcd.example.net:2379,name=a",
          "etcd=http://192.0.2.1:0,name=a",
          "etcd=http://192.0.2.1:2379/,name=a",
          "etcd=http://192.0.2.1:2379,name=",
          "etcd=http://192.0.2.1:2379,name=a/b",
          "etcd=http://192.0.2.1:2379,name=a,name=b",
          "etcd=http://192.0.2.1:2379,name=a,http://192.0.2.2:2379",
          "http://192.0.2.1:2379,name=a",
          "etcd=http://192.0.2.1:2379,name=a,ttl=5",
          "etcd=http://192.0.2.1:2379,name=a,listen=10.9.0.1",
          "etcd=http://192.0.2.1:2379,name=a,listen=0.0.0.0:3781",
          "etcd=http://192.0.2.1:2379,name=a,listen=",
          "etcd=http://192.0.2.1:2379,name=a,listen=10.9.0.1:3781,listen=10.9.0.1:3782"}) {
        CAPTURE(word);
        const auto cluster = read({word});
        REQUIRE_FALSE(cluster);
        CHECK(cluster.error().message.starts_with("--cluster "));
        CHECK(cluster.error().message.find("etcd=URL") != std::string::npos);
    }
    CHECK_FALSE(read({"etcd=http://192.0.2.1:2379,name=" + std::string(64, 'a')}).ok());
    CHECK(read({"etcd=http://192.0.2.1:2379,name=" + std::string(63, 'a')}).ok());
}

TEST_CASE("cluster: with a pool of its own and an address key it is taken", "[config]") {
    CHECK(said_of({}) == "");
    CHECK(said_of({{"pool", ""},
                   {"inside", ""},
                   {"snat", "10.1.0.0/24 -> 198.51.100.10-198.51.100.13"}}) == "");
}

TEST_CASE("cluster: what does not go with it is named", "[config]") {
    const auto says = [](const test::Flags& changes, const char* words) {
        const std::string said = said_of(changes);
        CAPTURE(said);
        return said.starts_with("--cluster name=a: ") && said.find(words) != std::string::npos;
    };
    CHECK(
        says({{"sync", "listen=10.9.0.1:7000,peer=10.9.0.2:7000"}, {"sync-key", "/etc/sluice/key"}},
             "--sync"));
    CHECK(says({{"address-key", ""}}, "--address-key KEY is wanted too"));
    CHECK(says({{"port-block-size", "512"}}, "--port-block-size"));
    // Without --pool the gateway's own address is what hosts are seen as.
    CHECK(says({{"pool", ""}}, "198.51.100.1 is this gateway's own"));
    CHECK(says({{"pool", "198.51.100.1-198.51.100.4"}}, "198.51.100.1 is this gateway's own"));
    CHECK(says({{"forward", "tcp 198.51.100.1:80 -> 10.1.0.5:80"}},
               "198.51.100.1 is this gateway's own"));
    CHECK(says({{"pool", "100.64.0.0-100.64.31.255"}}, "8192 public addresses are too many"));
}

}  // namespace read_cluster_test
