// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the testbed asks of Catch2, for programs that are no Catch2 tests: a check that fails ends
/// the program, so that a fuzzer keeps the input. Stands before tests/catch.h where a target is
/// built.

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace sluice::test {

[[noreturn]] inline void fail(const std::string& what, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
    std::abort();
}

}  // namespace sluice::test

#define REQUIRE(...) \
    ((__VA_ARGS__) ? void() : ::sluice::test::fail(#__VA_ARGS__, __FILE__, __LINE__))
#define REQUIRE_FALSE(...) REQUIRE(!(__VA_ARGS__))
#define CHECK(...) REQUIRE(__VA_ARGS__)
#define FAIL(...) \
    ::sluice::test::fail((std::ostringstream() << __VA_ARGS__).str(), __FILE__, __LINE__)
#define CAPTURE(...) static_cast<void>(0)
#define INFO(...) static_cast<void>(0)
