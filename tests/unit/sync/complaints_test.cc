// SPDX-License-Identifier: BSD-3-Clause
#include "sync/complaints.h"

#include "catch.h"

#include <string>
#include <vector>

namespace complaints_test {

using namespace sluice::sync;

TEST_CASE("complaints: the same is not said twice in a row, until all was well", "[sync]") {
    std::vector<std::string> said;
    Complaints complaints([&](const std::string& text) { said.push_back(text); }, "192.0.2.1:1");
    complaints.say("it is late");
    complaints.say("it is late");
    CHECK(said == std::vector<std::string>{"--sync: the peer 192.0.2.1:1: it is late"});
    complaints.say("it has gone");
    complaints.say("it is late");
    CHECK(said.size() == 3);
    complaints.forget();
    complaints.say("it is late");
    CHECK(said.size() == 4);
}

TEST_CASE("complaints: of strangers one is told in ten seconds, however they fail", "[sync]") {
    std::vector<std::string> said;
    Complaints complaints([&](const std::string& text) { said.push_back(text); }, "192.0.2.1:1");
    const Complaints::Clock::time_point start{std::chrono::hours(1)};
    for (int n = 0; n < 100; ++n)
        complaints.say_of_stranger(n % 2 == 0 ? "one way" : "another",
                                   start + n * std::chrono::milliseconds(99));
    CHECK(said.size() == 1);
    complaints.say("the peer's own");
    complaints.say_of_stranger("another", start + Complaints::kBetweenStrangers);
    CHECK(said.size() == 3);
}

}  // namespace complaints_test
