// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// If memory allows: what a thread does that goes on where there is no memory.

#include <new>

namespace sluice {

/// Does it; false where there was no memory for all of it.
template <typename Work>
bool if_memory_allows(Work work) {
    try {
        work();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace sluice
