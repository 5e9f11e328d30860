// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TFTP: a request, which the server answers from another port than it was sent to.
///
/// Source   RFC 1350 §4, §5; nf_conntrack_tftp of Linux.

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::helper {

/// The datagram asks to read or to write a file.
constexpr bool is_tftp_request(std::span<const uint8_t> datagram) {
    constexpr uint8_t kRead = 1;
    constexpr uint8_t kWrite = 2;
    return datagram.size() > 2 && datagram[0] == 0 &&
           (datagram[1] == kRead || datagram[1] == kWrite);
}

}  // namespace sluice::helper
