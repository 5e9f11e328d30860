// SPDX-License-Identifier: BSD-3-Clause
#include "policy/announcing.h"

#include "catch.h"
#include "packet_builder.h"

namespace announcing_test {

using namespace sluice;
using namespace sluice::policy;
using sluice::test::ip;

TEST_CASE("announcing: a public address is answered for on its interface alone", "[policy]") {
    const Announcing announcing{{{1, {ip("198.51.100.4"), ip("198.51.100.7")}},
                                 {1, {ip("198.51.100.9"), ip("198.51.100.9")}},
                                 {3, {ip("192.0.2.1"), ip("192.0.2.1")}}}};
    for (const char* address : {"198.51.100.4", "198.51.100.7", "198.51.100.9"}) {
        CHECK(announcing.answers_for(ip(address), 1));
        CHECK_FALSE(announcing.answers_for(ip(address), 0));
        CHECK_FALSE(announcing.answers_for(ip(address), 3));
    }
    for (const char* address : {"198.51.100.3", "198.51.100.8", "198.51.100.10", "192.0.2.1"})
        CHECK_FALSE(announcing.answers_for(ip(address), 1));
    CHECK(announcing.answers_for(ip("192.0.2.1"), 3));
    CHECK_FALSE(Announcing{}.answers_for(ip("192.0.2.1"), 0));
}

}  // namespace announcing_test
