// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/kernel_addresses.h"

#include "catch.h"

#include <algorithm>
#include <array>

namespace kernel_addresses_test {

using namespace sluice;
using namespace sluice::app;

namespace {

constexpr Be32 ip(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return Be32::from_host(uint32_t{a} << 24 | uint32_t{b} << 16 | uint32_t{c} << 8 | d);
}

config::Config on(const std::string& lan, const std::string& wan) {
    config::Config config;
    config.lans = {{{lan}, {ip(10, 1, 0, 1), 24}}};
    config.wans.resize(1);
    config.wans[0].at.port = wan;
    config.wans[0].own = {ip(198, 51, 100, 1), 24};
    config.inside = {{ip(10, 1, 0, 0), 24}};
    config.pool = {{ip(198, 51, 100, 8), ip(198, 51, 100, 15)}};
    return config;
}

std::string why(const config::Config& config, const KernelAddress& held) {
    const Status status = check_kernel_addresses(config, std::array{held});
    return status ? "" : status.error().message;
}

}  // namespace

TEST_CASE("kernel addresses: one that is the gateway's is refused with the cure", "[sluice]") {
    const auto config = on("af_packet:lan", "af_packet:wan");
    CHECK(why(config, {"wan", {ip(198, 51, 100, 1), 24}}) ==
          "--wan-address 198.51.100.1: the kernel has this address on wan and would answer too; "
          "`ip address delete 198.51.100.1/24 dev wan` takes it away");
    CHECK(why(config, {"lan", {ip(10, 1, 0, 1), 16}}).starts_with("--lan-address 10.1.0.1: "));
    CHECK(why(config, {"wan", {ip(198, 51, 100, 15), 24}})
              .starts_with("public address 198.51.100.15"));
}

TEST_CASE("kernel addresses: the kernel answers on every interface for each", "[sluice]") {
    const auto config = on("af_xdp:lan", "pci:0000:03:00.0");
    CHECK_FALSE(why(config, {"dummy0:1", {ip(198, 51, 100, 1), 32}}).empty());
    CHECK(why(config, {"dummy0:1", {ip(198, 51, 100, 1), 32}}).find("dev dummy0`") !=
          std::string::npos);
}

TEST_CASE("kernel addresses: others are no matter", "[sluice]") {
    const auto config = on("af_packet:lan", "af_packet:wan");
    CHECK(why(config, {"wan", {ip(198, 51, 100, 16), 24}}).empty());
    CHECK(why(config, {"eth0", {ip(192, 0, 2, 1), 24}}).empty());
}

TEST_CASE("kernel addresses: the kernel does not see what DPDK drives alone", "[sluice]") {
    const auto config = on("pci:0000:03:00.0", "pci:0000:03:00.1");
    CHECK(why(config, {"lo", {ip(198, 51, 100, 1), 32}}).empty());
}

TEST_CASE("kernel addresses: those of this machine are read with their lengths", "[sluice]") {
    const auto held = read_kernel_addresses();
    const auto loopback = std::find_if(held.begin(), held.end(), [](const auto& kernel) {
        return kernel.address.address == ip(127, 0, 0, 1);
    });
    if (loopback == held.end())
        return;  // a namespace whose lo is down
    CHECK(loopback->interface == "lo");
    CHECK(loopback->address.length == 8);
}

}  // namespace kernel_addresses_test
