// SPDX-License-Identifier: BSD-3-Clause
#include "config/timeout_flags.h"

#include "conntrack/timeouts.h"

#include <cassert>

namespace sluice::config {
namespace {

Status keep(const Result<Duration>& read, Duration& place) {
    if (!read)
        return read.error();
    place = *read;
    return Done{};
}

}  // namespace

Status store_timeout(const Given& given, Config& config) {
    const auto place = conntrack::timeout_place(given.flag.substr(kTimeoutPrefix.size()));
    assert(place);  // a unit test reads each of the flags
    return keep(read_seconds(given), conntrack::timeouts()[*place].of(config.tuning));
}

Status store_mapping_timeout(const Given& given, Config& config) {
    return keep(read_seconds(given), config.holders.mapping_timeout);
}

Status store_port_hold(const Given& given, Config& config) {
    return keep(read_interval(given), config.holders.port_hold);
}

}  // namespace sluice::config
