// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/claim.h"

#include "catch.h"

#include <unistd.h>

namespace claim_test {

using namespace sluice;
using namespace sluice::app;

namespace {

std::string unique(const std::string& name) {
    return name + " of test " + std::to_string(getpid());
}

std::optional<std::string> resource(const std::string& port) {
    return claimed_resource(io::parse_port_name(port, "lan").value());
}

}  // namespace

TEST_CASE("claim: one resource has one holder, who is named", "[sluice]") {
    const auto first = Claim::take(unique("interface"), "--lan af_packet:a");
    REQUIRE(first.ok());
    const auto second = Claim::take(unique("interface"), "--wan af_xdp:a");
    REQUIRE_FALSE(second.ok());
    const std::string& message = second.error().message;
    CHECK(message.starts_with("--wan af_xdp:a: another instance of sluice (process " +
                              std::to_string(getpid()) + ") has " + unique("interface")));
    CHECK(Claim::take(unique("other"), "--lan x").ok());
}

TEST_CASE("claim: what was given back can be taken", "[sluice]") {
    { REQUIRE(Claim::take(unique("device"), "--lan x").ok()); }
    CHECK(Claim::take(unique("device"), "--lan x").ok());
}

TEST_CASE("claim: interfaces and NICs are claimed, whatever drives them", "[sluice]") {
    CHECK(resource("af_packet:lo") == "interface lo");
    CHECK(resource("af_xdp:lo") == resource("af_packet:lo"));
    CHECK(resource("tap:new0") == "interface new0");
    CHECK(resource("pci:03:00.0") == resource("pci:0000:03:00.0,a=1"));
    CHECK(resource("pci:03:00.0") == "PCI device 0000:03:00.0");
}

TEST_CASE("claim: names that are a process's own are not claimed", "[sluice]") {
    CHECK_FALSE(resource("vdev:net_null0"));
    CHECK_FALSE(resource("memif:/tmp/socket"));
    CHECK_FALSE(resource("pcap:a.pcap,b.pcap"));
}

}  // namespace claim_test
