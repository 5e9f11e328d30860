// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/reset_watch.h"

#include "null_port.h"

#include <rte_lcore.h>
#include <rte_timer.h>

namespace reset_watch_test {

using sluice::ethdev::ResetWatch;
using sluice::test::NullPort;

namespace {

constexpr const char* kName = "net_null_reset";

/// A timer that is over at once, as ENA's would be, on this thread.
struct Timer {
    Timer() {
        rte_timer_subsystem_init();
        rte_timer_init(&timer);
        const auto run = [](rte_timer*, void* has_run) { *static_cast<bool*>(has_run) = true; };
        REQUIRE(rte_timer_reset(&timer, 0, SINGLE, rte_lcore_id(), run, &has_run) == 0);
    }
    ~Timer() { rte_timer_stop_sync(&timer); }

    rte_timer timer{};
    bool has_run = false;
};

}  // namespace

TEST_CASE("reset watch: a device that has to be reset says so, and others do not", "[ethdev]") {
    const NullPort port(kName);
    const ResetWatch watch(port.id, port.device);
    CHECK_FALSE(watch.is_wanted());
    port.say(RTE_ETH_EVENT_INTR_LSC);
    CHECK_FALSE(watch.is_wanted());
    port.say(RTE_ETH_EVENT_INTR_RESET);
    CHECK(watch.is_wanted());
    CHECK(watch.is_wanted());
}

TEST_CASE("reset watch: a start has nothing of what the one before was told", "[ethdev]") {
    const NullPort port(kName);
    {
        const ResetWatch before(port.id, port.device);
        port.say(RTE_ETH_EVENT_INTR_RESET);
    }
    port.say(RTE_ETH_EVENT_INTR_RESET);  // nobody listens
    CHECK_FALSE(ResetWatch(port.id, port.device).is_wanted());
}

TEST_CASE("reset watch: ENA's watchdog is run, and no timer of another driver", "[ethdev]") {
    NullPort port(kName);
    Timer timer;
    CHECK_FALSE(ResetWatch(port.id, port.device).is_wanted());
    CHECK_FALSE(timer.has_run);
    port.device.driver_name = "net_ena";
    CHECK_FALSE(ResetWatch(port.id, port.device).is_wanted());
    CHECK(timer.has_run);
}

}  // namespace reset_watch_test
