// SPDX-License-Identifier: BSD-3-Clause
#include "net/tuple.h"

#include "catch.h"

namespace tuple_test {

using namespace sluice;
using namespace sluice::net;

TEST_CASE("tuple: reversed twice is itself", "[net]") {
    const Tuple tuple{Be32{1}, Be32{2}, Be16{3}, Be16{4}, Protocol::Tcp};
    CHECK(tuple.reversed() == Tuple{Be32{2}, Be32{1}, Be16{4}, Be16{3}, Protocol::Tcp});
    CHECK(tuple.reversed().reversed() == tuple);
}

TEST_CASE("tuple: one of another zone is another, and reversed it is of the same", "[net]") {
    const Tuple tuple{Be32{1}, Be32{2}, Be16{3}, Be16{4}, Protocol::Tcp, 0, 5};
    Tuple other = tuple;
    other.zone = 6;
    CHECK(other != tuple);
    CHECK(tuple.reversed().zone == 5);
}

TEST_CASE("tuple: one that differs in any field is another", "[net]") {
    const Tuple tuple{Be32{1}, Be32{2}, Be16{3}, Be16{4}, Protocol::Tcp, 0, 5};
    CHECK(tuple == Tuple{Be32{1}, Be32{2}, Be16{3}, Be16{4}, Protocol::Tcp, 0, 5});
    CHECK(tuple != Tuple{Be32{9}, Be32{2}, Be16{3}, Be16{4}, Protocol::Tcp, 0, 5});
    CHECK(tuple != Tuple{Be32{1}, Be32{9}, Be16{3}, Be16{4}, Protocol::Tcp, 0, 5});
    CHECK(tuple != Tuple{Be32{1}, Be32{2}, Be16{9}, Be16{4}, Protocol::Tcp, 0, 5});
    CHECK(tuple != Tuple{Be32{1}, Be32{2}, Be16{3}, Be16{9}, Protocol::Tcp, 0, 5});
    CHECK(tuple != Tuple{Be32{1}, Be32{2}, Be16{3}, Be16{4}, Protocol::Udp, 0, 5});
    CHECK(tuple != Tuple{Be32{1}, Be32{2}, Be16{3}, Be16{4}, Protocol::Tcp, 1, 5});
}

TEST_CASE("tuple: the direction opposite to each is the other", "[net]") {
    CHECK(opposite(Direction::Original) == Direction::Reply);
    CHECK(opposite(Direction::Reply) == Direction::Original);
}

}  // namespace tuple_test
