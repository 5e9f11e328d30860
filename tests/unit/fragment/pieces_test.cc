// SPDX-License-Identifier: BSD-3-Clause
#include "fragment/pieces.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"

#include <algorithm>
#include <random>
#include <vector>

namespace pieces_test {

using namespace sluice;
using namespace sluice::fragment;

namespace {

constexpr Piece piece(uint16_t offset, uint16_t bytes, bool more = true) {
    return {offset, bytes, more};
}

}  // namespace

TEST_CASE("pieces: in any order they make the whole", "[fragment]") {
    std::vector<Piece> order;
    for (uint16_t i = 0; i < 20; ++i)
        order.push_back(piece(static_cast<uint16_t>(i * 800), i == 19 ? 333 : 800, i != 19));
    std::mt19937 random(GENERATE(range(0u, 50u)));
    std::shuffle(order.begin(), order.end(), random);

    Pieces pieces;
    for (size_t i = 0; i < order.size(); ++i) {
        CHECK_FALSE(pieces.is_complete());
        CHECK(pieces.add(order[i]) == Fit::New);
        CHECK(pieces.add(order[i]) == Fit::Duplicate);
    }
    CHECK(pieces.is_complete());
    CHECK(pieces.total() == 19 * 800 + 333);
}

TEST_CASE("pieces: the largest datagram over a link of 576 bytes fits", "[fragment][rfc791]") {
    constexpr uint32_t kTotal = 65535 - 20;
    Pieces pieces;
    for (uint32_t offset = 0; offset < kTotal; offset += 552) {
        const uint32_t bytes = std::min(552u, kTotal - offset);
        CHECK(pieces.add(piece(static_cast<uint16_t>(offset), static_cast<uint16_t>(bytes),
                               offset + bytes < kTotal)) == Fit::New);
    }
    CHECK(pieces.is_complete());
    CHECK(pieces.total() == kTotal);
}

TEST_CASE("pieces: what overlaps without being the same is told", "[fragment][rfc5722]") {
    Pieces pieces;
    REQUIRE(pieces.add(piece(800, 800)) == Fit::New);
    const Piece wrong = GENERATE(values({
        piece(800, 400),                               // shorter
        piece(800, 808),                               // longer
        piece(792, 16),                                // its beginning
        piece(1592, 400),                              // its end
        piece(1000, 8),                                // within
        piece(0, 65000),                               // around
        piece(0, 808),                                 //
        piece(800, 800, false), piece(0, 800, false),  // the last, before another
    }));
    CAPTURE(wrong.offset, wrong.bytes, wrong.more);
    CHECK(pieces.add(wrong) == Fit::Overlap);
    CHECK(pieces.add(piece(800, 800)) == Fit::Duplicate);
    CHECK(pieces.add(piece(0, 800)) == Fit::New);
}

TEST_CASE("pieces: nothing lies behind the last one", "[fragment]") {
    Pieces pieces;
    REQUIRE(pieces.add(piece(800, 100, false)) == Fit::New);
    CHECK(pieces.add(piece(904, 8)) == Fit::Overlap);
    CHECK(pieces.add(piece(904, 8, false)) == Fit::Overlap);
    CHECK(pieces.add(piece(800, 100, true)) == Fit::Overlap);
    CHECK(pieces.add(piece(800, 100, false)) == Fit::Duplicate);
    CHECK(pieces.total() == 900);
    CHECK_FALSE(pieces.is_complete());
    CHECK(pieces.add(piece(0, 800)) == Fit::New);
    CHECK(pieces.is_complete());
}

TEST_CASE("pieces: there are so many and no more", "[fragment]") {
    Pieces pieces;
    for (uint16_t i = 0; i < kMostPieces; ++i)
        REQUIRE(pieces.add(piece(static_cast<uint16_t>(i * 8), 8)) == Fit::New);
    CHECK(pieces.add(piece(kMostPieces * 8, 8)) == Fit::TooMany);
    CHECK(pieces.add(piece(0, 8)) == Fit::Duplicate);
}

TEST_CASE("pieces: random pieces are judged as a map of bytes judges them", "[fragment]") {
    std::mt19937 random(GENERATE(range(0u, 20u)));
    Pieces pieces;
    std::vector<Piece> taken;
    for (int step = 0; step < 200; ++step) {
        const Piece next = piece(static_cast<uint16_t>(random() % 30 * 8),
                                 static_cast<uint16_t>((1 + random() % 4) * 8), random() % 16 != 0);
        const auto is_same = [&](const Piece& other) {
            return other.offset == next.offset && other.bytes == next.bytes &&
                   other.more == next.more;
        };
        const auto contradicts = [&](const Piece& other) {
            return (other.offset < next.end() && next.offset < other.end()) ||
                   (!other.more && next.offset >= other.end()) ||
                   (!next.more && other.offset >= next.end()) || (!other.more && !next.more);
        };
        const bool same = std::any_of(taken.begin(), taken.end(), is_same);
        const bool wrong = std::any_of(taken.begin(), taken.end(), contradicts);
        const Fit expected = same ? Fit::Duplicate : wrong ? Fit::Overlap : Fit::New;
        REQUIRE(pieces.add(next) == expected);
        if (expected == Fit::New)
            taken.push_back(next);
    }
}

TEST_CASE("pieces: are read from the header", "[fragment]") {
    test::FakeMbuf mbuf(test::Frame()
                            .ipv4("10.1.0.10", "203.0.113.10")
                            .udp(1, 2)
                            .payload(72)
                            .fragment(1480, true)
                            .bytes());
    net::Packet packet;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    const Piece read = piece_of(packet);
    CHECK(read.offset == 1480);
    CHECK(read.bytes == 80);
    CHECK(read.more);
}

}  // namespace pieces_test
