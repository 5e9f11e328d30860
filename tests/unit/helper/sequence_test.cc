// SPDX-License-Identifier: BSD-3-Clause
#include "helper/sequence.h"

#include "catch.h"

#include <random>
#include <string>
#include <vector>

namespace sequence_test {

using namespace sluice::helper;

TEST_CASE("correction: none changes nothing", "[helper]") {
    const Correction none;
    CHECK(none.is_none());
    CHECK(none.sent(7) == 7);
    CHECK(none.acknowledged(0xffff'ffff) == 0xffff'ffff);
}

TEST_CASE("correction: before and behind a part that grew or shrank", "[helper]") {
    const uint32_t at = GENERATE(1000U, 0xffff'fff8U, 0x7fff'fff8U);
    const int32_t growth = GENERATE(3, -4);
    Correction correction;
    correction.rewrite(at, at + 10, growth);
    const auto moved = static_cast<uint32_t>(growth);
    CHECK(correction.sent(at - 5) == at - 5);
    CHECK(correction.sent(at) == at);
    CHECK(correction.sent(at + 10) == at + 10 + moved);
    CHECK(correction.acknowledged(at) == at);
    CHECK(correction.acknowledged(at + 10 + moved) == at + 10);
    CHECK(correction.acknowledged(at + 100 + moved) == at + 100);
    CHECK(correction.acknowledged(at + 3) == at);  // a part of it is nothing
}

TEST_CASE("correction: a part that comes again counts once", "[helper]") {
    Correction correction;
    correction.rewrite(100, 110, 3);
    correction.rewrite(100, 110, 3);
    CHECK(correction.sent(110) == 113);
    CHECK(correction.is_of(100, 110));
    correction.rewrite(200, 210, 2);
    correction.rewrite(100, 110, 3);
    CHECK(correction.sent(150) == 153);
    CHECK(correction.sent(210) == 215);
    CHECK(correction.is_past(100));
}

TEST_CASE("correction: the count runs over after the last part", "[helper]") {
    Correction correction;
    correction.rewrite(100, 110, 3);
    uint32_t seq = 110;
    for (unsigned i = 0; i < 12; ++i) {  // three times round
        seq += 1U << 30;
        correction.forget_before(seq);
        CHECK(correction.sent(seq) == seq + 3);
        CHECK(correction.acknowledged(seq + 3) == seq);
    }
    CHECK_FALSE(correction.is_of(100, 110));
}

TEST_CASE("correction: every byte of a rewritten stream has its place", "[helper]") {
    // The receiver's stream is written beside the sender's, part by part.
    std::mt19937 random(GENERATE(1U, 2U, 3U));
    const auto draw = [&](uint32_t most) { return static_cast<uint32_t>(random() % (most + 1)); };
    const uint32_t start = random();
    uint32_t sender = start;
    uint32_t receiver = start;
    Correction correction;
    for (unsigned step = 0; step < 500; ++step) {
        const uint32_t plain = 1 + draw(40);
        const uint32_t part = 5 + draw(20);
        const int32_t growth = static_cast<int32_t>(draw(8)) - 4;
        const uint32_t line = sender + plain;
        correction.rewrite(line, line + part, growth);
        for (uint32_t i = 0; i <= plain; ++i) {
            REQUIRE(correction.sent(sender + i) == receiver + i);
            REQUIRE(correction.acknowledged(receiver + i) == sender + i);
        }
        const uint32_t grown = part + static_cast<uint32_t>(growth);
        for (uint32_t i = 1; i < grown; ++i) {
            const uint32_t ack = correction.acknowledged(receiver + plain + i);
            REQUIRE(ack - sender <= plain);  // never more than the receiver has
        }
        sender = line + part;
        receiver += plain + grown;
        REQUIRE(correction.sent(sender) == receiver);
        REQUIRE(correction.acknowledged(receiver) == sender);
    }
}

}  // namespace sequence_test
