// SPDX-License-Identifier: BSD-3-Clause
#include "config/spelling.h"

#include "catch.h"

#include <array>

namespace spelling_test {

using namespace sluice::config;

TEST_CASE("spelling: the word with the fewest changes is meant", "[config]") {
    constexpr std::array<std::string_view, 4> words{"workers", "worker-cores", "flows", "forward"};
    CHECK(nearest("worker", words) == "workers");
    CHECK(nearest("wrokers", words) == "workers");
    CHECK(nearest("flwos", words) == "flows");
    CHECK(nearest("worker_cores", words) == "worker-cores");
    CHECK(nearest("forwards", words) == "forward");
    CHECK(did_you_mean("flow", words) == "; did you mean flows?");
}

TEST_CASE("spelling: what is like none of the words is none of them", "[config]") {
    constexpr std::array<std::string_view, 3> words{"workers", "flows", "lan"};
    CHECK(nearest("nonsense", words).empty());
    CHECK(nearest("", words).empty());
    CHECK(nearest("x", words).empty());
    CHECK(did_you_mean("nonsense", words).empty());
}

}  // namespace spelling_test
