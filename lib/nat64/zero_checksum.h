// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Zero checksum: what becomes of UDP from IPv4 that has no checksum, for IPv6 wants one.
///
/// Source   RFC 7915 §4.5.

#include <cstdint>

namespace sluice::nat64 {

enum class ZeroChecksum : uint8_t {
    Compute,  ///< It gets one, at the cost of all its bytes.
    Drop,
};

/// A fragment says nothing of the bytes that the others have.
inline bool is_computed(ZeroChecksum zero, bool is_fragment) {
    return zero == ZeroChecksum::Compute && !is_fragment;
}

}  // namespace sluice::nat64
