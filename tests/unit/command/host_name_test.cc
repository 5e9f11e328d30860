// SPDX-License-Identifier: BSD-3-Clause
#include "command/host_name.h"

#include "catch.h"

namespace host_name_test {

using sluice::command::names_loopback;

TEST_CASE("host name: loopback has its addresses and one name", "[command]") {
    for (const char* host :
         {"", "127.0.0.1", "127.0.0.1:9100", "127.1.2.3:80", "localhost", "LocalHost:9100"}) {
        CAPTURE(host);
        CHECK(names_loopback(host));
    }
    for (const char* host : {"128.0.0.1", "localhost.evil.example", "evil.example", "127.0.0.1.",
                             "localhos", ":9100", "[::1]:9100", "127.1"}) {
        CAPTURE(host);
        CHECK_FALSE(names_loopback(host));
    }
}

}  // namespace host_name_test
