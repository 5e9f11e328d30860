// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/reset_watch.h"

#include <rte_pause.h>
#include <rte_timer.h>

#include <cerrno>
#include <string_view>

namespace sluice::ethdev {

ResetWatch::ResetWatch(uint16_t id, const rte_eth_dev_info& device)
    : id_(id),
      runs_timers_(device.driver_name != nullptr &&
                   std::string_view(device.driver_name) == "net_ena") {
    (void)rte_eth_dev_callback_register(id_, RTE_ETH_EVENT_INTR_RESET, hear, this);
}

ResetWatch::~ResetWatch() {
    // While it is called it cannot be taken away, and it returns at once.
    while (rte_eth_dev_callback_unregister(id_, RTE_ETH_EVENT_INTR_RESET, hear, this) == -EAGAIN)
        rte_pause();
}

bool ResetWatch::is_wanted() const {
    if (runs_timers_)
        rte_timer_manage();
    return is_wanted_.load(std::memory_order_relaxed);  // it stands alone
}

int ResetWatch::hear(uint16_t, rte_eth_event_type, void* watch, void*) {
    static_cast<ResetWatch*>(watch)->is_wanted_.store(true, std::memory_order_relaxed);
    return 0;
}

}  // namespace sluice::ethdev
