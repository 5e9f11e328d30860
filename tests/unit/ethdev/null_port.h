// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Null port: a port of DPDK's without a device, which says what a test has it say.

#include "catch.h"
#include "eal.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

#include <cstdint>

// What drivers call; the header that has it is not installed with DPDK's others.
extern "C" {
struct rte_eth_dev;
rte_eth_dev* rte_eth_dev_allocated(const char* name);
int rte_eth_dev_callback_process(rte_eth_dev* device, rte_eth_event_type event, void* parameter);
}

namespace sluice::test {

/// It is there for the length of a test. `name` begins with "net_null".
struct NullPort {
    explicit NullPort(const char* name) : name(name) {
        start_eal();
        REQUIRE(rte_eal_hotplug_add("vdev", name, "") == 0);
        REQUIRE(rte_eth_dev_get_port_by_name(name, &id) == 0);
        REQUIRE(rte_eth_dev_info_get(id, &device) == 0);
    }
    ~NullPort() { rte_eal_hotplug_remove("vdev", name); }
    NullPort(const NullPort&) = delete;

    /// As its driver says it.
    void say(rte_eth_event_type event) const {
        rte_eth_dev_callback_process(rte_eth_dev_allocated(name), event, nullptr);
    }

    const char* name;
    uint16_t id = 0;
    rte_eth_dev_info device{};
};

}  // namespace sluice::test
