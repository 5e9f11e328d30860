// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Enumerators as indexes, and arrays that only their enumerators index.

#include <array>
#include <cstddef>
#include <type_traits>

namespace sluice {

/// The position of an enumerator, for tables indexed by an enum class.
template <typename E>
requires std::is_enum_v<E>
constexpr size_t index(E enumerator) {
    return static_cast<size_t>(static_cast<std::underlying_type_t<E>>(enumerator));
}

/// One T per enumerator of E; `Count` is the number of enumerators.
template <typename E, typename T, size_t Count>
struct EnumArray {
    std::array<T, Count> values{};

    constexpr T& operator[](E enumerator) { return values[index(enumerator)]; }
    constexpr const T& operator[](E enumerator) const { return values[index(enumerator)]; }
    constexpr auto begin() const { return values.begin(); }
    constexpr auto end() const { return values.end(); }
};

}  // namespace sluice
