// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/reset_watch.h"

#include "catch.h"
#include "eal.h"

#include <rte_dev.h>
#include <rte_lcore.h>
#include <rte_timer.h>

// What drivers call; the header that has it is not installed with DPDK's others.
extern "C" {
struct rte_eth_dev;
rte_eth_dev* rte_eth_dev_allocated(const char* name);
int rte_eth_dev_callback_process(rte_eth_dev* device, rte_eth_event_type event, void* parameter);
}

namespace reset_watch_test {

using sluice::ethdev::ResetWatch;

namespace {

constexpr const char* kName = "net_null_reset";

/// A port that is there for the length of a test.
struct NullPort {
    NullPort() {
        sluice::test::start_eal();
        REQUIRE(rte_eal_hotplug_add("vdev", kName, "") == 0);
        REQUIRE(rte_eth_dev_get_port_by_name(kName, &id) == 0);
        REQUIRE(rte_eth_dev_info_get(id, &device) == 0);
    }
    ~NullPort() { rte_eal_hotplug_remove("vdev", kName); }

    /// As its driver says it.
    static void say(rte_eth_event_type event) {
        rte_eth_dev_callback_process(rte_eth_dev_allocated(kName), event, nullptr);
    }

    uint16_t id = 0;
    rte_eth_dev_info device{};
};

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
    NullPort port;
    const ResetWatch watch(port.id, port.device);
    CHECK_FALSE(watch.is_wanted());
    NullPort::say(RTE_ETH_EVENT_INTR_LSC);
    CHECK_FALSE(watch.is_wanted());
    NullPort::say(RTE_ETH_EVENT_INTR_RESET);
    CHECK(watch.is_wanted());
    CHECK(watch.is_wanted());
}

TEST_CASE("reset watch: a start has nothing of what the one before was told", "[ethdev]") {
    NullPort port;
    {
        const ResetWatch before(port.id, port.device);
        NullPort::say(RTE_ETH_EVENT_INTR_RESET);
    }
    NullPort::say(RTE_ETH_EVENT_INTR_RESET);  // nobody listens
    CHECK_FALSE(ResetWatch(port.id, port.device).is_wanted());
}

TEST_CASE("reset watch: ENA's watchdog is run, and no timer of another driver", "[ethdev]") {
    NullPort port;
    Timer timer;
    CHECK_FALSE(ResetWatch(port.id, port.device).is_wanted());
    CHECK_FALSE(timer.has_run);
    port.device.driver_name = "net_ena";
    CHECK_FALSE(ResetWatch(port.id, port.device).is_wanted());
    CHECK(timer.has_run);
}

}  // namespace reset_watch_test
