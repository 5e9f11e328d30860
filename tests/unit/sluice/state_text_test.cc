// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/state_text.h"

#include "catch.h"

namespace state_text_test {

using namespace sluice;
using namespace sluice::app;
using flow::Fate;
using Found = state::StateFile::Found;
using Sentences = std::vector<std::string>;

TEST_CASE("state text: nothing is said of nothing", "[app]") {
    CHECK(state_text({}, {}).empty());
}

TEST_CASE("state text: what goes on, of whom, and how soon", "[app]") {
    gateway::Restored restored;
    restored.tally.flows = 1;
    restored.tally.fates[Fate::Adopted] = 3;
    restored.took = std::chrono::milliseconds(12);
    const Found found{.has_records = true, .was_stopped = true, .absence = 2'340'000'000};
    CHECK(state_text(found, restored) ==
          Sentences{"1 flow and 2 holders go on, of a process that was stopped 2.3 s ago; taken "
                    "over in 12 ms"});
}

TEST_CASE("state text: what has not been taken over, and what is without a rule", "[app]") {
    gateway::Restored restored;
    restored.without_ground = 4;
    restored.tally.fates[Fate::Expired] = 2;
    restored.tally.fates[Fate::NoRoom] = 1;
    const Sentences sentences = state_text({.has_records = true}, restored);
    REQUIRE(sentences.size() == 3);
    CHECK(sentences[0].find("0 flows and 0 holders go on, of a process that ended unasked 0.0 s") ==
          0);
    CHECK(sentences[1] == "not taken over: 2 expired, 1 without room");
    CHECK(sentences[2] == "4 flows without a rule are among them (--on-reload)");
}

TEST_CASE("state text: an empty start is said, and why", "[app]") {
    CHECK(state_text({.emptied = "is of another boot"}, {}) ==
          Sentences{"is of another boot: this is an empty start"});
}

}  // namespace state_text_test
