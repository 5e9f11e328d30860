// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/login.h"

#include "catch.h"
#include "net/text.h"
#include "port_plan_of.h"
#include "tree.h"

#include <string>
#include <vector>

namespace login_test {

using namespace sluice;
using namespace sluice::app;

namespace {

using namespace std::string_literals;

const Be32 kHere = *net::parse_address("192.0.2.7");
const std::string kBySsh = "TERM=xterm\0SSH_CONNECTION=203.0.113.5 50000 192.0.2.7 22\0HOME=/"s;

}  // namespace

TEST_CASE("login: the address is that of the SSH which this process comes from", "[sluice]") {
    Tree tree;
    CHECK_FALSE(read_login(tree.root()));
    tree.file("proc/self/environ", kBySsh);
    CHECK(read_login(tree.root()) == kHere);
}

TEST_CASE("login: sudo hides it from this process, not from the shell", "[sluice]") {
    Tree tree;
    tree.file("proc/self/environ", "SUDO_USER=somebody\0HOME=/root"s)
        .file("proc/self/status", "Name:\tsluice\nPPid:\t31")
        .file("proc/31/environ", "HOME=/root\0"s)
        .file("proc/31/status", "Name:\tsudo\nPPid:\t30")
        .file("proc/30/status", "Name:\tbash\nPPid:\t1")
        .file("proc/1/status", "Name:\tsystemd\nPPid:\t0");
    CHECK_FALSE(read_login(tree.root()));
    tree.file("proc/30/environ", kBySsh);
    CHECK(read_login(tree.root()) == kHere);
}

TEST_CASE("login: by IPv6, or garbled, it is nothing to speak of", "[sluice]") {
    Tree tree;
    tree.file("proc/self/environ", "SSH_CONNECTION=2001:db8::5 50000 2001:db8::7 22\0"s);
    CHECK_FALSE(read_login(tree.root()));
    tree.file("proc/self/environ", "SSH_CONNECTION=what\0XSSH_CONNECTION=a b 192.0.2.7 22\0"s);
    CHECK_FALSE(read_login(tree.root()));
}

TEST_CASE("login: a port on the interface that has the address is refused", "[sluice]") {
    const Tree tree;
    const std::vector<KernelAddress> held{{"eth1", {*net::parse_address("10.1.0.9"), 24}},
                                          {"eth0:1", {kHere, 24}}};
    for (const io::PortKind kind :
         {io::PortKind::AfPacket, io::PortKind::AfXdp, io::PortKind::Vdev}) {
        const Status status = check_login(port_plan_of(kind, "eth0"), kHere, held, tree.root());
        REQUIRE_FALSE(status.ok());
        CHECK(status.error().message.starts_with(
            "--lan af_packet:eth0: eth0 has the address 192.0.2.7, by which you are logged in"));
        CHECK(check_login(port_plan_of(kind, "eth1"), kHere, held, tree.root()).ok());
        CHECK(check_login(port_plan_of(kind, "eth0"), std::nullopt, held, tree.root()).ok());
    }
    CHECK(check_login(port_plan_of(io::PortKind::Tap, "eth0"), kHere, held, tree.root()).ok());
    CHECK(check_login(port_plan_of(io::PortKind::AfPacket, "eth0"), kHere, {}, tree.root()).ok());
}

}  // namespace login_test
