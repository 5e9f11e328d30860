// SPDX-License-Identifier: BSD-3-Clause
#include "config/validate.h"

#include "catch.h"
#include "config/load.h"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace validate_test {

using namespace sluice;
using namespace sluice::config;

namespace {

constexpr unsigned kCpus[] = {0, 1, 2, 3};

Settings sound() {
    return {{"lan", {"af_packet:l0"}},
            {"wan", {"af_packet:w0"}},
            {"lan-address", {"10.1.0.1/24"}},
            {"wan-address", {"198.51.100.1/24"}},
            {"gateway", {"198.51.100.254"}},
            {"pool", {"198.51.100.1-198.51.100.4", "203.0.113.0-203.0.113.255"}},
            {"inside", {"10.1.0.0/24", "10.9.0.0/16"}},
            {"route", {"10.9.0.0/16 via 10.1.0.9", "192.0.2.0/24 via 198.51.100.70"}}};
}

using Changes = std::map<std::string, std::string>;

Status validate_with(const Changes& changes) {
    Settings settings = sound();
    for (const auto& [flag, value] : changes)
        settings[flag] = {value};
    const auto config = load(settings, {});
    if (!config)
        FAIL("load: " + config.error().message);
    return validate(config.value(), kCpus);
}

struct Wrong {
    Changes changes;
    std::string flag;
    std::string value;
};

const Wrong kWrong[] = {
    // Ports.
    {{{"lan", "eth0"}}, "lan", "eth0"},
    {{{"wan", "pcap:a"}}, "wan", "pcap:a"},
    {{{"wan", "vdev:net_af_packet9,iface=l0"}}, "wan", "vdev:net_af_packet9,iface=l0"},
    {{{"wan", "af_packet:l0"}, {"wan-address", "10.1.0.9/25"}}, "wan-address", "10.1.0.9/25"},
    {{{"wan", "af_xdp:l0"}}, "wan", "af_xdp:l0"},
    // Rules toward some.
    {{{"no-nat", "10.9.1.0/24 to 192.0.2.0/24 10.9.1.0/24 to 192.0.2.0/24"}},
     "no-nat",
     "10.9.1.0/24 to 192.0.2.0/24"},
    {{{"deny", "172.16.0.0/12 tcp 25"}}, "deny", "172.16.0.0/12 tcp 25"},
    // What the gateway claims cannot be a router's.
    {{{"pool", "198.51.100.60-198.51.100.79"}}, "pool", "198.51.100.60-198.51.100.79"},
    {{{"one-to-one", "198.51.100.70 = 10.1.0.20"}}, "one-to-one", "198.51.100.70 = 10.1.0.20"},
    // A gateway on no subnet.
    {{{"wan-address", "198.51.100.1/32"}}, "wan-address", "198.51.100.1/32"},
    {{{"gateway", "10.1.0.9 onlink"}}, "gateway", "10.1.0.9 onlink"},
    {{{"gateway", "127.0.0.1 onlink"}}, "gateway", "127.0.0.1 onlink"},
    {{{"gateway", "198.51.100.1 onlink"}}, "gateway", "198.51.100.1 onlink"},
    // Own addresses.
    {{{"lan-address", "10.1.0.0/24"}}, "lan-address", "10.1.0.0/24"},
    {{{"lan-address", "10.1.0.255/24"}}, "lan-address", "10.1.0.255/24"},
    {{{"lan-address", "127.0.0.1/8"}}, "lan-address", "127.0.0.1/8"},
    {{{"lan-address", "10.1.0.1/32"}}, "lan-address", "10.1.0.1/32"},
    {{{"lan-address", "10.1.0.1/0"}}, "lan-address", "10.1.0.1/0"},
    {{{"wan-address", "224.0.0.1/24"}}, "wan-address", "224.0.0.1/24"},
    {{{"wan-address", "198.51.100.255/24"}}, "wan-address", "198.51.100.255/24"},
    {{{"lan-address", "198.51.0.1/16"}}, "wan-address", "198.51.100.1/24"},
    // The gateway.
    {{{"gateway", "198.51.101.1"}}, "gateway", "198.51.101.1"},
    {{{"gateway", "198.51.100.1"}}, "gateway", "198.51.100.1"},
    {{{"gateway", "198.51.100.255"}}, "gateway", "198.51.100.255"},
    {{{"gateway", "198.51.100.0"}}, "gateway", "198.51.100.0"},
    // Rules.
    {{{"snat", "10.9.0.0/16 -> 198.51.100.9"}}, "snat", "10.9.0.0/16 -> 198.51.100.9"},
    {{{"snat", "10.1.0.0/25 -> 198.51.100.254"}}, "snat", "10.1.0.0/25 -> 198.51.100.254"},
    {{{"snat", "10.1.0.0/25 -> 10.9.0.1"}}, "snat", "10.1.0.0/25 -> 10.9.0.1"},
    {{{"snat", "10.1.0.0/25 -> 198.51.100.9,198.51.100.9"}},
     "snat",
     "10.1.0.0/25 -> 198.51.100.9,198.51.100.9"},
    {{{"snat", "10.1.0.0/25 -> 203.0.0.0-203.0.255.255"}},
     "snat",
     "10.1.0.0/25 -> 203.0.0.0-203.0.255.255"},
    {{{"snat", "172.16.0.0/12 -> 198.51.100.9"}}, "snat", "172.16.0.0/12 -> 198.51.100.9"},
    {{{"no-nat", "172.16.0.0/12"}}, "no-nat", "172.16.0.0/12"},
    {{{"no-nat", "10.9.0.0/16"}}, "no-nat", "10.9.0.0/16"},
    {{{"no-nat", "198.51.100.8/29"}}, "no-nat", "198.51.100.8/29"},
    // The pool.
    {{{"pool", "198.51.100.250-198.51.100.254"}}, "pool", "198.51.100.250-198.51.100.254"},
    {{{"pool", "10.1.0.1"}}, "pool", "10.1.0.1"},
    {{{"pool", "10.9.3.1"}}, "pool", "10.9.3.1"},
    {{{"pool", "198.51.100.0-198.51.100.4"}}, "pool", "198.51.100.0-198.51.100.4"},
    {{{"pool", "127.0.0.1"}}, "pool", "127.0.0.1"},
    {{{"pool", "126.255.255.250-128.0.0.9"}}, "pool", "126.255.255.250-128.0.0.9"},
    {{{"pool", "0.0.0.0"}}, "pool", "0.0.0.0"},
    {{{"pool", "239.1.1.1"}}, "pool", "239.1.1.1"},
    {{{"pool", "198.51.100.1-198.51.100.4,198.51.100.4"}}, "pool", "198.51.100.4"},
    {{{"pool", "203.0.0.0-203.1.0.0"}}, "pool", "203.0.0.0-203.1.0.0"},
    // Inside.
    {{{"inside", "198.51.100.0/25"}}, "inside", "198.51.100.0/25"},
    {{{"inside", "0.0.0.0/0"}, {"route", "10.9.0.0/16 via 10.1.0.9"}}, "inside", "0.0.0.0/0"},
    {{{"inside", "127.0.0.0/8"}}, "inside", "127.0.0.0/8"},
    {{{"inside", "10.1.0.0/24,10.1.0.0/24"}}, "inside", "10.1.0.0/24"},
    {{{"inside", "172.16.0.0/12"}}, "inside", "172.16.0.0/12"},
    // Routes.
    {{{"route", "10.9.0.0/16 via 10.2.0.9"}}, "route", "10.9.0.0/16 via 10.2.0.9"},
    {{{"route", "0.0.0.0/0 via 198.51.100.7"}}, "route", "0.0.0.0/0 via 198.51.100.7"},
    {{{"route", "10.9.0.0/16 via 10.1.0.1"}}, "route", "10.9.0.0/16 via 10.1.0.1"},
    {{{"route", "10.9.0.0/16 via 10.1.0.255"}}, "route", "10.9.0.0/16 via 10.1.0.255"},
    {{{"route", "127.0.0.0/8 via 10.1.0.9"}}, "route", "127.0.0.0/8 via 10.1.0.9"},
    {{{"route", "10.1.0.0/24 via 10.1.0.9"}}, "route", "10.1.0.0/24 via 10.1.0.9"},
    {{{"route", "198.51.100.128/25 via 10.1.0.9"}}, "route", "198.51.100.128/25 via 10.1.0.9"},
    {{{"route", "10.9.0.0/16 via 10.1.0.9,10.9.5.0/24 via 198.51.100.7"}},
     "route",
     "10.9.5.0/24 via 198.51.100.7"},
    {{{"route", "10.9.0.0/16 via 10.1.0.9,10.9.0.0/16 via 10.1.0.8"}},
     "route",
     "10.9.0.0/16 via 10.1.0.8"},
    // CPUs.
    {{{"workers", "2"}, {"worker-cores", "1"}}, "workers", "2"},
    {{{"worker-cores", "1,4"}}, "worker-cores", "4"},
    {{{"worker-cores", "1,1"}}, "worker-cores", "1,1"},
    {{{"control-core", "7"}}, "control-core", "7"},
    {{{"control-core", "2"}, {"worker-cores", "1-3"}}, "control-core", "2"},
    // Operation.
    {{{"control-socket", std::string(108, 'x')}}, "control-socket", std::string(108, 'x')},
    {{{"control-socket", "relative.sock"}}, "control-socket", "relative.sock"},
};

}  // namespace

TEST_CASE("validate: a sound configuration passes", "[config]") {
    const Changes changes = GENERATE(values<Changes>({
        {},
        {{"worker-cores", "1-3"}, {"workers", "3"}, {"control-core", "0"}},
        {{"workers", "63"}},
        {{"wan-address", "198.51.100.8/31"},
         {"gateway", "198.51.100.9"},
         {"pool", "198.51.100.8"},
         {"route", "10.9.0.0/16 via 10.1.0.9"}},
        {{"inside", "10.0.0.0/8"}},
        {{"snat", "10.1.0.0/25 -> 198.51.100.3-198.51.100.9"}, {"no-nat", "10.1.0.8/29"}},
        {{"route", "10.0.0.0/8 via 198.51.100.7"}, {"inside", "10.1.0.0/24"}},
    }));
    const Status status = validate_with(changes);
    if (!status)
        FAIL(status.error().message);
    SUCCEED();
}

TEST_CASE("validate: an address alone on its link needs a gateway that is on the link",
          "[config]") {
    CHECK(validate_with({{"wan-address", "198.51.100.1/32"},
                         {"gateway", "10.255.0.1 onlink"},
                         {"pool", "198.51.100.1-198.51.100.1"},
                         {"route", "10.9.0.0/16 via 10.1.0.9"}})
              .ok());
}

TEST_CASE("validate: a contradiction is named with the flag and the value", "[config]") {
    for (const Wrong& wrong : kWrong) {
        CAPTURE(wrong.flag, wrong.value);
        const Status status = validate_with(wrong.changes);
        REQUIRE_FALSE(status.ok());
        const std::string& message = status.error().message;
        CAPTURE(message);
        CHECK(message.starts_with("--" + wrong.flag + ' ' + wrong.value + ": "));
        CHECK(message.find('\n') == std::string::npos);
    }
}

TEST_CASE("validate: EAL arguments that sluice sets itself are refused", "[config]") {
    const std::string argument =
        GENERATE("-l", "-l0-3", "--lcores=0-1", "-m", "-m64", "--no-huge", "--in-memory",
                 "--no-pci", "-a", "--file-prefix", "--file-prefix=x", "--proc-type=secondary");
    Result<Config> config = load(sound(), {argument});
    REQUIRE(config.ok());
    const Status status = validate(config.value(), kCpus);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.find(argument) != std::string::npos);
}

TEST_CASE("validate: other EAL arguments pass", "[config]") {
    Result<Config> config = load(sound(), {"--log-level=eal:debug", "--iova-mode=va",
                                           "--no-telemetry", "--main-log", "--no-hpet"});
    REQUIRE(config.ok());
    CHECK(validate(config.value(), kCpus).ok());
}

TEST_CASE("validate: rules of one network stand beside each other where they are toward others",
          "[config]") {
    CHECK(
        validate_with({{"no-nat", "10.9.0.0/16 to 192.0.2.0/24 10.9.0.0/16 tcp 10.9.0.0/16 tcp 25"},
                       {"deny", "10.9.0.0/16 tcp 25, 10.9.0.0/16 tcp 25"}})
            .ok());
}

TEST_CASE("validate: more ranges of ports over one port than a search may look at are refused",
          "[config]") {
    std::string ranges;
    for (int i = 1; i <= 65; ++i)
        ranges += " 10.9.0.0/16 tcp " + std::to_string(i) + "-1000";
    const Status status = validate_with({{"deny", ranges}});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.starts_with("--deny "));
}

TEST_CASE("validate: ten thousand rules are soon looked through", "[config]") {
    Settings settings = sound();
    settings["inside"] = {"10.9.0.0/16"};
    std::vector<std::string> rules;
    for (int i = 0; i < 10000; ++i)
        rules.push_back("10." + std::to_string(16 + i / 256) + '.' + std::to_string(i % 256) +
                        ".0/24 -> 192.0." + std::to_string(i / 256) + '.' +
                        std::to_string(i % 256));
    settings["snat"] = rules;
    settings["route"] = {"10.0.0.0/8 via 10.1.0.9"};
    const auto config = load(settings, {});
    REQUIRE(config.ok());
    const auto start = std::chrono::steady_clock::now();
    const Status status = validate(config.value(), kCpus);
    if (!status)
        FAIL(status.error().message);
    // A pairwise look takes minutes; this one tens of milliseconds.
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("validate: one port for both sides may have one address, of an inside network or not",
          "[config]") {
    Settings cloud = sound();
    cloud["wan"] = cloud["lan"];
    cloud["lan-address"] = cloud["wan-address"];
    cloud["route"] = {"10.9.0.0/16 via 198.51.100.9"};
    const auto in_cloud = load(cloud, {});
    REQUIRE(in_cloud);
    CHECK(is_one_armed(in_cloud.value()));
    CHECK(validate(in_cloud.value(), kCpus).ok());

    // At home: the hosts are on the subnet of the gateway's only address, and leave by it.
    Settings home{{"lan", {"af_packet:l0"}},
                  {"wan", {"af_packet:l0"}},
                  {"lan-address", {"192.168.1.2/24"}},
                  {"wan-address", {"192.168.1.2/24"}},
                  {"gateway", {"192.168.1.1"}}};
    const auto at_home = load(home, {});
    REQUIRE(at_home);
    CHECK(validate(at_home.value(), kCpus).ok());

    home["wan"] = {"af_packet:w0"};
    CHECK_FALSE(validate(load(home, {}).value(), kCpus).ok());
}

}  // namespace validate_test
