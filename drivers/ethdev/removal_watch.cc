// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/removal_watch.h"

#include "ethdev/nic_driver.h"

#include <rte_pause.h>

#include <cerrno>
#include <utility>

namespace sluice::ethdev {

RemovalWatch::RemovalWatch(uint16_t id, std::string device, std::filesystem::path root)
    : id_(id),
      device_(std::move(device)),
      root_(std::move(root)),
      driver_(kernel_driver(root_, device_)) {
    (void)rte_eth_dev_callback_register(id_, RTE_ETH_EVENT_INTR_RMV, hear, this);
}

RemovalWatch::~RemovalWatch() {
    // While it is called it cannot be taken away, and it returns at once.
    while (rte_eth_dev_callback_unregister(id_, RTE_ETH_EVENT_INTR_RMV, hear, this) == -EAGAIN)
        rte_pause();
}

bool RemovalWatch::has_gone() const {
    // relaxed: it stands alone.
    return has_gone_.load(std::memory_order_relaxed) || rte_eth_dev_is_removed(id_) != 0;
}

bool RemovalWatch::is_there_again() const {
    return !driver_.empty() && kernel_driver(root_, device_) == driver_;
}

int RemovalWatch::hear(uint16_t, rte_eth_event_type, void* watch, void*) {
    static_cast<RemovalWatch*>(watch)->has_gone_.store(true, std::memory_order_relaxed);
    return 0;
}

}  // namespace sluice::ethdev
