// SPDX-License-Identifier: BSD-3-Clause
#include "pool/address_key.h"

#include <charconv>

namespace sluice::pool {
namespace {

constexpr size_t kWordDigits = kAddressKeyDigits / 2;

}  // namespace

std::optional<AddressKey> parse_address_key(std::string_view text) {
    if (text.size() != kAddressKeyDigits)
        return std::nullopt;
    AddressKey key(0);
    for (size_t i = 0; i < 2; ++i) {
        const char* first = text.data() + i * kWordDigits;
        const auto [end, error] = std::from_chars(first, first + kWordDigits, key.words[i], 16);
        if (error != std::errc() || end != first + kWordDigits)
            return std::nullopt;
    }
    return key;
}

std::string to_string(const AddressKey& key) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(kAddressKeyDigits + 1);  // one place, which its owner can wipe, with a line's end
    for (const uint64_t word : key.words)
        for (unsigned shift = 64; shift > 0; shift -= 4)
            text += kDigits[word >> (shift - 4) & 0xf];
    return text;
}

}  // namespace sluice::pool
