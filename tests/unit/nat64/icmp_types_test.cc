// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/icmp_types.h"

#include "catch.h"

#include <map>
#include <utility>

namespace icmp_types_test {

using namespace sluice::nat64;

namespace {

using Kind = std::pair<int, int>;

}  // namespace

TEST_CASE("icmp types: ICMPv6 becomes ICMP as RFC 7915 §5.2 says, and nothing else does",
          "[nat64][rfc7915]") {
    const std::map<Kind, Kind> known = {
        {{128, 0}, {8, 0}}, {{129, 0}, {0, 0}}, {{1, 0}, {3, 1}}, {{1, 1}, {3, 10}},
        {{1, 2}, {3, 1}},   {{1, 3}, {3, 1}},   {{1, 4}, {3, 3}}, {{4, 1}, {3, 2}},
    };
    for (int type = 0; type < 256; ++type)
        for (int code = 0; code < 8; ++code) {
            // Of these two the rest of the head says more, and code 0 is the only one of echoes.
            const bool is_other = type == 2 || (type == 4 && code == 0) || type == 3 ||
                                  ((type == 128 || type == 129) && code != 0);
            if (is_other)
                continue;
            CAPTURE(type, code);
            const auto icmp =
                to_icmp({static_cast<uint8_t>(type), static_cast<uint8_t>(code), 0}, false);
            const auto row = known.find({type, code});
            CHECK(icmp.has_value() == (row != known.end()));
            if (icmp && row != known.end())
                CHECK(Kind(icmp->type, icmp->code) == row->second);
        }
}

TEST_CASE("icmp types: ICMP becomes ICMPv6 as RFC 7915 §4.2 says, and nothing else does",
          "[nat64][rfc7915]") {
    const std::map<Kind, Kind> known = {
        {{8, 0}, {128, 0}}, {{0, 0}, {129, 0}}, {{3, 0}, {1, 0}},  {{3, 1}, {1, 0}},
        {{3, 2}, {4, 1}},   {{3, 3}, {1, 4}},   {{3, 5}, {1, 0}},  {{3, 6}, {1, 0}},
        {{3, 7}, {1, 0}},   {{3, 8}, {1, 0}},   {{3, 9}, {1, 1}},  {{3, 10}, {1, 1}},
        {{3, 11}, {1, 0}},  {{3, 12}, {1, 0}},  {{3, 13}, {1, 1}}, {{3, 15}, {1, 1}},
        {{12, 0}, {4, 0}},  {{12, 2}, {4, 0}},
    };
    for (int type = 0; type < 256; ++type)
        for (int code = 0; code < 17; ++code) {
            const bool is_other =
                (type == 3 && code == 4) || type == 11 || ((type == 8 || type == 0) && code != 0);
            if (is_other)
                continue;
            CAPTURE(type, code);
            const auto icmpv6 =
                to_icmpv6({static_cast<uint8_t>(type), static_cast<uint8_t>(code), 0}, 100);
            const auto row = known.find({type, code});
            CHECK(icmpv6.has_value() == (row != known.end()));
            if (icmpv6 && row != known.end())
                CHECK(Kind(icmpv6->type, icmpv6->code) == row->second);
        }
}

TEST_CASE("icmp types: time exceeded keeps its code, whichever that is", "[nat64][rfc7915]") {
    for (int code = 0; code < 256; ++code) {
        CAPTURE(code);
        const auto as_code = static_cast<uint8_t>(code);
        CHECK(to_icmp({3, as_code, 0}, false) == IcmpHead{11, as_code, 0});
        CHECK(to_icmpv6({11, as_code, 0}, 100) == IcmpHead{3, as_code, 0});
    }
}

TEST_CASE("icmp types: an MTU changes by what the headers differ", "[nat64][rfc7915]") {
    const auto to4 = [](uint32_t mtu, bool fragment) {
        return to_icmp({2, 0, mtu}, fragment)->rest;
    };
    CHECK(*to_icmp({2, 0, 1500}, false) == IcmpHead{3, 4, 1480});
    CHECK(to4(1500, true) == 1472);
    CHECK(to4(0, false) == 68);
    CHECK(to4(0xffffffff, false) == 0xffff - 20);
    const auto to6 = [](uint32_t mtu, uint16_t total) {
        return to_icmpv6({3, 4, mtu}, total)->rest;
    };
    CHECK(*to_icmpv6({3, 4, 1400}, 1500) == IcmpHead{2, 0, 1420});
    CHECK(to6(0xabcd0000 | 1300, 1500) == 1320);  // what stands before the MTU is unused
    CHECK(to6(576, 1500) == 1280);
    CHECK(to6(0, 1500) == 1512);  // the plateau below
    CHECK(to6(0, 1492) == 1280);
}

TEST_CASE("icmp types: pointers go to the same field", "[nat64][rfc7915]") {
    const std::map<int, int> to4 = {{0, 0}, {1, 1}, {4, 2}, {5, 2}, {6, 9}, {7, 8}};
    for (int pointer = 0; pointer < 50; ++pointer) {
        CAPTURE(pointer);
        const auto icmp = to_icmp({4, 0, static_cast<uint32_t>(pointer)}, false);
        const auto row = to4.find(pointer);
        const int wanted = pointer >= 8 && pointer < 24    ? 12
                           : pointer >= 24 && pointer < 40 ? 16
                           : row != to4.end()              ? row->second
                                                           : -1;
        REQUIRE(icmp.has_value() == (wanted >= 0));
        if (icmp)
            CHECK(*icmp == IcmpHead{12, 0, static_cast<uint32_t>(wanted) << 24});
    }
    const std::map<int, int> to6 = {{0, 0}, {1, 1}, {2, 4}, {3, 4}, {8, 7}, {9, 6}};
    for (int pointer = 0; pointer < 30; ++pointer) {
        CAPTURE(pointer);
        const auto icmpv6 = to_icmpv6({12, 0, static_cast<uint32_t>(pointer) << 24}, 100);
        const auto row = to6.find(pointer);
        const int wanted = pointer >= 12 && pointer < 16   ? 8
                           : pointer >= 16 && pointer < 20 ? 24
                           : row != to6.end()              ? row->second
                                                           : -1;
        REQUIRE(icmpv6.has_value() == (wanted >= 0));
        if (icmpv6)
            CHECK(*icmpv6 == IcmpHead{4, 0, static_cast<uint32_t>(wanted)});
    }
}

}  // namespace icmp_types_test
