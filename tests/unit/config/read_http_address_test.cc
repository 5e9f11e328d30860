// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_http_address.h"

#include "catch.h"

#include <string>
#include <vector>

namespace read_http_address_test {

using namespace sluice;
using namespace sluice::config;

namespace {

Result<HttpAddress> read(const std::string& word) {
    const std::vector<std::string> given{word};
    return read_http_address({"http", given});
}

}  // namespace

TEST_CASE("http address: a port alone is on loopback", "[config]") {
    CHECK(read("9100").value() == HttpAddress{Be32::from_host(0x7f000001), Be16::from_host(9100)});
    CHECK(read("192.0.2.1:80").value() ==
          HttpAddress{Be32::from_host(0xc0000201), Be16::from_host(80)});
    CHECK(read("0.0.0.0:65535").value() == HttpAddress{Be32{}, Be16::from_host(65535)});
}

TEST_CASE("http address: what is malformed is named, with what is wanted", "[config]") {
    for (const char* word :
         {"", ":", "0", "65536", ":9100", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0",
          "192.0.2.1:http", "gateway:9100", "[::1]:9100", "239.1.1.1:9100", "255.255.255.255:9100",
          "9100 ", "http://192.0.2.1:9100", "192.0.2.1:9100/"}) {
        CAPTURE(word);
        const auto address = read(word);
        REQUIRE_FALSE(address);
        const std::string& message = address.error().message;
        CHECK(message.starts_with(std::string("--http ") + (*word == '\0' ? "\"\"" : word) + ": "));
        CHECK(message.find("192.0.2.1:9100") != std::string::npos);
    }
}

}  // namespace read_http_address_test
