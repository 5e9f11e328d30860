// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/failure.h"

#include <cstdio>
#include <cstdlib>

namespace sluicectl {

int fail(const std::string& sentence) {
    std::fflush(stdout);
    std::fprintf(stderr, "sluicectl: %s\n", sentence.c_str());
    return EXIT_FAILURE;
}

}  // namespace sluicectl
