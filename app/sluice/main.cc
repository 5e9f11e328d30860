// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/args.h"

#include <cstdio>

int main(int argc, char* argv[]) {
    const auto invocation = sluice::app::read_arguments({argv, static_cast<size_t>(argc)});
    if (!invocation) {
        std::fprintf(stderr, "sluice: %s\n", invocation.error().message.c_str());
        return 2;
    }
    if (invocation.value().text)
        std::fputs(invocation.value().text->c_str(), stdout);
    return 0;
}
