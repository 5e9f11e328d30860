// SPDX-License-Identifier: BSD-3-Clause
#include "helper/ports.h"

#include "catch.h"
#include "helper/tftp.h"

#include <array>

namespace ports_test {

using namespace sluice;
using namespace sluice::helper;

TEST_CASE("ports: a helper is named by protocol and server port", "[helper]") {
    const Ports ports{{21, 2121}, {69}, {1723, 2121}};
    const auto named = [&](net::Protocol protocol, uint16_t from, uint16_t to) {
        return ports.of({{}, {}, Be16::from_host(from), Be16::from_host(to), protocol});
    };
    CHECK(named(net::Protocol::Tcp, 40'000, 21) == Kind::Ftp);
    CHECK(named(net::Protocol::Tcp, 40'000, 2121) == Kind::Ftp);
    CHECK(named(net::Protocol::Tcp, 40'000, 1723) == Kind::Pptp);
    CHECK(named(net::Protocol::Udp, 40'000, 69) == Kind::Tftp);
    CHECK_FALSE(named(net::Protocol::Udp, 40'000, 1723));
    CHECK_FALSE(named(net::Protocol::Tcp, 21, 40'000));
    CHECK_FALSE(named(net::Protocol::Udp, 40'000, 21));
    CHECK_FALSE(named(net::Protocol::Tcp, 40'000, 69));
    CHECK_FALSE(named(net::Protocol::Sctp, 40'000, 21));
    CHECK(Ports{}.are_none());
    CHECK_FALSE(Ports{{}, {}, {1723}}.are_none());
}

TEST_CASE("ports: each protocol is foretold by one helper", "[helper]") {
    CHECK(name_of(foreteller_of(net::Protocol::Tcp)) == "ftp");
    CHECK(name_of(foreteller_of(net::Protocol::Udp)) == "tftp");
    CHECK(name_of(foreteller_of(net::Protocol::Gre)) == "pptp");
}

TEST_CASE("tftp: a request reads or writes", "[helper]") {
    CHECK(is_tftp_request(std::array<uint8_t, 4>{0, 1, 'f', 0}));
    CHECK(is_tftp_request(std::array<uint8_t, 4>{0, 2, 'f', 0}));
    CHECK_FALSE(is_tftp_request(std::array<uint8_t, 4>{0, 3, 0, 1}));
    CHECK_FALSE(is_tftp_request(std::array<uint8_t, 4>{1, 1, 'f', 0}));
    CHECK_FALSE(is_tftp_request(std::array<uint8_t, 2>{0, 1}));
}

}  // namespace ports_test
