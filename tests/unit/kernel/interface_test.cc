// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/interface.h"

#include "catch.h"
#include "testing/has.h"

#include <sys/resource.h>

namespace interface_test {

using namespace sluice;
using sluice::testing::has;

namespace {

/// How often this thread has given its CPU away to wait for something.
long waits() {
    rusage usage{};
    REQUIRE(getrusage(RUSAGE_THREAD, &usage) == 0);
    return usage.ru_nvcsw;
}

}  // namespace

TEST_CASE("interface: what is no port says why", "[kernel]") {
    const auto none = kernel::look_up_interface("no such one");
    REQUIRE_FALSE(none);
    CHECK(has(none.error().message, "there is no such interface"));
    const auto loopback = kernel::look_up_interface("lo");
    REQUIRE_FALSE(loopback);
    CHECK(has(loopback.error().message, "it is no Ethernet interface"));
}

TEST_CASE("interface: who looks one up waits for nobody", "[kernel]") {
    constexpr long kLooks = 20;
    const long before = waits();
    for (long look = 0; look < kLooks; ++look)
        (void)kernel::look_up_interface("lo");
    // Not none: others on this machine may be changing interfaces, which locks their list.
    CHECK(waits() - before < kLooks / 2);
}

}  // namespace interface_test
