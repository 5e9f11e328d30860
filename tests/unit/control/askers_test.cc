// SPDX-License-Identifier: BSD-3-Clause
#include "control/askers.h"

#include "catch.h"
#include "packet_builder.h"

namespace askers_test {

using namespace sluice;
using namespace sluice::test;
using control::Askers;

namespace {

constexpr link::InterfaceId kInterface = 0;
constexpr Tick kNow{0xffff'ff00};  // before the wrap

Be32 host(uint32_t number) {
    return Be32::from_host(0x0a010000 + number);
}

}  // namespace

TEST_CASE("askers: who has asked is known once, on his interface, for a minute", "[control]") {
    Askers askers(8);
    askers.add(kInterface, host(1), mac(1), kNow);
    askers.add(kInterface, host(2), mac(2), kNow);
    CHECK_FALSE(askers.take(1, host(1), kNow));
    CHECK(askers.take(kInterface, host(1), kNow + Duration{59'999}) == mac(1));
    CHECK_FALSE(askers.take(kInterface, host(1), kNow));
    CHECK_FALSE(askers.take(kInterface, host(2), kNow + Duration{60'000}));
}

TEST_CASE("askers: who asks again is known for a minute from then on", "[control]") {
    Askers askers(8);
    askers.add(kInterface, host(1), mac(1), kNow);
    askers.add(kInterface, host(2), mac(2), kNow);
    askers.add(kInterface, host(1), mac(1), kNow + Duration::seconds(50));
    askers.turn(kNow + Duration::seconds(70));
    CHECK(askers.size() == 1);
    CHECK(askers.take(kInterface, host(1), kNow + Duration::seconds(70)) == mac(1));
}

TEST_CASE("askers: the oldest gives way to the next", "[control]") {
    Askers askers(4);
    for (uint32_t i = 0; i < 4; ++i)
        askers.add(kInterface, host(i), mac(static_cast<uint8_t>(i)), kNow);
    CHECK(askers.take(kInterface, host(1), kNow) == mac(1));  // leaves a gap
    for (uint32_t i = 4; i < 6; ++i)
        askers.add(kInterface, host(i), mac(static_cast<uint8_t>(i)), kNow);
    CHECK(askers.size() == 4);
    CHECK_FALSE(askers.take(kInterface, host(0), kNow));
    for (uint32_t i = 2; i < 6; ++i)
        CHECK(askers.take(kInterface, host(i), kNow) == mac(static_cast<uint8_t>(i)));
    CHECK(askers.size() == 0);
}

TEST_CASE("askers: one MAC has a part of the places, again and again", "[control]") {
    Askers askers(1024);
    for (int round = 0; round < 3; ++round) {
        const Tick now = kNow + Duration::seconds(60 * round);
        askers.turn(now);
        CHECK(askers.size() == 0);
        for (uint32_t i = 0; i < 200; ++i)
            askers.add(kInterface, host(i), mac(9), now);
        CHECK(askers.size() == control::kAskersPerMac);
        askers.add(kInterface, host(300), mac(8), now);
        CHECK(askers.size() == control::kAskersPerMac + 1);
    }
}

TEST_CASE("askers: the same question again and again takes one place, and nobody else's",
          "[control]") {
    Askers askers(8);
    for (uint32_t i = 1; i < 8; ++i)
        askers.add(kInterface, host(i), mac(static_cast<uint8_t>(i)), kNow);
    for (int32_t i = 0; i < 4096; ++i)
        askers.add(kInterface, host(9), mac(9), kNow + Duration{i});
    CHECK(askers.size() == 8);
    for (uint32_t i = 1; i < 8; ++i)
        CHECK(askers.take(kInterface, host(i), kNow) == mac(static_cast<uint8_t>(i)));
    CHECK(askers.take(kInterface, host(9), kNow) == mac(9));
}

TEST_CASE("askers: of two MACs that ask as one address neither is known", "[control]") {
    Askers askers(8);
    CHECK_FALSE(askers.add(kInterface, host(1), mac(1), kNow));
    CHECK(askers.add(kInterface, host(1), mac(2), kNow) == mac(1));
    CHECK_FALSE(askers.add(kInterface, host(1), mac(1), kNow));  // does not help
    CHECK_FALSE(askers.take(kInterface, host(1), kNow));
    // A minute later it is another matter.
    askers.add(kInterface, host(2), mac(1), kNow);
    askers.add(kInterface, host(2), mac(2), kNow);
    askers.turn(kNow + control::kKeepAsker);
    CHECK_FALSE(askers.add(kInterface, host(2), mac(2), kNow + control::kKeepAsker));
    CHECK(askers.take(kInterface, host(2), kNow + control::kKeepAsker) == mac(2));
}

TEST_CASE("askers: who asked weeks ago has asked long ago", "[control]") {
    constexpr uint32_t kDay = 24 * 3600 * 1000;
    const Tick later{kNow.milliseconds + GENERATE(24u, 25u, 30u, 49u) * kDay};
    Askers askers(8);
    askers.add(kInterface, host(1), mac(1), kNow);
    askers.add(kInterface, host(2), mac(2), kNow);
    CHECK_FALSE(askers.take(kInterface, host(1), later));
    askers.turn(later);
    CHECK(askers.size() == 0);
}

}  // namespace askers_test
