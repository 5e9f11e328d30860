// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/taking_back.h"

#include "catch.h"

#include <string>
#include <vector>

namespace taking_back_test {

using namespace sluice;
using namespace sluice::gateway;
using sync::Peer;

namespace {

constexpr Tick kStart{0xfffffff0};  // the clock goes round meanwhile

/// One that starts as active, and has asked at kStart.
struct Starter {
    Starter() {
        standing.is_active = false;
        standing.wish = sync::Wish::TakeBack;
        REQUIRE(taking_back.waits(kStart));
    }

    bool waits_after(int32_t milliseconds) {
        return taking_back.waits(kStart + Duration{milliseconds});
    }
    void meet(Peer peer, bool has_flows) {
        standing.peer_has_flows = has_flows;
        standing.peer = peer;
    }

    std::vector<std::string> notices;
    sync::Standing standing{true};
    TakingBack taking_back{standing,
                           [this](const std::string& sentence) { notices.push_back(sentence); }};
};

}  // namespace

TEST_CASE("taking back: it is over when the peer has told all", "[gateway]") {
    Starter starter;
    starter.meet(Peer::Standby, true);
    CHECK(starter.waits_after(1000));
    starter.standing.is_whole = true;
    CHECK_FALSE(starter.waits_after(1001));
    CHECK_FALSE(starter.standing.takes_back());
    CHECK_FALSE(starter.taking_back.take_has_found_none());
    CHECK(starter.notices.size() == 1);
}

TEST_CASE("taking back: a peer that tells for too long is waited for no longer", "[gateway]") {
    Starter starter;
    starter.meet(Peer::Standby, true);
    CHECK(starter.waits_after(kTakingBack.milliseconds - 1));
    CHECK_FALSE(starter.waits_after(kTakingBack.milliseconds));
    CHECK_FALSE(starter.taking_back.take_has_found_none());
}

TEST_CASE("taking back: nobody is waited for who has nothing", "[gateway]") {
    Starter starter;
    starter.meet(Peer::Standby, false);
    CHECK_FALSE(starter.waits_after(1));
    CHECK(starter.taking_back.take_has_found_none());
    CHECK_FALSE(starter.taking_back.take_has_found_none());  // it is told once
}

TEST_CASE("taking back: a peer that does not answer is away", "[gateway]") {
    constexpr auto kSilence = static_cast<int32_t>(sync::kSilence.count());
    Starter starter;
    CHECK(starter.waits_after(kSilence - 1));
    SECTION("and is waited for no longer") {
        CHECK_FALSE(starter.waits_after(kSilence));
        CHECK(starter.taking_back.take_has_found_none());
    }
    SECTION("unless it comes just then") {
        starter.meet(Peer::Standby, true);
        CHECK(starter.waits_after(kSilence));
    }
}

TEST_CASE("taking back: a peer that is active stays so", "[gateway]") {
    Starter starter;
    starter.meet(Peer::Active, true);
    CHECK(starter.waits_after(1));
    CHECK_FALSE(starter.standing.wants_active());
    CHECK_FALSE(starter.standing.takes_back());
    CHECK(starter.notices.size() == 2);
}

TEST_CASE("taking back: an operator's word is the last", "[gateway]") {
    Starter starter;
    const auto said = GENERATE(sync::Wish::Active, sync::Wish::Standby);
    SECTION("where it is over at the same time") {
        starter.meet(Peer::Standby, true);
        starter.standing.is_whole = true;
    }
    SECTION("where the peer becomes active at the same time") {
        starter.meet(Peer::Active, true);
    }
    starter.standing.wish = said;
    CHECK(starter.waits_after(1));
    CHECK(starter.standing.wish == said);
    CHECK(starter.notices.size() == 1);
}

}  // namespace taking_back_test
