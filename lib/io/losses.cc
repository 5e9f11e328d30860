// SPDX-License-Identifier: BSD-3-Clause
#include "io/losses.h"

#include <array>

namespace sluice::io {

std::string_view loss_name(Loss loss) {
    constexpr std::array<std::string_view, kLossCount> kNames{
        "rx_missed", "rx_errors", "rx_no_mbuf", "rx_oversize", "rx_uncut", "tx_errors",
    };
    return kNames[index(loss)];
}

}  // namespace sluice::io
