// SPDX-License-Identifier: BSD-3-Clause
#include "io/toeplitz.h"

namespace sluice::io {

/// Each bit that is set adds the 32 bits of the key that begin at its place.
Toeplitz::Toeplitz(std::span<const uint8_t, kRssKeyBytes> key) {
    const auto window = [&](size_t bit) {
        uint64_t bits = 0;
        for (size_t i = 0; i < 5; ++i)
            bits = bits << 8 | key[bit / 8 + i];
        return static_cast<uint32_t>(bits >> (8 - bit % 8));
    };
    for (size_t place = 0; place < share_.size(); ++place)
        for (unsigned value = 0; value < 256; ++value)
            for (unsigned bit = 0; bit < 8; ++bit)
                if ((value & 0x80U >> bit) != 0)
                    share_[place][value] ^= window(place * 8 + bit);
}

}  // namespace sluice::io
