// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/block_log.h"

#include "listing/time_of_day.h"
#include "net/text.h"

namespace sluice::gateway {

std::time_t beginning_of(const control::BlockEvent& event, std::time_t now) {
    return event.began.value_or(now - event.age.milliseconds / 1000);
}

std::string block_text(const control::BlockEvent& event, const nat64::Naming& naming,
                       std::time_t now) {
    const uint16_t first = event.first.port.host();
    const std::string block = net::to_string(event.first.address) + ':' + std::to_string(first) +
                              '-' + std::to_string(first + event.ports - 1);
    const std::string from = listing::utc_text(beginning_of(event, now));
    const std::string host =
        nat64::to_string(naming.host(event.host.address)) +
        (event.host.zone == 0 ? "" : " zone=" + std::to_string(event.host.zone));
    if (!event.began)
        return host + " has " + block + " since " + from;
    return host + " had " + block + " from " + from + " until " + listing::utc_text(now);
}

}  // namespace sluice::gateway
