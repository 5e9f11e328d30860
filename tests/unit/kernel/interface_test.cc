// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/interface.h"

#include "catch.h"
#include "testing/has.h"

#include <net/if.h>
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

TEST_CASE("interface: without descriptors one that is there is not said to have gone", "[kernel]") {
    const auto index = static_cast<int>(if_nametoindex("lo"));
    CHECK(kernel::may_still_be("lo", index));
    CHECK_FALSE(kernel::may_still_be("lo", index + 1));
    CHECK_FALSE(kernel::may_still_be("no such one", index));

    rlimit limit{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlimit none{0, limit.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto loopback = kernel::look_up_interface("lo");
    const bool may_be = kernel::may_still_be("lo", index);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    REQUIRE_FALSE(loopback);
    CHECK(has(loopback.error().message, "Too many open files"));
    CHECK(may_be);
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
