// SPDX-License-Identifier: BSD-3-Clause
#include "flow/endings.h"

#include "catch.h"
#include "packet_builder.h"

#include <memory>
#include <string>

namespace endings_test {

using namespace sluice;
using sluice::test::ip;

namespace {

net::Tuple reply(const char* server, uint16_t port) {
    return {ip(server),          ip("198.51.100.1"),
            Be16::from_host(80), Be16::from_host(port),
            net::Protocol::Tcp,  {}};
}

}  // namespace

TEST_CASE("endings: they count from the first watch on, whatever port outside they had", "[flow]") {
    const auto endings = std::make_unique<flow::Endings>();
    endings->add(reply("203.0.113.10", 5000));  // nobody watches
    CHECK(endings->count(reply("203.0.113.10", 5000)) == 0);
    const uint32_t first = endings->watch(reply("203.0.113.10", 5000));
    CHECK(first == 1);
    CHECK(endings->watch(reply("203.0.113.10", 6000)) == first);
    endings->add(reply("203.0.113.10", 7000));
    CHECK(endings->count(reply("203.0.113.10", 5000)) == first + 1);
    CHECK(endings->watch(reply("203.0.113.10", 5000)) == first + 1);
}

TEST_CASE("endings: those toward another server are not counted, but for a rare twin", "[flow]") {
    const auto endings = std::make_unique<flow::Endings>();
    const uint32_t before = endings->watch(reply("203.0.113.10", 5000));
    for (unsigned last = 11; last < 251; ++last)
        endings->add(reply(("203.0.113." + std::to_string(last)).c_str(), 5000));
    CHECK(endings->count(reply("203.0.113.10", 5000)) - before <= 2);  // of 240 in 4096 places
}

}  // namespace endings_test
