// SPDX-License-Identifier: BSD-3-Clause
#include "sctp/crc32c.h"

#include <rte_hash_crc.h>

#include <cstring>

namespace sluice::sctp {
namespace {

uint32_t extend(uint32_t state, std::span<const uint8_t> bytes) {
    for (; bytes.size() >= sizeof(uint64_t); bytes = bytes.subspan(sizeof(uint64_t))) {
        uint64_t word;  // the bytes lie at any address
        std::memcpy(&word, bytes.data(), sizeof word);
        state = rte_hash_crc_8byte(word, state);
    }
    for (const uint8_t byte : bytes)
        state = rte_hash_crc_1byte(byte, state);
    return state;
}

uint32_t extend_by_zeros(uint32_t state, size_t count) {
    for (; count >= sizeof(uint64_t); count -= sizeof(uint64_t))
        state = rte_hash_crc_8byte(0, state);
    for (; count > 0; --count)
        state = rte_hash_crc_1byte(0, state);
    return state;
}

}  // namespace

void Crc32c::add(std::span<const uint8_t> bytes) {
    state_ = extend(state_, bytes);
}

uint32_t crc32c_change(std::span<const uint8_t> difference, size_t behind) {
    return extend_by_zeros(extend(0, difference), behind);
}

}  // namespace sluice::sctp
