// SPDX-License-Identifier: BSD-3-Clause
#include "net/side.h"

#include "catch.h"

namespace side_test {

using namespace sluice;
using net::Direction;
using net::Side;
using net::Sides;

TEST_CASE("sides: each direction enters where the other leaves", "[net]") {
    for (const Side enter : {Side::Inside, Side::Outside})
        for (const Side leave : {Side::Inside, Side::Outside}) {
            const Sides sides(enter, leave);
            CHECK(sides.enter(Direction::Original) == enter);
            CHECK(sides.leave(Direction::Original) == leave);
            CHECK(sides.enter(Direction::Reply) == leave);
            CHECK(sides.leave(Direction::Reply) == enter);
        }
}

TEST_CASE("sides: a flow goes from inside to outside where nothing else is said", "[net]") {
    CHECK(Sides() == Sides(Side::Inside, Side::Outside));
    CHECK(Sides() != Sides(Side::Outside, Side::Inside));
    CHECK(Sides() != Sides(Side::Inside, Side::Inside));
}

}  // namespace side_test
