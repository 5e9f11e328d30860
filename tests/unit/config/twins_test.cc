// SPDX-License-Identifier: BSD-3-Clause
#include "config/twins.h"

#include "catch.h"
#include "config/load.h"
#include "config/validate.h"
#include "unit/config/loaded.h"

#include <map>
#include <string>
#include <vector>

namespace twins_test {

using namespace sluice;
using namespace sluice::config;

namespace {

/// What load() or validate() says of these flags; empty where all is well.
std::string said_of(const test::Flags& flags) {
    return test::Loaded(test::least_settings(), flags).error();
}

/// Of these the second ones have twins.
Settings two_of_each() {
    return {{"lan", {"af_packet:l0", "af_packet:l0,vlan=30,zone=4,twin=sl2"}},
            {"wan", {"af_packet:w0", "af_packet:w1,twin=sl9"}},
            {"lan-address", {"10.1.0.1/24", "10.2.0.1/24"}},
            {"wan-address", {"198.51.100.1/24", "192.0.2.1/24"}},
            {"gateway", {"198.51.100.254", "192.0.2.254"}}};
}

}  // namespace

TEST_CASE("twins: SSH's port is the kernel's where nothing is said", "[config]") {
    Config config;
    CHECK(twin_ports(config) == std::vector<pool::PortRange>{{22, 22}});
    config.twin_ports = {{179, 179}};
    CHECK(twin_ports(config) == std::vector<pool::PortRange>{{179, 179}});
}

TEST_CASE("twins: ports are a list of ports and ranges", "[config]") {
    const std::vector<std::string> words{"22,179", "60000-60999"};
    const auto ports = read_port_list({"twin-ports", words});
    REQUIRE(ports.ok());
    CHECK(ports.value() == std::vector<pool::PortRange>{{22, 22}, {179, 179}, {60000, 60999}});
    for (const char* wrong : {"0", "65536", "9-8", "ssh", "-"}) {
        CAPTURE(wrong);
        CHECK(said_of({{"wan-twin", "sl0"}, {"twin-ports", wrong}}) ==
              "--twin-ports " + std::string(wrong) +
                  ": ports from 1 to 65535 are wanted, as 22,60000-60999");
    }
}

TEST_CASE("twins: what contradicts itself is refused by name", "[config]") {
    CHECK(said_of({{"lan-twin", "sl1"}, {"wan-twin", "sl0"}, {"twin-ports", "22"}}).empty());
    CHECK(said_of({{"wan-twin", "a/b"}}).starts_with("--wan-twin a/b: an interface name"));
    CHECK(said_of({{"lan-twin", "much-too-long-name"}}).starts_with("--lan-twin much-too-long"));
    CHECK(said_of({{"lan-twin", "sl0"}, {"wan-twin", "sl0"}}) ==
          "--wan-twin sl0: --lan-twin has the same name");
    CHECK(said_of({{"twin-ports", "22"}}) ==
          "--twin-ports 22: there is neither --lan-twin nor --wan-twin");
    CHECK(said_of({{"twin-rate", "50"}}) ==
          "--twin-rate 50: there is neither --lan-twin nor --wan-twin");
    CHECK(said_of({{"lan-twin", "sl1"}, {"twin-rate", "50"}}).empty());
    CHECK(said_of({{"lan", "af_packet:w0"},
                   {"lan-address", "198.51.100.1/24"},
                   {"inside", "10.1.0.0/24"},
                   {"lan-twin", "sl0"}}) ==
          "--lan-twin sl0: --lan and --wan are one port, whose twin is --wan-twin");
    const std::string forward = "tcp 198.51.100.1:8080 -> 10.1.0.10:80";
    CHECK(said_of({{"wan-twin", "sl0"}, {"twin-ports", "8000-8100"}, {"forward", forward}}) ==
          "--twin-ports 8000-8100: it has a port that --forward " + forward + " gives away");
    CHECK(said_of({{"wan-twin", "sl0"}, {"twin-rate", "0"}}).starts_with("--twin-rate 0: "));
}

TEST_CASE("twins: any --lan and --wan can have one, by twin= among what stands behind it",
          "[config]") {
    Settings settings = two_of_each();
    settings["wan-twin"] = {"sl0"};
    const auto config = load(settings, {});
    REQUIRE(config.ok());
    REQUIRE(validate(config.value(), test::kCpus).ok());
    const auto twins = twins_of(config.value());
    REQUIRE(twins.size() == 3);
    CHECK(twins[0].interface == 1);
    CHECK(twins[0].name == "sl2");
    CHECK(twins[0].flag == "lan");
    CHECK(twins[0].value == "af_packet:l0,vlan=30,zone=4,twin=sl2");
    CHECK(twins[1].interface == 2);
    CHECK(twins[1].value == "sl0");
    CHECK(twins[2].interface == 3);
    CHECK(twins[2].value == "af_packet:w1,twin=sl9");
    CHECK(config.value().lans[1].at == Attachment{"af_packet:l0", 30});
    CHECK(config.value().wans[1].at == Attachment{"af_packet:w1", 0});
}

TEST_CASE("twins: of several none contradicts another", "[config]") {
    const auto said = [](auto change) {
        Settings settings = two_of_each();
        change(settings);
        const auto config = load(settings, {});
        if (!config)
            return config.error().message;
        const Status status = validate(config.value(), test::kCpus);
        return status ? "" : status.error().message;
    };
    CHECK(said([](Settings& all) { all["lan"][0] = "af_packet:l0,twin=sl2"; }) ==
          "--lan af_packet:l0,vlan=30,zone=4,twin=sl2: --lan af_packet:l0,twin=sl2 has the same "
          "name");
    CHECK(said([](Settings& all) { all["wan-twin"] = {"sl9"}; }) ==
          "--wan af_packet:w1,twin=sl9: --wan-twin has the same name");
    CHECK(said([](Settings& all) {
              all["lan"][0] = "af_packet:l0,twin=sl1";
              all["lan-twin"] = {"sl3"};
          }) == "--lan-twin sl3: twin=sl1 says it already");
    CHECK(
        said([](Settings& all) {
            all["lan-twin"] = {"sl1"};
            all["lan-address"] = {"10.1.0.1/24", "10.1.0.1/24"};
        })
            .starts_with("--lan af_packet:l0,vlan=30,zone=4,twin=sl2: its subnet overlaps that of "
                         "--lan-twin, "));
    for (const char* wrong : {"", "a/b", "much-too-long-name", "sl1,twin=sl2"}) {
        CAPTURE(wrong);
        const std::string text = "af_packet:l0,twin=" + std::string(wrong);
        CHECK(said([&](Settings& all) { all["lan"][0] = text; }) ==
              "--lan " + text +
                  ": one interface name of 1 to 15 characters is wanted behind twin=");
    }
    CHECK(said_of({{"lan", "af_packet:w0,twin=sl1"},
                   {"lan-address", "198.51.100.1/24"},
                   {"inside", "10.1.0.0/24"}}) ==
          "--lan af_packet:w0,twin=sl1: --lan and --wan are one port, whose twin is --wan-twin");
    CHECK(said([](Settings& all) {
              all["twin-ports"] = {"8080"};
              all["forward"] = {"tcp 192.0.2.1:8080 -> 10.1.0.10:80"};
          }) ==
          "--twin-ports 8080: it has a port that --forward tcp 192.0.2.1:8080 -> "
          "10.1.0.10:80 gives away");
}

}  // namespace twins_test
