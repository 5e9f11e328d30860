// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Regions: roughly where some addresses are, so that of most others one look tells that they are
/// none of them.
///
/// Shape    A bit for each of the 4096 prefixes of length 12.
/// Threads  Any, once all are added.
/// Memory   512 bytes, in the object.
/// Cost     may_contain() is the read of a bit.

#include "base/big_endian.h"
#include "net/prefix.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::net {

class Regions {
public:
    void add(const AddressRange& range) {
        for (uint32_t region = of(range.first); region <= of(range.last); ++region)
            words_[region / 64] |= uint64_t{1} << region % 64;
    }
    void add(const Prefix& prefix) { add({prefix.network().address, prefix.broadcast()}); }

    /// False where the address is of none that was added.
    bool may_contain(Be32 address) const {
        const uint32_t region = of(address);
        return (words_[region / 64] >> region % 64 & 1) != 0;
    }

private:
    static constexpr unsigned kLength = 12;
    static constexpr size_t kCount = size_t{1} << kLength;

    static constexpr uint32_t of(Be32 address) { return address.host() >> (32 - kLength); }

    std::array<uint64_t, kCount / 64> words_{};
};

}  // namespace sluice::net
