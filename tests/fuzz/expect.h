// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// expect(): what holds for each input of a fuzz target, or ends the program.

#include <cstdlib>

namespace sluice::test {

inline void expect(bool is_so) {
    if (!is_so)
        std::abort();
}

}  // namespace sluice::test
