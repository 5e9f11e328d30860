// SPDX-License-Identifier: BSD-3-Clause

// Catch2's runner, compiled once for all test programs. Version 2 makes it here, version 3 has it
// in its library.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char* argv[]) {
    return Catch::Session().run(argc, argv);
}
