// SPDX-License-Identifier: BSD-3-Clause
#include "link/ring.h"

#include "catch.h"

#include <rte_mbuf.h>

#include <array>
#include <vector>

namespace ring_test {

using namespace sluice;
using link::Ring;

TEST_CASE("ring: packets come out in the order in which they went in", "[link]") {
    auto ring = Ring::create(8);
    REQUIRE(ring);
    std::array<rte_mbuf, 5> packets;
    std::vector<rte_mbuf*> in;
    for (rte_mbuf& packet : packets)
        in.push_back(&packet);

    CHECK(ring->put(in) == 5);
    CHECK(ring->count() == 5);
    std::array<rte_mbuf*, 8> out{};
    CHECK(ring->take(std::span(out).first(2)) == 2);
    CHECK(ring->take(std::span(out).subspan(2)) == 3);
    CHECK(std::equal(in.begin(), in.end(), out.begin()));
    CHECK(ring->count() == 0);
}

TEST_CASE("ring: a full ring takes what fits", "[link]") {
    auto ring = Ring::create(8);
    REQUIRE(ring);
    std::array<rte_mbuf, 1> packet;
    const std::vector<rte_mbuf*> in(10, packet.data());
    CHECK(ring->capacity() == 7);
    CHECK(ring->put(in) == 7);
    CHECK(ring->put(in) == 0);
}

TEST_CASE("ring: a size that is no power of two is refused in a sentence", "[link]") {
    const auto ring = Ring::create(100);
    REQUIRE_FALSE(ring);
    CHECK(ring.error().message.find("100") != std::string::npos);
}

}  // namespace ring_test
