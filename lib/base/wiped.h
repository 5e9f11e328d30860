// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Wiped: a secret in memory, which is not left there when its use is over.
///
/// Shape    What it is, and all of it zeroed at its end: every copy by itself.
/// Errors   What of it was in registers, and what a library copied, is not known here.

#include <cstring>
#include <type_traits>

namespace sluice {

template <typename T>
requires std::is_trivially_copyable_v<T>
struct Wiped : T {
    ~Wiped() { explicit_bzero(static_cast<T*>(this), sizeof(T)); }
};

}  // namespace sluice
