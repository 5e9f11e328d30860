// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Address key: what hosts' public addresses are chosen by; who has it can tell which hosts share
/// one.
///
/// Units    As text, 32 hexadecimal digits.

#include "base/sip_hash.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::pool {

struct AddressKey {
    constexpr AddressKey(uint64_t first, uint64_t second = 0) : words{first, second} {}
    constexpr bool operator==(const AddressKey&) const = default;

    SipKey words;
};

inline constexpr size_t kAddressKeyDigits = 32;

/// Nothing for what is no key.
std::optional<AddressKey> parse_address_key(std::string_view text);
std::string to_string(const AddressKey& key);

}  // namespace sluice::pool
