// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// RSS of a NIC, made known: a key and a table of our own, so that it can be told beforehand to
/// which queue a packet goes.

#include "io/port.h"

#include <cstdint>
#include <optional>
#include <span>

struct rte_eth_dev_info;

namespace sluice::ethdev {

/// Gives a started port `key`, or a random one when that is empty, and spreads its table evenly
/// over `queues`. Nothing when the NIC has no such key or table, does not hash TCP and UDP ports,
/// or keeps its own key.
std::optional<io::Rss> set_up_rss(uint16_t port, const rte_eth_dev_info& device, uint16_t queues,
                                  std::span<const uint8_t> key);

}  // namespace sluice::ethdev
