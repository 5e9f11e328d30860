// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_collector.h"

#include "catch.h"

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::config;

namespace {

Result<Collector> read(const std::string& word) {
    const std::vector<std::string> given{word};
    return read_collector({"ipfix", given});
}

}  // namespace

TEST_CASE("collector: it has a transport, an address and a port", "[config]") {
    const Collector udp = read("udp:192.0.2.5:4739").value();
    CHECK_FALSE(udp.is_tcp);
    CHECK(udp.address == Be32::from_host(0xc0000205));
    CHECK(udp.port == Be16::from_host(4739));
    CHECK(read("tcp:127.0.0.1:1").value() ==
          Collector{true, Be32::from_host(0x7f000001), Be16::from_host(1)});
    CHECK(read("udp:10.0.0.1:65535").value().port == Be16::from_host(65535));
}

TEST_CASE("collector: what is malformed is named, with what is wanted", "[config]") {
    for (const char* word :
         {"", "192.0.2.5:4739", "sctp:192.0.2.5:4739", "UDP:192.0.2.5:4739", "udp:", "udp::4739",
          "udp:collector.example:4739", "udp:[::1]:4739", "udp:192.0.2.5", "udp:192.0.2.5:",
          "udp:192.0.2.5:0", "udp:192.0.2.5:65536", "udp:192.0.2.5:4739x", "udp:192.0.2.5: 4739",
          "udp:0.0.0.0:4739", "udp:239.1.1.1:4739", "udp:255.255.255.255:4739"}) {
        CAPTURE(word);
        const auto collector = read(word);
        REQUIRE_FALSE(collector);
        const std::string& message = collector.error().message;
        CHECK(
            message.starts_with(std::string("--ipfix ") + (*word == '\0' ? "\"\"" : word) + ": "));
        CHECK(message.find("udp:192.0.2.5:4739") != std::string::npos);
    }
}
